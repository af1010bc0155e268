"""What is shown where no widget can run."""

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import napari_sam as sam
from napari_sam.core.propagation import Edge
from napari_sam.testing import ThresholdBackend
from napari_sam.tracking import Segment


def pixels_of(png):
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def test_a_prediction_shows_its_mask(blobs):
    image = sam.PromptableImage(blobs, ThresholdBackend())
    prediction = image.segment(sam.Prompts.point(15, 25))
    shown = pixels_of(prediction._repr_png_())
    assert shown.shape[:2] == (20 + 16, 20 + 16)
    assert (shown[..., 0] == 255).sum() == 400


def test_an_empty_prediction_shows_nothing(blobs):
    image = sam.PromptableImage(blobs, ThresholdBackend())
    prediction = image.segment(sam.Prompts.point(2, 2))
    assert not pixels_of(prediction._repr_png_()).any()


def test_a_promptable_image_and_a_session_show_their_plane(blobs):
    image = sam.PromptableImage(blobs, ThresholdBackend())
    assert pixels_of(image._repr_png_()).shape == (64, 64, 3)
    session = sam.AnnotationSession(image)
    before = pixels_of(session._repr_png_())
    session.add_point(15, 25)
    session.commit()
    after = pixels_of(session._repr_png_())
    changed = (before != after).any(-1)
    assert changed[after.shape[0] // 3, after.shape[1] // 2]
    assert not changed[-1, -1]


def test_tracks_show_labels_of_the_middle_frame():
    labels = np.zeros((3, 32, 32), np.uint32)
    labels[1, 5:10, 5:10] = 2
    shown = pixels_of(sam.Tracks.from_labels(labels)._repr_png_())
    assert (shown.any(-1)).sum() == 25


def test_tracks_are_shown_along_time():
    labels = np.zeros((8, 32, 32), np.uint32)
    labels[[0, 1, 2, 5], 5:10, 5:10] = 2
    labels[6:, 5:10, 5:7], labels[6:, 5:10, 8:10] = 3, 4
    tracks = sam.Tracks.from_labels(labels, edges=[Edge(2, 3), Edge(2, 4)])
    flagged = Segment(4, [6, 7], flags=[False, True])
    tracks = sam.Tracks(tracks.source, [*tracks.segments[:2], flagged], tracks.edges)
    page = ElementTree.fromstring(tracks._repr_html_().replace(";base64", ""))
    assert [one.text for one in page.iter("figcaption")] == [
        f"t = {k}" for k in (0, 2, 4, 5, 7)
    ]
    bars = [one for one in page.iter("rect") if one.find("title") is None]
    starts = [round((float(one.get("x")) - 60) / 780 * 8) for one in bars]
    assert starts == [0, 5, 6, 6], "there is a gap, and two daughters"
    assert len({one.get("fill") for one in bars}) == 3
    titles = [one.text for one in page.iter("title")]
    assert titles == ["2 divides", "2 divides", "object 4: look at t = 7 to 7"]


def test_a_large_array_in_memory_is_shown_coarsely():
    large = np.zeros((5000, 7000), np.uint8)
    large[:, 3500:] = 200
    shown = pixels_of(sam.show(large)._repr_png_())
    assert max(shown.shape) < 1000
    assert shown[100, -10, 0] > 100 > shown[100, 10, 0]


@pytest.mark.parametrize("as_what", ["labels", "prediction", "tracks"])
def test_show_takes_labels_predictions_and_tracks(blobs, as_what):
    prediction = sam.segment(blobs, sam.Prompts.point(15, 25), model=ThresholdBackend())
    given = {
        "labels": prediction.full((64, 64)).astype(np.uint16),
        "prediction": prediction,
        "tracks": sam.Tracks.from_labels(prediction.full((64, 64))[None].astype(int)),
    }[as_what]
    image = blobs[None] if as_what == "tracks" else blobs
    shown = sam.show(image, given, axes="tyx" if as_what == "tracks" else None)
    assert "1 objects" in repr(shown)
    assert "image/png" in shown._repr_mimebundle_()


def test_where_this_is_no_notebook_show_makes_no_widget(blobs):
    bundle = sam.show(blobs, prompts=sam.Prompts.point(15, 25))._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
