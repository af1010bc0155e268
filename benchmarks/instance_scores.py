"""Fit the score of instances: the IoU that they reach, from what the maps say.

::

    python benchmarks/instance_scores.py layout/train/*  [--checkpoint FILE]

Prints the weights of `napari_sam.automatic.instance_segmentation`: of a constant, and
of the numbers that `score_features` returns. The folders are those that
`benchmarks/pocket_data.py` lays out; every folder counts the same.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from napari_sam import PromptableImage, Region
from napari_sam.automatic.instance_segmentation import find_instances, score_features
from napari_sam.automatic.settings import InstanceSettings
from napari_sam.backends.pocket import open_pocket
from napari_sam.datasets.labelled_images import read_labelled_images


def examples(folder, backend):
    """Features and true IoUs of the instances of all images of a folder."""
    rows, ious = [], []
    for labelled in read_labelled_images(folder):
        image = PromptableImage(labelled.frames, backend)
        if len(image.tiles) > 1:
            continue
        (tile,) = image.tiles
        plane = Region(0, 0, *image.frames.plane_shape)
        maps = backend.instance_maps(image.embedding(0, tile)).sampled(plane)
        true = labelled.truth.labels
        for one in find_instances(maps, InstanceSettings()):
            where = one.mask.region.slices
            rows.append(score_features(maps[:, *where], one.mask.array))
            ious.append(best_iou(one.mask, true))
    return np.array(rows), np.array(ious)


def best_iou(mask, true):
    under = true[mask.region.slices][mask.array]
    numbers, counts = np.unique(under[under > 0], return_counts=True)
    if not len(numbers):
        return 0.0
    either = [
        (true == n).sum() + mask.area - c for n, c in zip(numbers, counts, strict=True)
    ]
    return float((counts / either).max())


def fit(parts):
    """Weights of the logistic function of least cross entropy, part by part."""

    def loss(weights):
        total = 0.0
        for rows, ious in parts:
            logit = weights[0] + rows @ weights[1:]
            total += float((np.logaddexp(0, logit) - ious * logit).mean())
        return total / len(parts) + 1e-4 * float((weights**2).sum())

    return minimize(loss, np.zeros(parts[0][0].shape[1] + 1)).x


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    given = parser.parse_args()
    model = open_pocket(given.checkpoint, device="cpu")
    parts = [examples(folder, model) for folder in given.folders]
    weights = fit(parts)
    print("weights", np.round(weights, 2).tolist())
    for folder, (rows, ious) in zip(given.folders, parts, strict=True):
        scores = 1 / (1 + np.exp(-(weights[0] + rows @ weights[1:])))
        with_iou = np.corrcoef(scores, ious)[0, 1]
        print(
            f"{folder.name}: {len(ious)} instances, mean IoU {ious.mean():.2f}, "
            f"mean score {scores.mean():.2f}, correlation {with_iou:.2f}"
        )
