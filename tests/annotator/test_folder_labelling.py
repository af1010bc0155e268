"""A folder is labelled from an image that is open, beside it."""

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.folder_labelling import FolderPlan
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.automatic.concepts import Words
from napari_sam.core.prompts.items import Box
from napari_sam.testing import ColourConcepts, InstanceThresholdBackend


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return InstanceThresholdBackend(60)


def scene(shift=0):
    """Two squares, the first of them red, and a blue bar."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[4:12, 4 + shift : 12 + shift, 0] = 250
    pixels[4:12, 24 + shift : 32 + shift, 0] = 250
    pixels[30:35, 4 + shift : 44 + shift, 2] = 250
    return pixels


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for k, name in enumerate("abc"):
        tifffile.imwrite(folder / f"{name}.tif", scene(k), photometric="rgb")
    return folder


@pytest.fixture
def annotator(images):
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told, made.labelled = [], []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.events.folder_labelled.connect(made.labelled.append)
    made.open(OpenImage.of(ScriptedSource(scene(), axes="yxc")))
    made.everything.find()
    made.everything.accept()
    yield made
    made.close()


def test_objects_with_a_class_are_examples(annotator, images, tmp_path):
    assert annotator.folder.named == ()
    annotator.editing.set_info(1, category="square")
    annotator.editing.set_info(3, category="bar")
    assert annotator.folder.named == (1, 3)
    output, on = tmp_path / "out", images / "a.tif"
    plan = FolderPlan(images, output, annotator.folder.named, on=on)
    annotator.folder.label(plan)
    assert annotator.told[-1] == ("info", "3 images labelled.")
    assert annotator.labelled == [output]
    dataset = sam.LabelledDataset(output)
    assert dataset.class_counts == {"bar": 3, "square": 6}
    sources = {one.key: one.row.source for one in dataset.items()}
    assert [key for key, source in sources.items() if source == "example"] == [
        ("a", 1),
        ("a", 3),
    ]
    annotator.folder.label(plan)
    assert annotator.told[-1] == ("info", "0 images labelled, 3 were before.")


def test_an_image_of_that_name_elsewhere_gets_no_examples(annotator, images, tmp_path):
    other = tmp_path / "a.tif"
    tifffile.imwrite(other, scene(), photometric="rgb")
    annotator.folder.label(FolderPlan(images, tmp_path / "out", (1,), on=other))
    rows = [one.row for one in sam.LabelledDataset(tmp_path / "out").items()]
    assert {row.category for row in rows} == {"object"}
    assert "example" not in {row.source for row in rows}


def test_all_objects_and_words(annotator, images, tmp_path):
    annotator.folder.label(FolderPlan(images, tmp_path / "all"))
    assert sam.LabelledDataset(tmp_path / "all").class_counts == {"": 9}
    words = FolderPlan(images, tmp_path / "words", words=Words(("red",), ("blue",)))
    annotator.folder.label(words)
    assert "huggingface.co" in annotator.told[-1][1]
    annotator.words.models.use(ColourConcepts())
    annotator.folder.label(words)
    assert sam.LabelledDataset(tmp_path / "words").class_counts == {"red": 6}


def test_what_cannot_be_labelled_is_said(annotator, images, tmp_path):
    annotator.folder.label(FolderPlan(tmp_path / "none", tmp_path / "out"))
    assert "is not there" in annotator.told[-1][1]
    (images / "broken.tif").write_bytes(b"no image")
    annotator.folder.label(FolderPlan(images, tmp_path / "out"))
    level, text = annotator.told[-1]
    assert level == "warning"
    assert text.startswith("3 images labelled, 1 failed: broken.tif")
    assert annotator.labelled == [tmp_path / "out"]


def test_a_box_that_is_drawn_is_an_example(annotator, images, tmp_path):
    annotator.folder.draw_example(" ")
    assert "class of the example" in annotator.told[-1][1]
    before = dict(annotator.session.objects)
    annotator.folder.draw_example("bar")
    annotator.view.draw(Box(29, 3, 36, 45))
    (number,) = {*annotator.session.objects} - {*before}
    assert annotator.session.objects[number].category == "bar"
    assert annotator.folder.named == (number,)
    assert not annotator.session.state.footprints.of_object(number), (
        "nothing is committed"
    )
    annotator.folder.label(FolderPlan(images, tmp_path / "out", examples=(number,)))
    with sam.LabelledDataset(tmp_path / "out") as dataset:
        assert dataset.classes == ("bar",)
        found = {item.image.name: item.row.area for item in dataset.items()}
    assert found == dict.fromkeys(("a.tif", "b.tif", "c.tif"), 200)
    annotator.undo()
    assert number not in annotator.session.objects
