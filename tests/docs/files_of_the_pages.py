"""The files that the pages name, small: made only where a page runs with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage import io

import napari_sam as sam
from napari_sam.synthetic import draw_scene, draw_timelapse, draw_volume

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CELLS = draw_scene(3, size=96, kind="nuclei")
MOVIE = draw_timelapse(seed=3, frames=3, size=96, cells=2)


def cells(path: Path) -> None:
    sam.write_labels(path, CELLS.image[..., 0], axes="yx")


def some_cells(path: Path) -> None:
    chosen = np.isin(CELLS.labels, np.unique(CELLS.labels)[1:4])
    sam.write_labels(path, np.where(chosen, CELLS.labels, 0), axes="yx")


def table(path: Path) -> None:
    middle = [np.argwhere(CELLS.labels == n).mean(0) for n in (1, 2)]
    rows = [f"{n},{row:.0f},{col:.0f}" for n, (row, col) in enumerate(middle, 1)]
    path.write_text("\n".join(["object,row,col", *rows]))


def folder(path: Path) -> None:
    path.mkdir()
    for seed in (1, 2):
        image = draw_scene(seed, size=64, kind="nuclei").image
        io.imsave(path / f"{'ab'[seed - 1]}.png", image, check_contrast=False)


def labelled(path: Path) -> None:
    for part in ("images", "labels"):
        (path / part).mkdir(parents=True)
    for seed in (1, 2):
        scene = draw_scene(seed, size=64, kind="nuclei")
        io.imsave(path / "images" / f"{seed}.png", scene.image, check_contrast=False)
        sam.write_labels(path / "labels" / f"{seed}.tif", scene.labels)


def raster(path: Path, bands: int = 3) -> None:
    import rasterio

    town = draw_scene(1, size=96, kind="roofs").image.transpose(2, 0, 1)
    pixels = np.concatenate([town, town[:1] // 2 + 90])[:bands]
    place = rasterio.Affine(0.5, 0, 532_000, 0, -0.5, 5_213_000)
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:32633", transform=place,
        count=bands, height=96, width=96, dtype="uint8",
    ) as out:  # fmt: skip
        out.write(pixels)


def roofs(path: Path) -> None:
    labels = np.zeros((96, 96), np.uint8)
    labels[20:40, 30:50] = 1
    town = path.with_name("of_roofs.tif")
    raster(town)
    sam.write_labels(path, labels, like=sam.read_image(town))


def session(path: Path) -> None:
    from napari_sam.session.persistence.record import Record, write_record

    frames = sam.Frames(CELLS.image[..., 0])
    made = sam.AnnotationSession(sam.PromptableImage(frames, sam.load_backend()))
    made.add_point(*map(float, np.argwhere(CELLS.labels == 1).mean(0).round()))
    made.commit()
    write_record(Record.of(made), path)


#: How each file is made.
FILES = {
    "cells.tif": cells,
    "next_day.tif": lambda p: sam.write_labels(p, CELLS.image[::-1, :, 0], axes="yx"),
    "cells.csv": table,
    "draft.tif": some_cells,
    "three_cells.tif": some_cells,
    "images": folder,
    "cells": labelled,
    "movie.tif": lambda p: sam.write_labels(p, MOVIE.image, axes="tyx"),
    "first.tif": lambda p: sam.write_labels(p, MOVIE.labels[0], axes="yx"),
    "planes.tif": lambda p: sam.write_labels(
        p, draw_volume(9, size=64, planes=4).labels, axes="zyx"
    ),
    "town.tif": raster,
    "scene.tif": lambda p: raster(p, bands=4),
    "slide.tif": cells,
    "roofs.geojson": roofs,
    "cells.session.json": session,
}


def make_files(into: Path, texts: Iterable[str]) -> None:
    """Make the files and folders that blocks name; they write the others."""
    text = "\n".join(texts)
    for name, make in FILES.items():
        is_named = f" {name}/ " in text if "." not in name else f" {name}" in text
        if is_named or f'"{name}"' in text:
            make(into / name)
