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
"""

import argparse
import subprocess
import sys
from pathlib import Path

import torch

import napari_sam as sam
from napari_sam.automatic import AutomaticSettings, EverythingSettings
from napari_sam.core.progress import drain
from napari_sam.datasets.labelled_images import read_labelled_images
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


def measure_planes(sides):
    script = Path(__file__).with_name("everything_seams.py")
    for side in sides:
        scenes = str(max(1, side // 512))
        subprocess.run([sys.executable, str(script), "--scenes", scenes], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--planes", nargs="+", type=int, default=[], metavar="SIDE")
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--grid", type=int, default=0, help="Points per side; slow.")
    given = parser.parse_args()
    if given.planes:
        measure_planes(given.planes)
        return
    torch.set_num_threads(1)
    model = sam.load_backend(given.model, device="cpu")
    images = [one for folder in given.folders for one in read_labelled_images(folder)]
    work = iter_evaluate_instances(methods(model, given.grid), images)
    print(instance_table(drain(work)).markdown())


if __name__ == "__main__":
    main()
