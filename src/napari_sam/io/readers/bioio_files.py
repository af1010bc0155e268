"""Reader of files of microscopes by bioio and the packages of its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, MissingPackageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT = ReadOptions()


def read(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Open a scene of a file lazily; the first one unless a series is chosen.

    Raises
    ------
    MissingPackageError
        If no installed reader of bioio opens such files.
    ImageError
        If there is no such scene.
    """
    bioio = import_optional("bioio", f"{path.name} is of a microscope; reading it")
    try:
        found = bioio.BioImage(path)
    except Exception as wrong:
        reason = " ".join(str(wrong).split())[:200]
        raise MissingPackageError(f"{path}: bioio cannot open it: {reason}") from wrong
    scene = _scene(path, len(found.scenes), options.series)
    found.set_scene(scene)
    order = str(found.dims.order)
    data, kept = found.dask_data, "".join(a for a in order if a in "TCZYXS")
    single = tuple(0 if a not in kept else slice(None) for a in order)
    data = data[single]
    if "S" in kept and "C" in kept:
        data, kept = data.take(0, kept.index("C")), kept.replace("C", "")
    sizes = found.physical_pixel_sizes
    scale = {a: float(s) for a in "zyx" if (s := getattr(sizes, a.upper(), None))}
    return Image(
        data=data,
        axes=kept.lower().replace("s", "c"),
        scale=scale,
        units=dict.fromkeys(scale, "micrometer"),
        channel_names=tuple(str(c) for c in found.channel_names or ())
        if "S" not in kept
        else (),
        metadata={"kind": "bioio", "series": (scene, len(found.scenes))},
    )


def _scene(path: Path, count: int, series: int | None) -> int:
    import logging

    if series is not None and not 0 <= series < count:
        raise ImageError(f"{path} holds {count} images; there is no series {series}.")
    if series is None and count > 1:
        logging.getLogger(__name__).warning(
            "%s holds %d images; series 0 is read. Another one: --series N, in Python "
            "series=N.",
            path,
            count,
        )
    return series or 0
