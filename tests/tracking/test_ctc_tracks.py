import numpy as np
import pytest
import tifffile

from napari_sam.core.errors import ImageError, TrackError
from napari_sam.tracking import Edge, Segment, Tracks
from napari_sam.tracking.ctc_tracks import ctc_tracks, save_ctc


def tracks_of(*segments, edges=()):
    labels = np.zeros((8, 4, 400), np.uint16)
    for s in segments:
        for f, n in zip(s.frames, s.labels, strict=True):
            labels[f, 1, n] = n
    return Tracks(labels, segments, edges)


def test_a_gap_becomes_two_tracks_and_a_daughter_comes_from_the_last_part():
    tracks = tracks_of(
        Segment(1, [0, 1, 4]), Segment(2, [5]), Segment(3, [5, 6]),
        edges=[Edge(1, 2), Edge(1, 3)],
    )  # fmt: skip
    rows = [tuple(row)[:4] for row in ctc_tracks(tracks)]
    assert rows == [(1, 0, 1, 0), (4, 4, 4, 1), (2, 5, 5, 4), (3, 5, 6, 4)]


def test_the_folder_has_every_time_and_what_was_there_stays(tmp_path):
    tracks = tracks_of(Segment(1, [0, 1, 4], [7, 8, 9]))
    save_ctc(tmp_path / "01_RES", tracks)
    masks = [tifffile.imread(p) for p in sorted((tmp_path / "01_RES").glob("*.tif"))]
    assert [int(m.max()) for m in masks] == [1, 1, 0, 0, 2, 0, 0, 0]
    assert masks[0].dtype == np.uint16
    with pytest.raises(ImageError, match="there already"):
        save_ctc(tmp_path / "01_RES", tracks)
    save_ctc(tmp_path / "01_RES", tracks_of(Segment(5, [0])), overwrite=True)
    assert (tmp_path / "01_RES" / "res_track.txt").read_text() == "5 0 0 0\n"
    assert [p.name for p in tmp_path.iterdir()] == ["01_RES"]


def test_merges_cannot_be_said():
    merged = tracks_of(
        Segment(1, [0]), Segment(2, [0]), Segment(3, [1]),
        edges=[Edge(1, 3), Edge(2, 3)],
    )  # fmt: skip
    with pytest.raises(TrackError, match="one parent"):
        save_ctc("nowhere", merged)
