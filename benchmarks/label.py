"""How well a folder is labelled by a few examples, and what a review adds.

::

    python benchmarks/label.py DATA [--pairs 12] [--few 3] [--reviewed 10]

DATA holds ``images/`` and ``labels/``. Pairs of images of the same shape, stretched to
the same contrast and put side by side, stand for two classes, as in ``similar.py``.
Each such picture is cut into an upper and a lower half: a folder of two images. A few
points on nuclei of either class in the upper half are the examples; the lower half is
measured, as it was labelled, and after its most uncertain objects were reviewed by one
who knows the truth, each with the class of the nucleus it lies on, or rejected.
Prints the segmentation accuracy at an IoU of 0.5 and the share of the matched objects,
none of them reviewed, that have the right class; means over pairs.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
import torch
from similar import pairs

import napari_sam as sam
from napari_sam.evaluation.instance_accuracy import instance_accuracy

CLASSES = ("left", "right")


def halves(picture, masks, kind):
    """Two images with their labels and classes: the upper half and the lower."""
    labels = np.zeros(picture.shape, np.uint16)
    for number, mask in enumerate(masks, 1):
        part = labels[mask.region.slices]
        part[mask.array] = number
    middle = len(picture) // 2
    return [(picture[:middle], labels[:middle]), (picture[middle:], labels[middle:])]


def examples(labels, kind, few, rng):
    """Points on a few whole objects of each class."""
    numbers, areas = np.unique(labels[labels > 0], return_counts=True)
    found = {}
    for k, name in enumerate(CLASSES):
        mine = [
            n
            for n, a in zip(numbers, areas, strict=True)
            if kind[n - 1] == k and a > 30
        ]
        drawn = rng.choice(mine, min(few, len(mine)), replace=False) if mine else []
        found[name] = [
            sam.Prompts.point(*sam.core.mask.Mask.from_array(labels == n).deepest)
            for n in drawn
        ]
    return found


def under(dataset, item, labels):
    """The object of the truth that most of an item lies on; 0 for none."""
    mask = dataset.mask(item)
    there = labels[mask.region.slices][mask.array]
    counts = np.bincount(there)
    best = int(counts.argmax())
    return best if best and counts[best] > 0.5 * mask.area else 0


def accuracy(dataset, labels, kind, reviewed):
    """AP50, and the share of unreviewed matched objects of the right class."""
    path = dataset.path / "labels" / "lower.tif"
    ap50 = instance_accuracy(tifffile.imread(path), labels).ap50
    right = []
    for item in dataset.items():
        if item.image.stem == "lower" and item.key not in reviewed:
            number = under(dataset, item, labels)
            if number:
                right.append(item.category == CLASSES[kind[number - 1]])
    return ap50, float(np.mean(right)) if right else np.nan


def one_pair(folder, cut, kind, given, model, rng):
    (folder / "images").mkdir()
    for name, (pixels, _) in zip(("upper", "lower"), cut, strict=True):
        tifffile.imwrite(folder / "images" / f"{name}.tif", pixels)
    said = examples(cut[0][1], kind, given.few, rng)
    if not all(said.values()) or len(np.unique(cut[1][1])) < given.reviewed + 10:
        return None
    dataset = sam.label(
        folder / "images", folder / "out", said, on="upper.tif", model=model
    )
    truth = cut[1][1]
    queue = [i.key for i in dataset.most_uncertain(given.reviewed, image="lower")]
    before = accuracy(dataset, truth, kind, set(queue))
    reviewed = set()
    while len(reviewed) < given.reviewed and dataset.most_uncertain(1, image="lower"):
        (item,) = dataset.most_uncertain(1, image="lower")
        reviewed.add(item.key)
        number = under(dataset, item, truth)
        if number:
            dataset.set_class(item, CLASSES[kind[number - 1]])
        else:
            dataset.reject(item)
    return [*before, *accuracy(dataset, truth, kind, reviewed)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--few", type=int, default=3)
    parser.add_argument("--reviewed", type=int, default=10)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model, rng = sam.load_backend("pocket", device="cpu"), np.random.default_rng(0)
    rows = []
    for picture, masks, kind in pairs(given.folder, given.pairs, rng):
        with TemporaryDirectory() as folder:
            cut = halves(picture, masks, kind)
            found = one_pair(Path(folder), cut, kind, given, model, rng)
        if found is not None:
            rows.append(found)
    print(f"{len(rows)} pairs, {given.few} examples of each class")
    print("| | AP50 | right class |")
    print("| --- | --- | --- |")
    for name, values in zip(
        ("as labelled", f"{given.reviewed} reviewed"), np.hsplit(np.array(rows), 2),
        strict=True,
    ):  # fmt: skip
        ap50, right = np.nanmean(values, 0)
        print(f"| {name} | {ap50:.2f} | {right:.2f} |")


if __name__ == "__main__":
    main()
