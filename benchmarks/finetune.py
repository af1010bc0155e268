"""How much better a model gets at a kind of image by what a person corrects on one.

::

    python benchmarks/pocket_data.py DATA LAYOUT
    python benchmarks/finetune.py IMAGE LABELS --others LAYOUT/validation/*

`napari_sam.improve_model` learns from the labels of one image, as from those of a
person who has corrected them. Printed: how good the model is before and after on the
objects held back, and on images of other kinds, which it should not forget; and the
minutes it took.
"""

import argparse
import os
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from napari_sam import (
    AnnotationSession,
    PromptableImage,
    checkpoints,
    improve_model,
    load_backend,
    read_image,
)
from napari_sam.api.improvement import ImproveSettings
from napari_sam.core.progress import drain
from napari_sam.core.protocols import Backend
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.evaluation.mask_accuracy import iter_evaluate


def click(model: Backend, folder: Path) -> float:
    found = drain(iter_evaluate(model, read_labelled_images(folder), objects=4))
    return float(np.mean([result.click for result in found]))


def session_of(image: Path, labels: Path, model: Backend) -> AnnotationSession:
    known = np.asarray(read_image(labels).frames.data)
    known = known.reshape([n for n in known.shape if n > 1]).astype(np.int32)
    promptable = PromptableImage(read_image(image).frames, model)
    return AnnotationSession(promptable, labels=known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=ImproveSettings().steps)
    told = parser.parse_args()
    model = load_backend("pocket")
    session = session_of(told.image, told.labels, model)
    start = perf_counter()
    found = improve_model(
        session, "improved", settings=ImproveSettings(steps=told.steps)
    )
    print(f"{told.image.parent.name}: {found} {(perf_counter() - start) / 60:.1f} min")
    if found.name is None:
        return
    better = load_backend(checkpoint=checkpoints.path(found.name))
    for folder in told.others:
        before, after = click(model, folder), click(better, folder)
        print(f"{folder.name}: one click {before:.3f} -> {after:.3f}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["NAPARI_SAM_HOME"] = home
        main()
