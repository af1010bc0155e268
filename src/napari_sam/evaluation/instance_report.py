"""How well all objects of images are found: methods side by side, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import (
    AutomaticSettings,
    EverythingSettings,
    filter_masks,
    iter_everything,
    number_masks,
)
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.progress import Progress, drain
from napari_sam.evaluation.classical_instances import (
    CLASSICAL_INSTANCES,
    segment_classically,
)
from napari_sam.evaluation.instance_accuracy import instance_accuracy
from napari_sam.evaluation.tables import Table
from napari_sam.image import PromptableImage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.evaluation.instance_accuracy import InstanceAccuracy

    #: Labels of the only plane of an image.
    Segment = Callable[[Frames], NDArray[np.integer]]

#: The figures of an image, in the order of the tables.
FIGURES = ("AP50", "mean SA", "F1", "count")


@dataclass(frozen=True, slots=True, eq=False)
class InstanceResult:
    """How well one method found the objects of one image.

    Attributes
    ----------
    method, kind, name
        Which method, and which image of which folder.
    accuracy
        Its accuracy.
    seconds
        CPU time, without reading the file.
    """

    method: str
    kind: str
    name: str
    accuracy: InstanceAccuracy
    seconds: float

    @property
    def figures(self) -> tuple[float, ...]:
        """The numbers that `FIGURES` names."""
        one = self.accuracy
        return one.ap50, one.mean_sa, one.f1, one.count_error


def everything_by(
    backend: Backend, settings: AutomaticSettings | None = None
) -> Segment:
    """Return the method that finds all objects by a model."""
    settings = settings or AutomaticSettings()

    def segment(frames: Frames) -> NDArray[np.integer]:
        image = PromptableImage(frames, backend)
        work = iter_everything(
            image, settings=settings.find, instances=settings.instances
        )
        stay = filter_masks(drain(work), settings.filters)
        labels = np.zeros(frames.plane_shape, np.uint32)
        for at, one in number_masks(stay).items():
            labels[one.mask.region.slices][one.mask.array] = at.object_id
        return labels

    return segment


def grid_by(backend: Backend, points: int) -> Segment:
    """Return the method that prompts a model by a grid of so many points a side."""
    find = EverythingSettings(method="grid", points=points)
    return everything_by(backend, AutomaticSettings(find=find))


def classical(name: str) -> Segment:
    """Return a classical method by its name: ``otsu`` or ``log``."""

    def segment(frames: Frames) -> NDArray[np.integer]:
        shown = Appearance.fit(frames).render(frames[0])
        return segment_classically(name, shown)

    return segment


def is_classical(name: str) -> bool:
    """Whether a classical method has this name."""
    return name in CLASSICAL_INSTANCES


def iter_evaluate_instances(
    methods: Mapping[str, Segment], images: Sequence[LabelledImage]
) -> Generator[Progress, None, list[InstanceResult]]:
    """Find all objects of images of one plane by each method; a step is an image.

    Closing it stops between two images.
    """
    results: list[InstanceResult] = []
    for done, one in enumerate(images, 1):
        frames, true = one.frames, one.labels
        for name, segment in methods.items():
            start = process_time()
            found = segment(frames)
            seconds = process_time() - start
            accuracy = instance_accuracy(found, true)
            results.append(InstanceResult(name, one.kind, one.name, accuracy, seconds))
        yield Progress(done, len(images), "measuring images")
    return results


def instance_table(results: Sequence[InstanceResult]) -> Table:
    """Return means over images, with half of their 95 % interval, by kind and method.

    Counts are found objects less the true ones, as a share of these.
    """
    groups: dict[tuple[str, str], list[InstanceResult]] = {}
    for one in results:
        groups.setdefault((one.kind, one.method), []).append(one)
    ordered = sorted(groups.items(), key=lambda pair: pair[0][0])
    rows = tuple(_row(kind, method, some) for (kind, method), some in ordered)
    header = ("images", "method", "n", "objects", *FIGURES, "CPU s")
    return Table("All objects", header, rows)


def _row(kind: str, method: str, results: Sequence[InstanceResult]) -> tuple[str, ...]:
    values = np.array([one.figures for one in results])
    mean = values.mean(0)
    half = 1.96 * values.std(0) / np.sqrt(len(values))
    shares = [f"{m:.2f} ± {h:.2f}" for m, h in zip(mean[:3], half[:3], strict=True)]
    objects = sum(one.accuracy.true for one in results)
    seconds = np.mean([one.seconds for one in results])
    count = f"{mean[3]:+.0%} ± {half[3]:.0%}"
    size = str(len(results)), str(objects)
    return (kind, method, *size, *shares, count, f"{seconds:.2f}")


def instance_rows(results: Sequence[InstanceResult]) -> list[JsonDict]:
    """Return a row for each image and method, for a table in a file."""
    return [
        {
            "method": one.method,
            "kind": one.kind,
            "image": one.name,
            "objects": one.accuracy.true,
            "found": one.accuracy.found,
            **{n: round(v, 4) for n, v in zip(FIGURES, one.figures, strict=True)},
            "cpu_seconds": round(one.seconds, 3),
        }
        for one in results
    ]
