import numpy as np
import pytest

import napari_sam as sam
from napari_sam.api import paint, segment_objects
from napari_sam.core.errors import UnknownModelError
from napari_sam.io import write_labels
from napari_sam.testing import ThresholdBackend

BIG, SMALL = sam.Prompts.point(15, 25), sam.Prompts.point(55, 9)


def test_one_call_gives_a_mask(threshold_model, blobs):
    assert sam.segment(blobs, BIG).area == 400
    assert sam.segment(blobs, BIG, model="threshold").area == 400
    assert sam.segment(blobs, BIG, model=ThresholdBackend(threshold=220)).area == 0


def test_many_prompts_look_at_the_image_once(blobs):
    backend = ThresholdBackend()
    found = sam.segment_many(blobs, [SMALL, BIG], model=backend)
    assert [p.area for p in found] == [100, 400]
    assert backend.encoded == backend.decoded == 1


def test_a_path_is_read_with_the_axes_it_says(threshold_model, blobs, tmp_path):
    write_labels(tmp_path / "a.tif", np.stack([blobs, blobs.T]), axes="tyx")
    assert sam.segment(tmp_path / "a.tif", BIG, frame=0).region == (
        sam.Region(10, 20, 30, 40)
    )
    assert sam.segment(str(tmp_path / "a.tif"), SMALL, frame=1).area == 0


def test_an_unknown_model_is_met_with_the_known_ones(threshold_model, blobs):
    with pytest.raises(UnknownModelError, match="Did you mean 'threshold'"):
        sam.segment(blobs, BIG, model="treshold")


def test_options_reach_the_backend(monkeypatch):
    from napari_sam.core import registry

    asked = {}
    monkeypatch.setattr(
        "napari_sam.api.models.resolve_backend",
        lambda name, also: lambda n, **k: asked.update(k, n=n),
    )
    sam.load_backend("m", checkpoint="w.pth", device="cpu", precision="float32")
    assert asked == {
        "n": "m",
        "checkpoint": "w.pth",
        "device": "cpu",
        "precision": "float32",
    }
    assert registry


def test_objects_of_several_planes_are_painted_with_their_numbers(blobs):
    stack = np.stack([blobs, np.zeros_like(blobs), blobs])
    image = sam.PromptableImage(stack, ThresholdBackend(), axes="zyx")
    asked = {
        sam.Address(2, 7): BIG,
        sam.Address(0, 300): SMALL,
        sam.Address(2, 1): SMALL,
    }
    found = segment_objects(image, asked)
    assert list(found) == list(asked)
    assert image.backend.decoded == 2, "one call for each plane"
    labels = paint(found, image.frames)
    assert labels.shape == stack.shape
    assert np.unique(labels[0]).tolist() == [0, 300]
    assert np.unique(labels[1]).tolist() == [0]
    assert np.unique(labels[2]).tolist() == [0, 1, 7]


def test_where_masks_overlap_the_later_is_on_top(blobs):
    image = sam.PromptableImage(blobs, ThresholdBackend())
    half = sam.Prompts.rectangle(0, 0, 20, 64).point(15, 25)
    found = segment_objects(image, {sam.Address(0, 1): BIG, sam.Address(0, 2): half})
    labels = paint(found, image.frames)
    assert ((labels == 1).sum(), (labels == 2).sum()) == (200, 200)


def test_public_names_are_listed_sorted_and_there():
    assert sorted(sam.__all__) == sam.__all__
    for name in sam.__all__:
        assert getattr(sam, name) is not None
    assert set(sam.__all__) <= set(dir(sam))
    with pytest.raises(AttributeError, match="no attribute 'segmnt'"):
        _ = sam.segmnt


def test_an_image_that_was_opened_is_an_image(threshold_model, tmp_path, blobs):
    write_labels(tmp_path / "a.tif", np.stack([blobs, blobs.T]), axes="tyx")
    opened = sam.read_image(tmp_path / "a.tif")
    asked = sam.Prompts.point(25, 15)
    for image in (opened, opened.frames, tmp_path / "a.tif"):
        found = sam.segment(image, asked, frame=1, model="threshold")
        assert found.region == sam.Region(20, 10, 40, 30)


def test_painting_writes_only_the_windows_of_the_masks(blobs):
    class Windows:
        def __init__(self, shape):
            self.data, self.shape, self.touched = np.zeros(shape, "u4"), shape, []

        def __getitem__(self, where):
            self.touched.append(where)
            return self.data[where]

        def __setitem__(self, where, values):
            self.data[where] = values

    from napari_sam.api import paint
    from napari_sam.core.address import Address
    from napari_sam.core.errors import ImageError
    from napari_sam.testing import ThresholdBackend

    image = sam.PromptableImage(blobs, ThresholdBackend())
    answers = {Address(0, 7): image.segment(sam.Prompts.point(15, 25))}
    out = Windows(blobs.shape)
    assert paint(answers, image.frames, out=out) is out
    assert out.touched == [(slice(10, 30), slice(20, 40))]
    np.testing.assert_array_equal(out.data, paint(answers, image.frames))
    with pytest.raises(ImageError, match="shape"):
        paint(answers, image.frames, out=Windows((3, 3)))
