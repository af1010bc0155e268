"""Classical interactive segmentation, as backends to compare models with.

Each tool takes the same clicks and boxes as a model, through the same interface, so
that both are evaluated by the same code.

- `flood`: the magic wand. All that is connected with a click and differs from it by
  less than a tolerance.
- `walker`: the random walker (Grady 2006, IEEE Transactions on Pattern Analysis and
  Machine Intelligence 28:1768). A pixel belongs to the markers that a walker,
  who avoids strong edges, probably meets first.
- `watershed`: markers flooded over the slope of the image (Vincent and Soille 1991,
  IEEE Transactions on Pattern Analysis and Machine Intelligence 13:583).

The last two need markers of the background too: negative clicks, what is outside a box,
or, without a box, the rim of a window around the clicks.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.backend_spec import BackendSpec, spec_from_attributes
from napari_sam.core.errors import UnknownModelError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import refinement_steps
from napari_sam.evaluation.classical_markers import (
    GROUND,
    OBJECT,
    PromptPixels,
    is_in,
    markers_of,
    prompt_pixels,
    window_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.prompts import Prompts

    Tool = Callable[[NDArray[np.float32], PromptPixels], NDArray[np.bool_]]

__all__ = ["CLASSICAL", "ClassicalBackend", "open_classical"]

#: Standard deviation of the smoothing before anything else, in pixels.
SMOOTH = 0.7
#: Flood fill: of 255, the largest difference in any channel; twice that in a box,
#: where it cannot run away.
TOLERANCE = 32.0
#: Random walker: how strongly it avoids edges.
BETA = 1000.0


@dataclass(frozen=True)
class ClassicalBackend:
    """A classical tool as a `Backend`; its score is always 1.

    Attributes
    ----------
    name
        For messages and fingerprints.
    tool
        Returns a mask from a smoothed plane and prompts in pixels.
    """

    name: str
    tool: Tool
    working_size: int = 1024

    @property
    def fingerprint(self) -> str:
        """Identity of the tool and of its smoothing."""
        return f"{self.name}-1"

    @property
    def spec(self) -> BackendSpec:
        """Specification of the tool."""
        return spec_from_attributes(self)

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[EmbeddingArrays]:
        """Smooth each plane; float32 ``(y, x, 3)``, 0 to 255."""
        sigma = (SMOOTH, SMOOTH, 0)
        return [
            {"smooth": ndimage.gaussian_filter(p.astype(np.float32), sigma)}
            for p in planes
        ]

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Predict one mask of each prompt."""
        smooth = embedding["smooth"].astype(np.float32, copy=False)
        return [self._decode_one(smooth, p) for p in prompts]

    def _decode_one(self, smooth: NDArray[np.float32], prompts: Prompts) -> Prediction:
        last = refinement_steps(prompts)[-1]
        rows, cols = smooth.shape[:2]
        mask = self.tool(smooth, prompt_pixels(last.prompts, (rows, cols)))
        logits = np.where(mask, np.float32(1), np.float32(-1))
        prediction = Prediction(logits, 1.0, Region(0, 0, rows, cols))
        return prediction.chosen(last.candidate)


def flood(smooth: NDArray[np.float32], prompted: PromptPixels) -> NDArray[np.bool_]:
    """Return the mask that is flooded from each click, within the box.

    Where that runs into a negative click, the tolerance is halved until it does not:
    so does a person with a slider.
    """
    plane = _plane_region(smooth)
    mask = np.zeros(plane.shape, bool)
    where = plane if prompted.box is None else prompted.box
    tolerance = TOLERANCE if prompted.box is None else 2 * TOLERANCE
    window = smooth[where.slices]
    outside = [(r - where.top, c - where.left) for r, c in prompted.outside]
    outside = [at for at in outside if is_in(at, where.shape)]
    for row, col in prompted.inside:
        at = row - where.top, col - where.left
        if is_in(at, where.shape):
            mask[where.slices] |= _wand(window, at, outside, tolerance)
    return mask


def _wand(
    smooth: NDArray[np.float32],
    at: tuple[int, int],
    outside: list[tuple[int, int]],
    tolerance: float,
) -> NDArray[np.bool_]:
    from skimage.segmentation import flood as reached_from

    difference = np.abs(smooth - smooth[at]).max(-1)
    while True:
        near = (difference <= tolerance).view(np.uint8)
        found: NDArray[np.bool_] = reached_from(near, at, connectivity=1)
        if tolerance < 1 or not any(found[other] for other in outside):
            return found
        tolerance /= 2


def walker(smooth: NDArray[np.float32], prompted: PromptPixels) -> NDArray[np.bool_]:
    """Return the mask of the random walker, from markers of object and background."""
    from skimage.segmentation import random_walker

    plane = _plane_region(smooth)
    window = window_of(prompted, plane.shape)
    marks = markers_of(prompted, window, plane.shape)
    pixels = smooth[window.slices] / 255
    if not (marks == GROUND).any() or np.ptp(pixels) == 0:
        return _on_plane(marks == OBJECT, window, plane)
    # Rounding may leave probabilities a little outside [0, 1]; only their order counts.
    found = random_walker(
        pixels, marks, beta=BETA, mode="cg_j", channel_axis=-1, prob_tol=1.0
    )
    return _on_plane(found == OBJECT, window, plane)


def watershed(smooth: NDArray[np.float32], prompted: PromptPixels) -> NDArray[np.bool_]:
    """Return the mask of the watershed of the gradient, from markers."""
    from skimage.segmentation import watershed as flow

    plane = _plane_region(smooth)
    window = window_of(prompted, plane.shape)
    marks = markers_of(prompted, window, plane.shape)
    pixels = smooth[window.slices]
    slope = np.max(
        [np.hypot(ndimage.sobel(p, 0), ndimage.sobel(p, 1)) for p in pixels.T], axis=0
    ).T
    return _on_plane(flow(slope, marks) == OBJECT, window, plane)


def _plane_region(smooth: NDArray[np.float32]) -> Region:
    return Region(0, 0, smooth.shape[0], smooth.shape[1])


def _on_plane(
    pixels: NDArray[np.bool_], window: Region, plane: Region
) -> NDArray[np.bool_]:
    """Return the mask of a window as a mask of its plane."""
    return Mask.from_array(pixels, top=window.top, left=window.left).in_window(plane)


#: The tools by name.
CLASSICAL: Mapping[str, Tool] = MappingProxyType(
    {"flood": flood, "walker": walker, "watershed": watershed}
)


def open_classical(name: str) -> ClassicalBackend:
    """Return the backend of a classical tool by its name.

    Raises
    ------
    UnknownModelError
        If there is none of that name.
    """
    if name not in CLASSICAL:
        raise UnknownModelError(
            f"There is no classical tool {name!r}: expected one of "
            f"{', '.join(CLASSICAL)}."
        )
    return ClassicalBackend(name, CLASSICAL[name])
