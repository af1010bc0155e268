"""A folder is labelled by a few examples, and goes on where it was stopped."""

import csv
import json

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.automatic import TextSettings
from napari_sam.core.errors import ImageError, JobError, MissingFileError, PromptError
from napari_sam.io.settings import ReadSettings
from napari_sam.jobs import Executor, ModelSpec, PromptableSettings
from napari_sam.labelling import LabelFolderJob, LabelSettings, iter_label_folder
from napari_sam.testing import ColourConcepts, ThresholdBackend

from .conftest import scene


def rows_of(folder, name):
    return list(csv.DictReader((folder / "labels" / f"{name}.csv").open()))


def test_two_examples_class_all_objects_of_all_images(dataset, tmp_path):
    assert dataset.classes == ("bar", "square")
    assert dataset.class_counts == {"bar": 9, "square": 12}
    for k, name in enumerate("abc"):
        labels = tifffile.imread(tmp_path / "out" / "labels" / f"{name}.tif")
        np.testing.assert_array_equal(labels, scene(k)[1])
        assert [r["class"] for r in rows_of(tmp_path / "out", name)] == (
            ["square"] * 4 + ["bar"] * 3
        )


def test_every_object_has_its_scores_and_where_it_came_from(dataset, tmp_path):
    first = rows_of(tmp_path / "out", "a")
    assert [row["source"] for row in first] == [
        "example", *["instances"] * 3, "example", *["instances"] * 2,
    ]  # fmt: skip
    assert first[0]["status"] == "accepted"
    other = rows_of(tmp_path / "out", "b")[0]
    assert (other["status"], other["area"]) == ("found", "36")
    assert 0.5 < float(other["class_score"]) <= 1
    assert 0 < float(other["score"]) <= 1
    assert [int(other[n]) for n in ("top", "left", "bottom", "right")] == [4, 5, 10, 11]


def test_the_index_says_what_there_is(dataset, tmp_path, images):
    index = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert index["format"] == "napari-sam labelled images"
    assert index["classes"] == ["bar", "square"]
    assert index["entries"][1] == {
        "image": "../images/b.tif",
        "labels": "labels/b.tif",
        "objects": "labels/b.csv",
    }
    assert dataset.images == [images / f"{name}.tif" for name in "abc"]
    assert (tmp_path / "out" / "images").resolve() == images.resolve()


def test_the_data_set_is_one_that_training_and_evaluation_read(dataset, tmp_path):
    from napari_sam.datasets.labelled_images import read_labelled_images

    read = read_labelled_images(tmp_path / "out")
    assert [one.name for one in read] == ["a", "b", "c"]
    np.testing.assert_array_equal(read[2].truth.labels, scene(2)[1])


def test_the_same_call_goes_on_and_computes_nothing_again(
    dataset, images, tmp_path, backend, classes
):
    encoded = backend.encoded
    states = []
    (tmp_path / "out" / "labels" / "c.tif").unlink()
    sam.label(
        images, tmp_path / "out", classes, on="a.tif", model=backend,
        report=lambda o: states.append((o.path.name, o.state)),
    )  # fmt: skip
    assert states == [("a.tif", "there"), ("b.tif", "there"), ("c.tif", "written")]
    assert backend.encoded == encoded + 2  # the image of the examples, and c


def test_a_run_that_is_closed_leaves_a_data_set_of_what_is_done(
    images, tmp_path, backend
):
    job = LabelFolderJob(images, tmp_path / "out", ModelSpec(sam.load_backend))
    work = iter_label_folder(job, backend=backend)
    for step in work:
        if step.what != "opening images" and step.done == 1:
            break
    work.close()
    half = sam.LabelledDataset(tmp_path / "out")
    assert [one.name for one in half.images] == ["a.tif"]
    assert half.class_counts == {"": 7}


def test_without_classes_all_objects_are_found(images, tmp_path, backend):
    found = sam.label(images, tmp_path / "out", model=backend)
    assert found.class_counts == {"": 21}
    assert found.classes == ()


def test_what_is_unlike_all_examples_or_unwanted_is_dropped(images, tmp_path, backend):
    square = {"square": [sam.Prompts.point(7, 7)]}
    only = sam.label(
        images, tmp_path / "one", square, on="a.tif", model=backend,
        similar=LabelSettings(similarity=0.5, by_light=0, by_features=0),
    )  # fmt: skip
    assert only.class_counts == {"square": 12}
    unwanted = square | {"": [sam.Region(34, 4, 39, 44)]}
    rest = sam.label(images, tmp_path / "two", unwanted, on="a.tif", model=backend)
    assert rest.class_counts == {"square": 12}


def test_a_stack_is_labelled_plane_by_plane(tmp_path, backend, classes):
    stack = np.stack([scene(k)[0] for k in range(3)])
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    given = tmp_path / "stack.tif", tmp_path / "out", classes
    read = PromptableSettings(ReadSettings(axes="tyx"))
    found = sam.label(*given, on="stack.tif", model=backend, settings=read)
    assert found.class_counts == {"bar": 9, "square": 12}
    labels = tifffile.imread(tmp_path / "out" / "labels" / "stack.tif")
    np.testing.assert_array_equal(labels > 0, stack > 0)
    assert {item.row.frame for item in found.items()} == {0, 1, 2}
    second = next(item for item in found.items() if item.row.frame == 1)
    assert found.picture(second).any()
    found.reject(second)
    after = tifffile.imread(tmp_path / "out" / "labels" / "stack.tif")
    assert ((after != labels).any((1, 2))).tolist() == [False, True, False]


def test_an_image_that_is_broken_stops_no_other(images, tmp_path, backend, classes):
    (images / "b.tif").write_bytes(b"no image")
    told = []
    found = sam.label(
        images, tmp_path / "out", classes, on="a.tif", model=backend, report=told.append
    )
    assert [o.state for o in told] == ["failed", "written", "written"]
    assert len(found.images) == 2


def test_workers_find_the_same(images, tmp_path, classes):
    outs = [tmp_path / "here", tmp_path / "there"]
    for out, executor in zip(outs, (None, Executor(workers=1)), strict=True):
        sam.label(images, out, classes, on="a.tif", model="pocket", executor=executor)
    for name in ("a.csv", "a.tif", "c.csv"):
        one, other = (out / "labels" / name for out in outs)
        assert one.read_bytes() == other.read_bytes()


def test_what_cannot_be_is_said(images, tmp_path, backend, classes):
    with pytest.raises(PromptError, match="which image"):
        sam.label(images, tmp_path / "out", classes, model=backend)
    with pytest.raises(PromptError, match="No example"):
        sam.label(images, tmp_path / "out", {}, on="a.tif", model=backend)
    with pytest.raises(ImageError, match="not there"):
        sam.label(tmp_path / "no", tmp_path / "out", model=backend)
    with pytest.raises(JobError, match="Workers open the model"):
        sam.label(images, tmp_path / "o", model=backend, executor=Executor(workers=1))
    with pytest.raises(MissingFileError, match=r"dataset\.json"):
        sam.LabelledDataset(tmp_path / "nothing")


def test_words_say_the_classes_too(tmp_path):
    folder = tmp_path / "colours"
    folder.mkdir()
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[4:14, 4:14] = (240, 40, 40)
    pixels[4:14, 30:40] = (40, 240, 40)
    pixels[30:40, 4:14] = (200, 40, 240)
    for name in "ab":
        tifffile.imwrite(folder / f"{name}.tif", pixels)
    concepts = ColourConcepts()
    given = {"words": ["red", "green"], "unwanted_words": ["blue"]}
    told = []

    def labelled():
        return sam.label(
            folder, tmp_path / "out", **given, concepts=concepts,
            model=ThresholdBackend(threshold=60), text=TextSettings(threshold=0.4),
            report=lambda outcome: told.append(outcome.state),
        )  # fmt: skip

    found = labelled()
    assert found.class_counts == {"green": 2, "red": 2}
    assert found.classes == ("green", "red")
    assert {item.row.source for item in found.items()} == {"words"}
    assert "colours" in (tmp_path / "out" / "dataset.json").read_text()
    calls = concepts.calls
    labelled()
    assert (concepts.calls, told) == (calls, ["written"] * 2 + ["there"] * 2)
    one, *_ = found.most_uncertain(1)
    found.reject(one)
    assert found.class_counts[one.category] == 1
    with pytest.raises(PromptError, match="not by both"):
        sam.label(
            folder, tmp_path / "o", {"a": [sam.Prompts.point(5, 5)]}, words=["red"],
            model=ThresholdBackend(),
        )  # fmt: skip
