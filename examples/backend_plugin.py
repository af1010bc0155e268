"""A model of your own as a plug-in: one class, one function, one suite of tests.

A package of yours names the function in its pyproject.toml, and ``--model blob``,
``model="blob"`` and the dock's list have it, with the same rights as ours::

    [project.entry-points."napari_sam.backends"]
    blob = "my_package.backend_plugin:open_blob"

``pytest backend_plugin.py`` runs the tests.
"""

from dataclasses import dataclass

import numpy as np
from skimage import data
from skimage.segmentation import flood

import napari_sam as sam
from napari_sam.core.errors import PromptError
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import to_model_prompts
from napari_sam.testing import BackendTests


@dataclass(frozen=True)
class BlobBackend:
    """A magic wand: all that is connected with a click and about as bright."""

    tolerance: float = 48.0
    working_size: int = 1024  # tiles are cut to this

    @property
    def fingerprint(self):
        return "blob-1"  # changes whenever `encode` does: stores go by it

    def encode(self, planes):
        return [{"grey": plane.mean(-1).astype(np.float32)} for plane in planes]

    def decode(self, embedding, prompts):
        return [self._mask(embedding["grey"], one) for one in prompts]

    def _mask(self, grey, prompts):
        given = to_model_prompts(prompts, grey.shape)  # points (x, y) and a box
        points = {1: [], 0: [], 2: [], 3: []}
        for (x, y), label in zip(given.point_coords, given.point_labels, strict=True):
            points[int(label)].append((int(y), int(x)))
        if not (points[1] or points[2]):
            raise PromptError("No positive prompt lies in the frame; add one.")
        allowed = np.ones(grey.shape, bool)
        if points[2]:
            (top, left), (bottom, right) = points[2][0], points[3][0]
            allowed[:] = False
            allowed[top:bottom, left:right] = True
            points[1].append(((top + bottom) // 2, (left + right) // 2))
        mask = np.zeros(grey.shape, bool)
        for sign in (1, 0):  # what does not belong comes last
            for at in points[sign]:
                mask[flood(grey, at, tolerance=self.tolerance)] = bool(sign)
        logits = np.where(mask & allowed, 1, -1).astype(np.float32)
        return Prediction(logits, 0.9, sam.Region(0, 0, *grey.shape))


def open_blob(name, *, checkpoint=None, device="auto", precision="auto"):
    """Open the model; what an entry point names."""
    return BlobBackend()


class TestBlob(BackendTests):
    """The tests that every backend passes."""

    def make_backend(self):
        return BlobBackend()


if __name__ == "__main__":
    image = sam.PromptableImage(data.coins(), open_blob("blob"))
    print("a click:", image.segment(sam.Prompts.point(45, 336)))
    click = sam.Prompts.point(45, 336).point(45, 300, positive=False)
    print("corrected:", image.segment(click))
