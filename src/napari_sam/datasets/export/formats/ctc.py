"""Writer of the Cell Tracking Challenge: a movie in ``01``, its masks in ``01_GT``."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.datasets.export.formats.format_writer import Plan, Unit, Written
from napari_sam.datasets.export.formats.painted import paint
from napari_sam.datasets.export.placed_images import save_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["CtcWriter"]

#: The largest number in masks of 16 bits.
_MOST = 2**16 - 1


class _Frame(NamedTuple):
    """Pixels and labels of one time: a plane, or a volume."""

    pixels: NDArray[np.generic]
    labels: NDArray[np.generic]
    axes: str


class CtcWriter:
    """Writes each movie or stack as a sequence, with tracks along its time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each movie or stack, and for the images of a folder."""
        found: dict[tuple[str, str], list[ExportImage]] = defaultdict(list)
        for one in images:
            found[one.subset, one.sequence].append(one)
        return [
            Unit(f"{i:02d}", tuple(members))
            for i, members in enumerate(found.values(), 1)
        ]

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write the sequence; one movie is written at once."""
        first = unit.images[0]
        images = folder / first.subset / unit.name
        truth = images.with_name(f"{unit.name}_GT")
        tracked = "t" in first.at
        for part in (images, truth / "SEG", *((truth / "TRA",) if tracked else ())):
            part.mkdir(parents=True, exist_ok=True)
        written = Written()
        numbers = self._numbers(unit, written)
        presence: dict[int, list[int]] = defaultdict(list)
        times = self._frames(unit, numbers, written)
        for time, frame in times:
            save_tiff(images / f"t{time:03d}.tif", frame.pixels, frame.axes)
            seg = truth / "SEG" / f"man_seg{time:03d}.tif"
            save_tiff(seg, frame.labels, frame.axes)
            for label in np.unique(frame.labels[frame.labels != 0]).tolist():
                presence[label].append(time)
        if tracked:
            self._write_tracks(truth, presence, unit, numbers)
        written.record["sequence"] = first.sequence
        return written

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Nothing is left to write: the card says which sequence is what."""

    def _numbers(self, unit: Unit, written: Written) -> dict[int, int]:
        """Return the label of each number: its own, where 16 bits hold all of them."""
        kinds = {
            number: kind
            for one in unit.images
            for number, kind, _ in one.objects(self._plan.settings.default_class)
        }
        if len(set(kinds.values())) > 1:
            written.losses["objects lose their classes"] += len(kinds)
        loss = f"objects of movies with numbers above {_MOST} are counted anew"
        if max(kinds, default=0) <= _MOST:
            return {number: number for number in kinds}
        if len(kinds) > _MOST:
            raise ImageError(f"{len(kinds)} objects in a movie: it holds {_MOST}.")
        written.losses[loss] += len(kinds)
        return {number: k for k, number in enumerate(sorted(kinds), start=1)}

    def _frames(
        self, unit: Unit, numbers: Mapping[int, int], written: Written
    ) -> Iterator[tuple[int, _Frame]]:
        """Yield times with their frames; planes of one time are a volume."""
        times: dict[int, list[ExportImage]] = defaultdict(list)
        for place, one in enumerate(unit.images):
            times[one.at.get("t", 0 if "z" in one.at else place)].append(one)
        for time, planes in sorted(times.items()):
            for one in planes:
                written.files[one.stem] = f"{unit.name}/t{time:03d}.tif", "as it is"
            labels = {
                one.at.get("z", 0): self._labels(one, numbers, written)
                for one in planes
            }
            if "z" not in planes[0].at:
                yield time, _Frame(planes[0].image.frames[0], labels[0], "yx")
            else:
                yield time, _volume(planes[0], labels)

    def _labels(
        self, one: ExportImage, numbers: Mapping[int, int], written: Written
    ) -> NDArray[np.generic]:
        objects = [(numbers[n], m) for n, _, m in one.objects("")]
        labels = paint(one.image.truth.shape, objects, written.losses)
        return labels.astype(np.uint16)

    def _write_tracks(
        self,
        truth: Path,
        presence: Mapping[int, Sequence[int]],
        unit: Unit,
        numbers: Mapping[int, int],
    ) -> None:
        """Write the tracks: a label is one object through time, in parts over gaps."""
        free = max(presence, default=0) + 1
        renumbered: dict[int, dict[int, int]] = defaultdict(dict)
        rows = []
        for label, times in sorted(presence.items()):
            parent, number = 0, label
            runs = np.split(np.array(times), np.flatnonzero(np.diff(times) > 1) + 1)
            for run in runs:
                rows.append((number, int(run[0]), int(run[-1]), parent))
                for time in run.tolist():
                    renumbered[time][label] = number
                parent, number, free = number, free, free + 1
            free -= 1
        if max((row[0] for row in rows), default=0) > _MOST:
            raise ImageError(
                f"More than {_MOST} tracks: masks of 16 bits hold no more."
            )
        for time, frame in self._frames(unit, numbers, Written()):
            table = np.arange(_MOST + 1, dtype=np.uint16)
            for label, number in renumbered[time].items():
                table[label] = number
            tracks = truth / "TRA" / f"man_track{time:03d}.tif"
            save_tiff(tracks, table[frame.labels], frame.axes)
        text = "".join(f"{a} {b} {c} {d}\n" for a, b, c, d in sorted(rows))
        (truth / "TRA" / "man_track.txt").write_text(text, encoding="ascii")


def _volume(one: ExportImage, labels: Mapping[int, NDArray[np.generic]]) -> _Frame:
    """Return a volume; planes that the data set leaves out have no objects."""
    source = one.image.source
    if source is None:
        raise ImageError(f"{one.image!r}: its stack is not known.")
    whole = source.whole()
    depth = whole.sizes.get("z", len(whole) // max(1, whole.sizes.get("t", 1)))
    first = (source.plane or 0) - one.at["z"]
    pixels = np.stack([whole[first + z] for z in range(depth)])
    empty = np.zeros_like(next(iter(labels.values())))
    return _Frame(pixels, np.stack([labels.get(z, empty) for z in range(depth)]), "zyx")
