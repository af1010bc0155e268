"""How well all objects of images are found, and what it takes.

::

    python benchmarks/everything.py layout/validation/*

The folders are those that `benchmarks/pocket_data.py` lays out, none of whose images
was trained on. For each: AP at an IoU of 0.5, mean segmentation accuracy over IoUs of
0.5 to 0.95, F1, and found objects less the true ones as a share, means over images with
half of their 95 % interval; and seconds of CPU time an image. Beside the instance head:
Otsu's threshold with a watershed of the distance, and LoG seeds.
"""

import argparse
from pathlib import Path
from time import process_time

import numpy as np
import torch
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

import napari_sam as sam
from napari_sam.automatic import AutomaticSettings, EverythingSettings
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.evaluation.instance_accuracy import instance_accuracy


def foreground(grey):
    """Otsu's foreground, whichever side of the threshold is the smaller one."""
    above = grey > threshold_otsu(grey) if np.ptp(grey) else np.zeros(grey.shape, bool)
    return above if above.mean() < 0.5 else ~above


def otsu(grey):
    inside = ndimage.binary_fill_holes(ndimage.binary_opening(foreground(grey)))
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), 1)
    return flooded(depth, inside)


def log_seeds(grey):
    inside = ndimage.binary_fill_holes(ndimage.binary_opening(foreground(grey)))
    sign = 1 if grey[inside].mean() > grey[~inside].mean() else -1
    blobs = [-sign * s * s * ndimage.gaussian_laplace(grey, s) for s in (3, 5, 8, 12)]
    return flooded(np.max(blobs, 0), inside)


def flooded(relief, inside):
    parts, _ = ndimage.label(inside)
    peaks = peak_local_max(relief, min_distance=4, labels=parts, exclude_border=False)
    seeds = np.zeros(relief.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-relief, seeds, mask=inside)


def methods(model, grid):
    def everything(frames, method, **find):
        settings = AutomaticSettings(find=EverythingSettings(method=method, **find))
        return sam.segment_everything(frames, model=model, settings=settings)

    def classical(segment):
        def run(frames):
            picture = sam.Appearance.fit(frames).render(frames[0])
            grey = ndimage.gaussian_filter(picture.mean(-1), 1)
            return segment(grey) if np.ptp(grey) else np.zeros(grey.shape, np.int32)

        return run

    found = {
        "instances": lambda frames: everything(frames, "instances"),
        "refined": lambda frames: everything(frames, "instances", refine=True),
        "otsu": classical(otsu),
        "log": classical(log_seeds),
    }
    if grid:
        found["grid"] = lambda frames: everything(frames, "grid", points=grid)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--grid", type=int, default=0, help="Points per side; slow.")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = sam.load_backend(given.model, device="cpu")
    print("| images | method | AP50 | mean SA | F1 | count | CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for folder in given.folders:
        images = list(read_labelled_images(folder))
        for name, segment in methods(model, given.grid).items():
            rows, seconds = [], []
            for one in images:
                start = process_time()
                labels = np.asarray(segment(one.frames))
                seconds.append(process_time() - start)
                one = instance_accuracy(labels, one.truth.labels)
                rows.append((one.ap50, one.mean_sa, one.f1, one.count_error))
            mean = np.mean(rows, 0)
            spread = 1.96 * np.std(rows, 0) / np.sqrt(len(rows))
            print(
                f"| {folder.name} ({len(images)}) | {name} | {mean[0]:.2f} ± "
                f"{spread[0]:.2f} | {mean[1]:.2f} ± {spread[1]:.2f} | {mean[2]:.2f} | "
                f"{mean[3]:+.0%} | {np.mean(seconds):.2f} |"
            )


if __name__ == "__main__":
    main()
