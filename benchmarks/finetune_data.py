"""Lay out kinds of images that `pocket` never learnt from, to fine-tune it on.

::

    python benchmarks/finetune_data.py DATA OUT

DATA is a folder with the image sets named in ``docs/models/pocket.md``, and with the
roofs, buildings, ovule and video named in ``docs/training.md``. OUT gets
``learnt/KIND``, ten images each, and ``held/KIND``, which are other places of the same
image, or later frames of the same film; both with ``images`` and ``labels``.
"""

import sys
from pathlib import Path

import numpy as np
import tifffile
from skimage.io import imread

#: Images to learn from.
COUNT = 10
#: Pieces of fewer pixels, and a ground of more than this share, are no objects.
FEWEST, GROUND = 100, 0.3


def write(
    out: Path, part: str, kind: str, name: str, image: np.ndarray, labels: np.ndarray
) -> None:
    for folder, array in (("images", image), ("labels", labels.astype(np.uint16))):
        (out / part / kind / folder).mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(out / part / kind / folder / f"{name}.tif", array)


def objects(labels: np.ndarray) -> np.ndarray:
    found, areas = np.unique(labels, return_counts=True)
    kept = found[(areas >= FEWEST) & (areas < GROUND * labels.size) & (found > 0)]
    return np.where(np.isin(labels, kept), labels, 0)


def aerial(data: Path, out: Path, kind: str, rows: int, cols: int) -> None:
    """Cut a photograph into tiles; the first ten, from the left, are learnt from."""
    image = tifffile.imread(data / "image.tif")
    labels = tifffile.imread(data / "labels.tif")
    height, width = labels.shape[0] // rows, labels.shape[1] // cols
    done = 0
    for left in range(0, width * cols, width):
        for top in range(0, height * rows, height):
            cut = slice(top, top + height), slice(left, left + width)
            there = objects(labels[cut])
            if there.any():
                part = "learnt" if done < COUNT else "held"
                write(out, part, kind, f"{kind}_{done:02}", image[cut], there)
                done += 1


def planes(data: Path, out: Path, kind: str, every: int) -> None:
    """Take planes of a stack; their left halves are learnt from, not the right ones."""
    image = tifffile.imread(data / "image.tif")
    labels = tifffile.imread(data / "labels.tif")
    middle = labels.shape[2] // 2
    for part, first, half in (
        ("learnt", 1, np.s_[:, :middle]),
        ("held", 2, np.s_[:, middle:]),
    ):
        for z in range(first, first + every * COUNT, every):
            there = objects(labels[z][half])
            write(out, part, kind, f"{kind}_{z:02}", image[z][half], there)


def video(data: Path, out: Path) -> None:
    """Take frames of a film; the first ones are learnt from, not the last ones."""
    frames = sorted((data / "JPEGImages").glob("*.jpg"))
    for part, few in (("learnt", frames[:20:2]), ("held", frames[24::2])):
        for path in few:
            labels = imread(data / "Annotations" / f"{path.stem}.png") > 0
            labels = labels if labels.ndim == 2 else labels.any(-1)
            write(out, part, "car", f"car_{path.stem}", imread(path), labels)


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    aerial(source / "geo/ggaba_buildings_rgb", target, "roofs", 4, 4)
    aerial(source / "geo/atlanta_buildings_pan", target, "buildings", 4, 4)
    planes(source / "zstack/ovule_cells", target, "ovule", 3)
    planes(source / "zstack/flyem_neurites", target, "neurites", 6)
    video(source / "video/car-shadow", target)
