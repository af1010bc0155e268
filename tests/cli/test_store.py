import warnings

import numpy as np
import pytest
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.apps.cli.sizes import as_bytes, as_seconds, text_of_bytes
from napari_sam.testing import ThresholdBackend

pytestmark = pytest.mark.usefixtures("threshold_model")


def run(*args, **options):
    return CliRunner().invoke(main, [str(a) for a in args], **options)


def said(*args, **options):
    result = run(*args, **options)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def store(tmp_path, blobs):
    """Two planes of three, by two models."""
    path = tmp_path / "cells.zarr"
    stack = np.stack([blobs, blobs.T, 255 - blobs])
    for threshold in (127.5, 50):
        kept = sam.open_store(path)
        backend = ThresholdBackend(threshold)
        image = sam.PromptableImage(stack, backend, axes="tyx", store=kept)
        for frame in (0, 2):
            image.segment(sam.Prompts.point(15, 25), frame)
    return path


def damage(store):
    chunk = sorted(store.rglob("bright/c.*"))[0]
    chunk.write_bytes(b"nothing")


def test_info_says_what_is_there(store):
    text = said("store", "info", store)
    assert "4 embeddings" in text
    assert "threshold-127.5" in text
    assert "3 frames of 64 x 64" in text
    assert text.count("2 of 3") == 2
    assert "tiling     whole c- l0:" in text


def test_verify_says_what_is_damaged(store):
    assert "4 embeddings read, 0 damaged" in said("store", "verify", store)
    damage(store)
    result = run("store", "verify", store)
    assert result.exit_code == 1
    assert "frame 0, tile 0 is damaged" in result.stdout
    assert "4 embeddings read, 1 damaged" in result.stdout
    assert "deleted" in said("store", "verify", store, "--delete")
    assert "3 embeddings read, 0 damaged" in said("store", "verify", store)


def test_prune_deletes_what_it_was_told_to(store):
    kept = said("store", "prune", store, "--keep", "threshold-50")
    assert "2 embeddings deleted" in kept
    assert "0 embeddings deleted" in said("store", "prune", store, "--older", "30d")
    done = said("store", "prune", store, "--max-size", "1KB")
    assert "2 embeddings deleted" in done
    assert "0 embeddings" in said("store", "info", store)


def test_prune_wants_to_know_what_may_go(store):
    result = run("store", "prune", store)
    assert result.exit_code == 2
    assert "--max-size, --older or --keep" in result.stderr
    for option, value in (("--max-size", "10"), ("--older", "soon")):
        result = run("store", "prune", store, option, value)
        assert result.exit_code == 2
        assert repr(value) in result.stderr
    assert "4 embeddings" in said("store", "info", store)


def test_clear_asks(store):
    result = run("store", "clear", store, input="n\n")
    assert result.exit_code == 1
    assert "4 embeddings" in result.stdout
    assert store.exists()
    said("store", "clear", store, input="y\n")
    assert not store.exists()


def test_clear_does_not_ask_if_told_so(store):
    assert "was deleted (4 embeddings" in said("store", "clear", store, "--yes")
    assert not store.exists()


@pytest.mark.parametrize(
    "command", ["info", "verify", "prune --max-size 1KB", "clear --yes"]
)
def test_other_folders_are_refused(tmp_path, command):
    name, *options = command.split()
    (tmp_path / "mine.txt").write_text("mine")
    result = run("store", name, tmp_path, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert "not a store of embeddings" in result.stderr
    assert (tmp_path / "mine.txt").exists()
    result = run("store", name, tmp_path / "missing", *options)
    assert result.exit_code == 2
    assert "There is no store" in result.stderr
    assert not (tmp_path / "missing").exists()


def test_segment_keeps_embeddings_and_gives_the_same(tmp_path, blobs):
    picture, store = tmp_path / "picture.tif", tmp_path / "cells.zarr"
    sam.write_labels(picture, blobs)
    asked = ["segment", picture, "--point", "15,25", "-o"]
    for name, options in (("a", []), ("b", ["--store", store]), ("c", [])):
        said(*asked, tmp_path / f"{name}.tif", *options)
    said(*asked, tmp_path / "d.tif", "--store", store)
    written = {(tmp_path / f"{n}.tif").read_bytes() for n in "abcd"}
    assert len(written) == 1
    assert "1 embedding," in said("store", "info", store)


def test_a_store_that_cannot_be_written_is_one_line(tmp_path, blobs, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_sam.stores.tile_arrays.TileArrays.write", fail)
    picture = tmp_path / "picture.tif"
    sam.write_labels(picture, blobs)
    kept = ["--store", tmp_path / "cells.zarr"]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = run("segment", picture, "--point", "15,25", *kept)
    assert result.exit_code == 0
    [line] = result.stderr.splitlines()
    assert line.startswith("Warning: Embeddings cannot be written to")
    assert "No space left" in line


def test_sizes_and_ages_are_read_as_people_write_them():
    assert as_bytes("10GB") == 10**10
    assert as_bytes("1.5 mb") == 1_500_000
    assert as_seconds("30d") == 30 * 86400
    assert as_seconds("2h") == 7200
    assert [text_of_bytes(n) for n in (0, 999, 1500, 34.21e6, 2e12)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "34.2 MB",
        "2 TB",
    ]


def test_embed_fills_a_store_and_goes_on_where_it_was(tmp_path):
    path, store = tmp_path / "large.tif", tmp_path / "e.zarr"
    pixels = np.zeros((200, 200), np.uint8)
    pixels[90:110, 90:110] = 200
    sam.write_labels(path, pixels)
    ask = ("embed", path, "--store", store, "--model", "threshold")
    cut = ("--tile", 64, "--halo", 0)
    text = said(*ask, "--background", 5, *cut)
    assert "1 encoded, 0 there, 15 skipped" in text
    first = said(*ask, "--region", "0,0,60,60", "--frames", "0")
    assert "encoded, 0 there" in first
    assert "0 encoded" in said(*ask, "--region", "0,0,60,60")
    assert run(*ask, "--region", "1,2").exit_code == 2
    assert run(*ask, "--halo", 3).exit_code == 2
