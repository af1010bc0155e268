"""Fit the score of instances: the IoU that they reach, from what the maps say.

::

    python benchmarks/instance_scores.py [--checkpoint FILE] \\
        layout/train/{fluorescence,stained,phase,brightfield,em}

Prints the weights of `napari_sam.automatic.mask_scores`: of a constant, and of the
numbers that `score_features` returns, fitted to all candidates that instances are
chosen from. The folders are those that `benchmarks/pocket_data.py` lays out; every
folder counts the same.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from napari_sam import PromptableImage, Region
from napari_sam.automatic.instance_segmentation import candidates
from napari_sam.automatic.mask_scores import score_features
from napari_sam.automatic.scaled_maps import ScaledMaps
from napari_sam.automatic.settings import InstanceSettings
from napari_sam.backends.pocket import open_pocket
from napari_sam.datasets.labelled_images import read_labelled_images


def examples(folder, backend):
    """Features and true IoUs of the candidates of all images of a folder."""
    rows, ious = [], []
    for labelled in read_labelled_images(folder):
        image = PromptableImage(labelled.frames, backend)
        maps = maps_of(image, backend)
        true = labelled.labels
        areas = np.bincount(true.ravel())
        for window, inside in candidates(maps, InstanceSettings()):
            rows.append(score_features(maps, window, inside))
            ious.append(best_iou(true[window][inside], areas))
    return np.array(rows), np.array(ious)


def maps_of(image, backend):
    """The maps of a plane, as instances are cut out of them."""
    plane = Region(0, 0, *image.frames.plane_shape)
    *_, maps = ScaledMaps(image, backend, 0).iter_window(plane)
    return maps


def best_iou(under, areas):
    """The largest IoU of a mask with an object, of the labels under it."""
    counts = np.bincount(under, minlength=len(areas))
    ious = counts[1:] / (areas[1:] + len(under) - counts[1:])
    return float(ious.max(initial=0))


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
            f"{folder.name}: {len(ious)} candidates, mean IoU {ious.mean():.2f}, "
            f"mean score {scores.mean():.2f}, correlation {with_iou:.2f}"
        )
