"""`sam.annotate(view="napari")`: the dock, and what a script sees of it."""

import napari
import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import SessionError, SettingError


def test_a_script_reads_what_a_person_does_in_the_dock(
    blobs, threshold_model, make_napari_viewer, monkeypatch, until
):
    viewer = make_napari_viewer()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    annotation = sam.annotate(blobs, model=threshold_model, view="napari")
    assert annotation.labels.shape == blobs.shape
    annotation.session.set_prompts(sam.Prompts.point(15, 25))
    until(lambda: annotation.annotator.candidates.masks)
    annotation.annotator.commits.commit()
    assert np.array_equal(annotation.labels > 0, blobs == 200)
    assert list(annotation.prompts.values()) == [sam.Prompts.point(15, 25)]
    annotation.annotator.close()
    with pytest.raises(SessionError, match="No image is open"):
        _ = annotation.session


def test_napari_takes_a_model_by_its_name(blobs):
    with pytest.raises(SettingError, match="opened by its name"):
        sam.annotate(blobs, model=object(), view="napari")
