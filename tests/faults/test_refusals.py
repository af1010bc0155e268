"""What the command line refuses: one line, exit 2, nothing left. One row for a kind."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam.apps.cli import main

DEEP = "[" * 100_000
SEGMENT = "segment image.png -o out.tif --point 8,8"
#: Kind: files written, by name; arguments; words of the message.
ROWS = {
    "weights of text": ({"a.pt": "hello"}, f"{SEGMENT} --checkpoint a.pt", "a.pt"),
    "weights that are a page": (
        {"a.pt": "<!DOCTYPE html>"}, f"{SEGMENT} --checkpoint a.pt", "HTML"
    ),
    "a pointer of LFS": (
        {"a.pt": "version https://git-lfs.github.com/spec/v1"},
        f"{SEGMENT} --checkpoint a.pt", "LFS",
    ),
    "empty weights": ({"a.pt": ""}, f"{SEGMENT} --checkpoint a.pt", "empty"),
    "no weights": ({}, f"{SEGMENT} --checkpoint none.pt", "no file"),
    "an image as weights": ({}, f"{SEGMENT} --checkpoint image.png", "picture"),
    "a deep session": ({"a.json": DEEP}, "apply a.json image.png -o out.tif", "JSON"),
    "an empty session": ({"a.json": ""}, "apply a.json image.png -o out.tif", "JSON"),
    "a session of others": (
        {"a.json": '{"format": "x"}'}, "apply a.json image.png -o out.tif", "session"
    ),
    "deep prompts": (
        {"a.json": DEEP}, "segment image.png -o out.tif --prompts a.json", "JSON"
    ),
    "a halo without end": ({}, f"{SEGMENT} --tile 64 --halo 100000", "halo"),
    "a tile without end": ({}, f"{SEGMENT} --tile 1000000000000", "tile"),
    "a tile of a real number": ({}, f"{SEGMENT} --tile 1e12", "tile"),
    "a store that is none": (
        {"store/a.txt": "x"}, f"{SEGMENT} --store store", "not a store"
    ),
    "a deep store": (
        {"store/zarr.json": DEEP, "store/a.txt": "x"}, f"{SEGMENT} --store store",
        "not a store",
    ),
    "NUL in a store's path": ({}, f"{SEGMENT} --store a\0b", "NUL"),
    "NUL in an image's path": (
        {}, "segment a\0b.png -o out.tif --point 8,8", "NUL"
    ),
    "NUL in a path of prompts": (
        {}, "segment image.png -o out.tif --prompts a\0b.csv", "NUL"
    ),
    "NUL in a table for a folder": (
        {"images/a.txt": ""}, "segment images -o out --prompts a\0b.csv", "NUL"
    ),
    "models of text": (
        {"a.pt": "hello"}, "models add a.pt --name mine", "a.pt"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROWS)
def test_it_is_refused_in_one_line(kind, tmp_path, monkeypatch):
    files, line, words = ROWS[kind]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "home"))
    iio.imwrite("image.png", np.zeros((32, 32), np.uint8) + np.arange(32, dtype="u1"))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = {p for p in tmp_path.rglob("*") if "home" not in p.parts}
    done = CliRunner().invoke(main, line.split())
    assert done.exit_code == 2, (done.output, done.exception)
    said = [
        t for t in done.stderr.splitlines() if t and not t.startswith(("Usage", "Try"))
    ]
    assert len(said) == 1, said
    assert words in said[0]
    assert len(said[0]) < 500
    assert {p for p in tmp_path.rglob("*") if "home" not in p.parts} == before
