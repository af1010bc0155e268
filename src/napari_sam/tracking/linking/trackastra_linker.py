"""Linking by Trackastra, a transformer; a package of its own, with torchvision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.linking import Detection, Link
from napari_sam.core.progress import Progress
from napari_sam.io.optional_packages import import_optional
from napari_sam.tracking.linking.frame_objects import read_time

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames


class TrackastraLinker:
    """Links by the pretrained model of Gallusser and Weigert, "Trackastra" (2024).

    It looks at the image, and holds all frames in memory. The model is downloaded by
    Trackastra itself when it is first used.

    Parameters
    ----------
    model
        Name of a pretrained model of Trackastra.
    divisions
        Whether objects may divide.
    """

    def __init__(self, model: str = "general_2d", *, divisions: bool = True) -> None:
        self._package = import_optional("trackastra.model", "method='trackastra'")
        self._model, self._divisions = model, divisions

    def link(
        self, labels: Frames, axis: str, *, image: Frames | None = None
    ) -> Generator[Progress, None, list[Link]]:
        """Link objects; see `Linker`.

        Raises
        ------
        ImageError
            If no image is given.
        """
        if image is None:
            raise ImageError(
                "method='trackastra' looks at the image: give image=, on the command "
                "line --image, or link by method='overlap'."
            )
        count = labels.sizes[axis]
        yield Progress(0, count, "linking")
        masks = np.stack([read_time(labels, axis, t) for t in range(count)])
        pixels = np.stack([_grey(image, axis, t) for t in range(count)])
        flat = masks.shape[1] == 1
        model = self._package.Trackastra.from_pretrained(self._model)
        graph, _ = model.track(
            pixels[:, 0] if flat else pixels,
            masks[:, 0] if flat else masks,
            mode="greedy" if self._divisions else "greedy_nodiv",
        )
        yield Progress(count, count, "linking")
        return [
            Link(_detection(graph, a), _detection(graph, b)) for a, b in graph.edges
        ]


class _Graph(Protocol):
    """What Trackastra returns: a directed graph of networkx."""

    nodes: Mapping[object, Mapping[str, int]]
    edges: Iterable[tuple[object, object]]


def _detection(graph: _Graph, node: object) -> Detection:
    found = graph.nodes[node]
    return Detection(int(found["time"]), int(found["label"]))


def _grey(image: Frames, axis: str, time: int) -> NDArray[np.float32]:
    """Return the pixels of one time, channels averaged."""
    planes = [f for f in range(len(image)) if image.unravel(f)[axis] == time]
    read = [np.asarray(image[f], np.float32) for f in planes]
    return np.stack([p if p.ndim == 2 else p.mean(axis=-1) for p in read])
