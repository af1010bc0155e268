"""Lay out the real images that `pocket` learns from and is judged by.

::

    python benchmarks/pocket_data.py DATA OUT

DATA is a folder with the image sets named in ``docs/models/pocket.md``. OUT gets
``train/KIND`` and ``validation/KIND``, each with ``images`` and ``labels``, as
``napari-sam train`` and ``napari-sam evaluate`` read them. Which images are set aside
stands in ``pocket_split.json``.
"""

import csv
import json
import shutil
import sys
from pathlib import Path

import tifffile

KINDS = {
    "fluorescence_gray": "fluorescence",
    "histology_rgb": "stained",
    "brightfield_gray": "brightfield",
}


def place(
    out: Path, part: str, kind: str, name: str, image: Path, labels: Path
) -> None:
    for folder, path in (("images", image), ("labels", labels)):
        (out / part / kind / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, out / part / kind / folder / f"{name}{path.suffix}")


def nuclei(data: Path, out: Path, held: list[str]) -> None:
    for row in csv.DictReader((data / "index.csv").open()):
        part = "validation" if row["name"] in held else "train"
        paths = (data / d / f"{row['name']}.png" for d in ("images", "labels"))
        place(out, part, KINDS[row["category"]], row["name"], *paths)


def phase(data: Path, out: Path, held: list[str]) -> None:
    for path in sorted((data / "images").glob("*.png")):
        part = "validation" if path.stem in held else "train"
        place(out, part, "phase", path.stem, path, data / "labels" / path.name)


def films(data: Path, out: Path) -> None:
    for name, kind, every in (
        ("t98g_phase", "phase", 3),
        ("c2c12_phase", "myoblasts", 1),
    ):
        for path in sorted((data / name / "01").glob("t*.tif"))[::every]:
            labels = data / name / "01_GT/TRA" / f"man_track{path.stem[1:]}.tif"
            place(out, "train", kind, f"{name}_{path.stem}", path, labels)


def neurites(data: Path, out: Path) -> None:
    for folder in ("images", "labels"):
        where = out / "train" / "em" / folder
        where.mkdir(parents=True, exist_ok=True)
        stack = tifffile.imread(
            data / f"{folder[:-1] if folder == 'images' else folder}.tif"
        )
        for z in range(0, 56, 4):
            tifffile.imwrite(where / f"flyem_{z:02}.tif", stack[z])


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    aside = json.loads(Path(__file__).with_name("pocket_split.json").read_text())
    nuclei(source / "nuclei2d", target, aside["nuclei2d"])
    phase(source / "phase2d", target, aside["phase2d"])
    films(source / "timelapse", target)
    neurites(source / "zstack" / "flyem_neurites", target)
