"""How much better `pocket` gets at a kind of image, and what it forgets of others.

::

    python benchmarks/pocket_data.py DATA LAYOUT
    python benchmarks/finetune_data.py DATA KINDS
    python benchmarks/finetune.py KINDS/learnt/* --held KINDS/held \
        --others LAYOUT/validation/*

Each folder of ``images`` and ``labels`` is learnt from by ``napari-sam train --from
pocket``, as a person would, with further words of the command after ``--``. Printed:
mean IoU of one click / tight box / five clicks before and after, on the folder of the
same name under ``--held`` and on each of the others, and the CPU seconds of learning.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from napari_sam import load_backend
from napari_sam.core.progress import drain
from napari_sam.core.protocols import Backend
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.evaluation.mask_accuracy import Result, iter_evaluate


def overlaps(model: Backend, folder: Path, images: int, objects: int) -> list[Result]:
    found = list(read_labelled_images(folder))
    few = found[:: max(len(found) // images, 1)][:images]
    return drain(iter_evaluate(model, few, objects=objects))


def row(before: Sequence[Result], after: Sequence[Result]) -> str:
    values = (lambda r: r.click, lambda r: r.box, lambda r: r.clicks[-1])
    told = (
        " → ".join(
            f"{np.mean([value(r) for r in part]):.3f}" for part in (before, after)
        )
        for value in values
    )
    return " | ".join([f"{len(before)}", *told])


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def learn(folder: Path, output: Path, words: Sequence[str]) -> float:
    start = cpu_seconds()
    command = [sys.executable, "-m", "napari_sam.apps.cli", "train", str(folder)]
    command += ["--from", "pocket", "-o", str(output), *words]
    subprocess.run(command, check=True)
    return cpu_seconds() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", type=Path, nargs="+")
    parser.add_argument("--held", type=Path, required=True)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--images", type=int, default=100, help="of a folder, at most")
    parser.add_argument("--objects", type=int, default=12, help="of an image, at most")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    told, words = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    pocket, limits = load_backend("pocket"), (told.images, told.objects)
    others = {folder: overlaps(pocket, folder, *limits) for folder in told.others}
    print("| learnt | measured on | objects | one click | box | five clicks |")
    print("|---|---|---|---|---|---|")
    for kind in told.kinds:
        with TemporaryDirectory() as folder:
            output = Path(folder) / "learnt.safetensors"
            seconds = learn(kind, output, words)
            better = load_backend(checkpoint=output)
        held = told.held / kind.name
        before = {held: overlaps(pocket, held, *limits), **others}
        for place, old in before.items():
            new = overlaps(better, place, *limits)
            name = f"{kind.name} ({seconds:.0f} CPU s)" if place is held else ""
            print(f"| {name} | {place.name} | {row(old, new)} |", flush=True)


if __name__ == "__main__":
    main()
