"""How well all objects of images are found, and what it takes.

::

    python benchmarks/everything.py layout/validation/*

The folders are those that `benchmarks/pocket_data.py` lays out, none of whose images
was trained on. For each: AP at an IoU of 0.5, mean segmentation accuracy over IoUs of
0.5 to 0.95, F1, and found objects less the true ones as a share, means over images with
half of their 95 % interval; and seconds of CPU time an image. Beside the instance head:
Otsu's threshold with a watershed of the distance, and LoG seeds.

::

    python benchmarks/everything.py --planes 1024 2048 4096 8192

finds all objects of drawn planes of such sides, each in a process of its own, and
prints objects, CPU seconds and the peak of memory, torch and the picture among it.

::

    python benchmarks/everything.py --objects 20 200 2000

draws so many discs on 1,024 x 1,024 pixels, the smaller the more there are, and prints
how many were found, F1 at an IoU of 0.5, and CPU seconds.

::

    python benchmarks/everything.py --stacks DATA/zstack/*

measures as the first does, on eight planes of each stack: image.tif and labels.tif.
"""

import argparse
import subprocess
import sys
from math import ceil, sqrt
from pathlib import Path
from time import process_time

import numpy as np
import tifffile
import torch
from scipy import ndimage

import napari_sam as sam
from napari_sam.automatic import AutomaticSettings, EverythingSettings
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.evaluation.instance_accuracy import instance_accuracy
from napari_sam.evaluation.instance_report import (
    classical,
    everything_by,
    grid_by,
    instance_table,
    iter_evaluate_instances,
)


def methods(model, grid):
    refine = AutomaticSettings(find=EverythingSettings(refine=True))
    found = {
        "instances": everything_by(model),
        "refined": everything_by(model, refine),
        "otsu": classical("otsu"),
        "log": classical("log"),
    }
    if grid:
        found["grid"] = grid_by(model, grid)
    return found


def planes_of(folder, most=8):
    """Read planes of a stack that have objects, evenly spread."""
    pixels = tifffile.imread(folder / "image.tif")
    labels = tifffile.imread(folder / "labels.tif").astype(np.int32)
    wanted = np.flatnonzero(labels.any((1, 2)))
    return [
        LabelledImage(f"{z}", folder.name, Frames(pixels[z], "yx"), labels[z])
        for z in wanted[:: max(1, len(wanted) // most)][:most]
    ]


def measure_planes(sides):
    script = Path(__file__).with_name("everything_seams.py")
    for side in sides:
        scenes = str(max(1, side // 512))
        subprocess.run([sys.executable, str(script), "--scenes", scenes], check=True)


def draw_discs(count, side=1024):
    """Draw bright discs of up to 24 pixels' radius on a lattice, and their labels."""
    rng = np.random.default_rng(0)
    across = ceil(sqrt(count))
    pitch = side / across
    rows, cols = np.mgrid[:side, :side]
    places = np.zeros((across, across), int)
    places.flat[rng.permutation(across**2)[:count]] = np.arange(1, count + 1)
    cell = (rows / pitch).astype(int), (cols / pitch).astype(int)
    radii = min(24, 0.36 * pitch) * rng.uniform(0.8, 1.1, count + 1)
    down, right = ((at / pitch % 1 - 0.5) * pitch for at in (rows, cols))
    labels = places[cell]
    labels[np.hypot(down, right) > radii[labels]] = 0
    light = np.concatenate([[0], rng.uniform(0.5, 1, count)])[labels]
    pixels = 160 * ndimage.gaussian_filter(light, 1.2) + rng.normal(30, 5, light.shape)
    return pixels.clip(0, 255).astype(np.uint8), labels


def measure_objects(model, counts):
    sam.segment_everything(draw_discs(20, 256)[0], model=model)  # warm
    for count in counts:
        pixels, true = draw_discs(count)
        start = process_time()
        found = sam.segment_everything(pixels, model=model)
        seconds = process_time() - start
        f1 = instance_accuracy(np.asarray(found), true).f1
        print(f"{count} objects: {found.max()} found, F1 {f1:.2f}, {seconds:.1f} CPU s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--planes", nargs="+", type=int, default=[], metavar="SIDE")
    parser.add_argument("--objects", nargs="+", type=int, default=[], metavar="N")
    parser.add_argument("--stacks", nargs="+", type=Path, default=[])
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--grid", type=int, default=0, help="Points per side; slow.")
    given = parser.parse_args()
    if given.planes:
        measure_planes(given.planes)
        return
    torch.set_num_threads(1)
    model = sam.load_backend(given.model, device="cpu")
    if given.objects:
        measure_objects(model, given.objects)
        return
    images = [one for folder in given.folders for one in read_labelled_images(folder)]
    images += [plane for folder in given.stacks for plane in planes_of(folder)]
    work = iter_evaluate_instances(methods(model, given.grid), images)
    print(instance_table(drain(work)).markdown())


if __name__ == "__main__":
    main()
