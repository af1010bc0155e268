"""Splits by experiment: what belongs together is never on both sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.datasets.export.settings import SUBSETS
from napari_sam.datasets.image_sources import ImageFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["split"]


def split(
    images: Sequence[ExportImage], shares: tuple[float, ...], seed: int
) -> list[ExportImage]:
    """Share out experiments to subsets, by their numbers of images.

    The largest experiments go first, each to the subset that lacks most; of equal ones
    the seed decides. Experiments with a file in common count as one.

    Parameters
    ----------
    images
        All images.
    shares
        Of ``train`` and ``val``, and perhaps of ``test``; they add up to 1.
    seed
        The same seed gives the same split.

    Raises
    ------
    ImageError
        If there are fewer experiments than subsets.
    """
    joined = _joined(images)
    sizes = Counter(joined[one.experiment] for one in images)
    wanted = {s: n for s, n in zip(SUBSETS, shares, strict=False) if n > 0}
    if len(sizes) < len(wanted):
        same = f" ({len(joined)}, of which some have the same image file)"
        same = same if len(joined) > len(sizes) else ""
        raise ImageError(
            f"{len(sizes)} experiments{same} cannot be shared out to {len(wanted)} "
            f"subsets: {', '.join(sorted(sizes)[:3])}. "
            "Give experiments that are smaller, by experiment=PATTERN (--experiment), "
            "or fewer subsets."
        )
    subset = _shared_out(sizes, wanted, seed)
    return [replace(one, subset=subset[joined[one.experiment]]) for one in images]


def _shared_out(
    sizes: Mapping[str, int], wanted: Mapping[str, float], seed: int
) -> dict[str, str]:
    names = sorted(sizes)
    order = np.random.default_rng(seed).permutation(len(names))
    names = sorted((names[i] for i in order), key=lambda name: -sizes[name])
    total = sum(sizes.values())
    lacking = {subset: share * total for subset, share in wanted.items()}
    empty = dict.fromkeys(wanted)
    found = {}
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        among = empty if left == len(empty) else lacking
        subset = max(among, key=lambda s: lacking[s])
        found[name] = subset
        lacking[subset] -= sizes[name]
        empty.pop(subset, None)
    return found


def _joined(images: Sequence[ExportImage]) -> dict[str, str]:
    """Return the first of the experiments that have a file in common, for each."""
    first = {one.experiment: one.experiment for one in images}
    owners: dict[str, str] = {}
    for one in images:
        name = _file_digest(one)
        other = owners.setdefault(name, one.experiment) if name else one.experiment
        a, b = sorted((first[other], first[one.experiment]))
        if a != b:
            first = {k: a if v == b else v for k, v in first.items()}
    return first


def _file_digest(one: ExportImage) -> str:
    """Return the digest of an image file; nothing of folders and of what has none."""
    source = one.image.source
    if not isinstance(source, ImageFile) or not source.path.is_file():
        return ""
    if source.plane is not None:
        return f"stack {source.path}"
    return blake2b(source.path.read_bytes(), digest_size=16).hexdigest()
