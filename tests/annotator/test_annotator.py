"""A whole annotation through the smallest view there is, and no window."""

import subprocess
import sys

import numpy as np
import pytest

import napari_sam as sam
from napari_sam import Address, Region
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.commands import COMMANDS
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.core.prompts import Scribble
from napari_sam.testing import ThresholdBackend


class Pool:
    """Opens one model, whatever is named."""

    def __init__(self, model=None):
        self.model = model or ThresholdBackend()

    def open(self, name, **_):
        if name == "nonsense":
            raise sam.core.errors.UnknownModelError("There is no model nonsense.")
        return self.model


class Views:
    """Makes scripted views."""

    def __init__(self):
        self.view = None

    def show(self, image):
        self.view = ScriptedView(image.source.frames.plane_shape)
        return self.view

    def hide(self, image):
        self.view = None


class Script:
    """An annotator, and all that it told."""

    def __init__(self, pixels, axes=None, model=None):
        self.views, pool = Views(), Pool(model)
        self.annotator = Annotator(ImmediateExecutor(), self.views, pool=pool)
        self.messages, self.journals, self.overlaps = [], [], []
        events = self.annotator.events
        events.message.connect(lambda *message: self.messages.append(message))
        events.journals_found.connect(self.journals.extend)
        events.overlap_found.connect(self.overlaps.append)
        self.annotator.models.use("pocket")
        self.annotator.open(OpenImage.of(ScriptedSource(pixels, axes=axes)))

    @property
    def session(self):
        return self.annotator.session

    @property
    def view(self):
        return self.views.view

    def click(self, row, col):
        self.session.add_point(row, col, positive=self.view.positive)

    def commit(self, row, col):
        self.click(row, col)
        self.annotator.commits.commit()


@pytest.fixture
def script(blobs):
    made = Script(blobs)
    yield made
    made.annotator.close()


def test_a_click_is_previewed_committed_and_undone(script):
    script.click(15, 25)
    assert script.session.preview.area == 400
    assert len(script.annotator.candidates.masks) == 3
    script.annotator.commits.commit()
    assert script.session.current == Address(0, 2)
    assert script.messages == [("info", "Object 1 committed: 400 pixels.")]
    script.annotator.undo()
    assert script.session.preview.area == 400
    script.annotator.redo()
    assert (script.session.labels == 1).sum() == 400


def test_candidates_and_the_threshold_change_the_preview(script):
    script.click(15, 25)
    first = script.session.preview.area
    script.annotator.candidates.cycle()
    assert script.annotator.candidates.index == 1
    assert script.session.preview.area != first
    script.annotator.preview.set_threshold(-1.0)
    assert script.annotator.preview.threshold == -1.0


def test_polarity_goes_to_the_view_and_to_hovering(script):
    script.annotator.preview.toggle_polarity()
    assert script.view.positive is False
    script.annotator.hover.toggle()
    for _ in range(2):
        script.annotator.hover.move(0, 15, 25)
    assert script.view.hovered is None  # a negative click alone predicts nothing


def test_hovering_shows_a_mask_where_the_tile_is_embedded(script):
    script.annotator.hover.toggle()
    script.annotator.hover.move(0, 15, 25)  # embeds
    script.annotator.hover.move(0, 15, 25)
    assert script.view.hovered.area == 400
    script.annotator.hover.move(0, -5, 25)
    assert script.view.hovered is None
    assert script.session.preview is None


class Magnifying(ThresholdBackend):
    """Gains by close-ups; looks at what is shown when it encodes one."""

    magnification = 2

    def encode(self, planes):
        self.look()
        return super().encode(planes)


def test_a_small_object_is_outlined_until_its_close_up_is_there(blobs):
    model, shown = Magnifying(), []
    script = Script(blobs, model=model)
    model.look = lambda: shown.append((script.view.hovered, script.session.preview))
    script.click(15, 25)
    _, (outlined, preview) = shown
    assert preview is None
    assert outlined.area == 400
    assert script.view.hovered is None
    assert script.session.preview.area == 400
    script.annotator.close()


def test_objects_are_corrected_split_merged_and_approved(script):
    script.commit(15, 25)
    script.commit(55, 10)
    script.annotator.objects.correct(1)
    assert script.view.visited == [Address(0, 1)]
    script.annotator.commits.commit()
    script.annotator.objects.select(1)
    script.annotator.editing.start_split()
    script.view.draw(Scribble(((8, 30), (31, 30))))
    assert len(np.unique(script.session.labels)) == 4
    script.annotator.editing.merge([1, 3])
    assert (script.session.labels == 1).sum() == 400
    script.annotator.editing.approve(1)
    script.annotator.editing.delete([1])
    assert script.messages[-1][0] == "error"
    assert "approved" in script.messages[-1][1]


def test_who_wants_to_be_asked_about_overlaps_is_asked(script):
    script.commit(15, 25)
    script.annotator.commits.overlap = "ask"
    script.commit(16, 26)
    assert script.overlaps == [{1: 1.0}]
    script.annotator.commits.commit(overlap="overwrite")
    assert (script.session.labels == 2).sum() == 400


def test_what_is_saved_opens_again(script, tmp_path):
    script.commit(15, 25)
    script.annotator.persistence.save(tmp_path / "labels.tif")
    assert not script.session.unsaved
    labels = sam.read_image(tmp_path / "labels.tif").data[:]
    assert (np.asarray(labels) == 1).sum() == 400
    script.annotator.persistence.save(tmp_path / "a.session.json")
    script.annotator.undo()
    script.annotator.persistence.open_session(tmp_path / "a.session.json")
    assert (script.session.labels == 1).sum() == 400
    assert script.view is not None


def test_work_that_was_not_saved_is_restored_from_its_journal(blobs, monkeypatch):
    first = Script(blobs)
    first.commit(15, 25)
    assert first.annotator.persistence.journal.flush(timeout=30)
    # As after a crash: nobody closed it, and its process is gone.
    monkeypatch.setattr(
        "napari_sam.session.persistence.journal_files.in_use", lambda *_: False
    )
    second = Script(blobs.copy())
    (journal,) = second.journals
    second.annotator.persistence.restore(journal)
    assert (second.session.labels == 1).sum() == 400
    second.annotator.close()


def test_work_on_pixels_that_were_changed_in_place_is_that_of_the_opened_image(
    blobs, monkeypatch
):
    pixels = blobs.copy()
    first = Script(pixels)
    pixels[15:25] = 77
    first.commit(15, 25)
    assert first.annotator.persistence.journal.flush(timeout=30)
    monkeypatch.setattr(
        "napari_sam.session.persistence.journal_files.in_use", lambda *_: False
    )
    second = Script(blobs)
    assert len(second.journals) == 1
    second.annotator.close()


def test_two_annotators_on_one_image_share_its_session(script):
    other = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    other.open(script.annotator.image)
    script.commit(15, 25)
    assert other.session is script.session
    assert other.session.objects[1].status == "committed"
    other.close()
    script.commit(55, 10)
    assert (script.session.labels == 2).sum() == 100


def test_a_batch_of_prompts_is_one_step(script):
    def read(first):
        found = [(15, 25), (55, 10)]
        return {
            Address(0, first + i): sam.Prompts.point(*at) for i, at in enumerate(found)
        }

    script.annotator.batch.segment(read, "points")
    assert script.messages[-1] == ("info", "2 objects committed.")
    script.annotator.undo()
    assert not script.session.labels.any()


def test_the_view_is_embedded_ahead(script):
    assert script.view.region_in_view() == Region(0, 0, 64, 64)
    script.annotator.batch.embed_view()
    level, text = script.messages[-1]
    assert level == "info"
    assert "1 encoded" in text


def test_a_model_that_cannot_be_opened_leaves_the_one_before(script):
    script.annotator.models.use("nonsense")
    assert script.messages[-1] == ("error", "There is no model nonsense.")
    assert script.annotator.models.name == "pocket"
    script.click(15, 25)
    assert script.session.preview.area == 400


def test_every_command_runs(script):
    script.click(15, 25)
    for command in COMMANDS:
        command.run(script.annotator)
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert len({command.key for command in COMMANDS}) == len(ids)
    assert all(command.title and command.tip for command in COMMANDS)


def test_frames_of_a_stack(blobs):
    script = Script(np.stack([blobs] * 3), axes="tyx")
    script.session.current = Address(2, 1)
    script.commit(15, 25)
    assert (script.session.labels[2] == 1).sum() == 400
    script.annotator.objects.select(1)
    assert script.view.frame == 2
    script.annotator.close()


def test_nothing_of_napari_or_qt_is_needed():
    code = (
        "import sys, napari_sam.annotator.annotator, napari_sam.annotator.commands, "
        "napari_sam.annotator.scripted_view; "
        "print(sorted({'napari', 'qtpy', 'vispy', 'magicgui', 'torch', 'zarr'} "
        "& set(sys.modules)))"
    )
    run = [sys.executable, "-c", code]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
