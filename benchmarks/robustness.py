"""How much of its accuracy a model keeps on images that are disturbed.

::

    python benchmarks/pocket_data.py DATA LAYOUT
    python benchmarks/robustness.py LAYOUT/validation/* [--model pocket] [--objects 6]
        [--images 8]

Each image is disturbed in each of the ways below, its labels with it, and the same
objects are segmented from one click and from a box. Printed, as a table in Markdown:
mean IoU on the clean images, and the share of it that is left. Clicks off the centre
are on the clean images.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from napari_sam import Appearance, PromptableImage, Prompts, load_backend
from napari_sam.core.mask import Mask
from napari_sam.core.protocols import Backend
from napari_sam.datasets.labelled_images import LabelledImage, read_labelled_images
from napari_sam.evaluation.mask_accuracy import sampled_objects
from napari_sam.evaluation.simulated_clicks import (
    box_around,
    click_inside,
    try_prompts,
)

Pixels = NDArray[np.floating]  # (rows, cols, 3), from 0 to 1
Labels = NDArray[np.integer]  # (rows, cols)
Pair = tuple[NDArray[np.generic], Labels]
Disturbance = Callable[[Pixels, Labels], Pair]


def as_bytes(pixels: Pixels) -> NDArray[np.uint8]:
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)


def of_pixels(change: Callable[[Pixels], Pixels]) -> Disturbance:
    return lambda pixels, labels: (as_bytes(change(pixels)), labels)


def noisy(sigma: float) -> Disturbance:
    def add(pixels: Pixels) -> Pixels:
        noise = np.random.default_rng(0).standard_normal(pixels.shape[:2])
        return pixels + sigma * noise[..., None]

    return of_pixels(add)


def blurred(sigma: float) -> Disturbance:
    return of_pixels(lambda p: ndimage.gaussian_filter(p, (sigma, sigma, 0)))


def scaled(factor: float) -> Disturbance:
    def change(pixels: Pixels, labels: Labels) -> Pair:
        shape = tuple(max(round(n * factor), 1) for n in labels.shape)
        image = resize(pixels, (*shape, 3), order=1, anti_aliasing=factor < 1)
        plain = {"order": 0, "preserve_range": True, "anti_aliasing": False}
        return as_bytes(image), resize(labels, shape, **plain).astype(labels.dtype)

    return change


def rotated(degrees: float) -> Disturbance:
    def change(pixels: Pixels, labels: Labels) -> Pair:
        image = ndimage.rotate(pixels, degrees, order=1, reshape=False, mode="reflect")
        return as_bytes(image), ndimage.rotate(labels, degrees, order=0, reshape=False)

    return change


def dim(pixels: Pixels, labels: Labels) -> Pair:
    """Use two hundred grey levels of the 65,536 of an image of 16 bits."""
    return (300 + 200 * np.clip(pixels, 0, 1)).astype(np.uint16), labels


#: What is done to images, by name.
DISTURBANCES: dict[str, Disturbance] = {
    "clean": of_pixels(lambda p: p),
    "uint16, dim": dim,
    "inverted": of_pixels(lambda p: 1 - p),
    "noise 10 %": noisy(0.1),
    "noise 25 %": noisy(0.25),
    "blur 2 px": blurred(2),
    "x 0.5": scaled(0.5),
    "x 2": scaled(2),
    "x 4": scaled(4),
    "rotated 30°": rotated(30),
    "colours": of_pixels(lambda p: p[..., ::-1]),
    "gamma 0.5": of_pixels(np.sqrt),
    "gamma 2": of_pixels(np.square),
}
#: Clicks where an object is so deep, as a share of its middle.
DEPTHS = {"click off centre": 0.5, "click at the rim": 0.01}


def click_at(truth: Mask, depth: float) -> Prompts:
    distance = ndimage.distance_transform_edt(np.pad(truth.array, 1))[1:-1, 1:-1]
    off = np.where(truth.array, np.abs(distance - depth * distance.max()), np.inf)
    row, col = np.unravel_index(int(off.argmin()), off.shape)
    return Prompts().point(int(row) + truth.region.top, int(col) + truth.region.left)


def window_around(truth: Mask, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return a window of three times the object's size."""
    r, (rows, cols) = truth.region, shape
    high, wide = r.bottom - r.top, r.right - r.left
    return np.s_[
        max(r.top - high, 0) : min(r.bottom + high, rows),
        max(r.left - wide, 0) : min(r.right + wide, cols),
    ]


class Scores:
    """IoUs by disturbance and prompt."""

    def __init__(self) -> None:
        self.of: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, name: str, image: PromptableImage, truth: Mask) -> None:
        self.try_click(name, image, truth, click_inside(truth))
        found = try_prompts(image.segment, box_around(truth), truth)
        self.of[name, "box"].append(found.iou)

    def try_click(
        self, name: str, image: PromptableImage, truth: Mask, click: Prompts
    ) -> None:
        self.of[name, "click"].append(try_prompts(image.segment, click, truth).iou)

    def row(self, name: str, kind: str) -> str:
        cells = []
        for prompt in ("click", "box"):
            values = self.of.get((name, prompt))
            if values is None:
                cells.append("")
            elif name == "clean":
                cells.append(f"{np.mean(values):.3f}")
            else:
                share = np.mean(values) / np.mean(self.of["clean", prompt])
                cells.append(f"{share:.2f}")
        return f"| {kind} | {name} | {cells[0]} | {cells[1]} |"


def masks_of(labels: Labels, ids: list[int]) -> Iterator[Mask]:
    for object_id in ids:
        if (mask := Mask.from_array(labels == object_id)).area >= 12:
            yield mask


def disturb(
    model: Backend, labelled: LabelledImage, objects: int, scores: Scores
) -> None:
    """Measure an image in all its disturbances."""
    frames = labelled.frames
    pixels = Appearance.fit(frames).render(frames[0]) / 255.0
    labels = np.zeros(frames.plane_shape, np.int32)
    ids = sampled_objects(
        labelled.truth, f"{labelled.kind}/{labelled.name}", objects, 0
    )
    for object_id in ids:
        mask = labelled.truth.mask(object_id)
        labels[mask.region.slices][mask.array] = object_id
    for name, change in DISTURBANCES.items():
        disturbed, truth = change(pixels, labels)
        image = PromptableImage(disturbed, model, axes="yxc")
        for mask in masks_of(truth, ids):
            scores.add(name, image, mask)
    image = PromptableImage(as_bytes(pixels), model, axes="yxc")
    for mask in masks_of(labels, ids):
        for name, depth in DEPTHS.items():
            scores.try_click(name, image, mask, click_at(mask, depth))
        window = window_around(mask, labels.shape)
        cut = PromptableImage(as_bytes(pixels[window]), model, axes="yxc")
        full = np.zeros(labels.shape, bool)
        full[mask.region.slices] = mask.array
        scores.add("cropped", cut, Mask.from_array(full[window]))


def spread(images: Sequence[LabelledImage], most: int) -> Sequence[LabelledImage]:
    return images[:: -(-len(images) // most)]


def table(
    folders: list[Path], model: Backend, objects: int, images: int
) -> Iterator[str]:
    yield "| images | disturbed by | click | box |"
    yield "| --- | --- | --- | --- |"
    for folder in folders:
        scores = Scores()
        for labelled in spread(read_labelled_images(folder), images):
            disturb(model, labelled, objects, scores)
        for name in (*DISTURBANCES, *DEPTHS, "cropped"):
            yield scores.row(name, folder.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--objects", type=int, default=6)
    parser.add_argument("--images", type=int, default=8)
    told = parser.parse_args()
    model = load_backend(told.model)
    for line in table(told.folders, model, told.objects, told.images):
        print(line, flush=True)
