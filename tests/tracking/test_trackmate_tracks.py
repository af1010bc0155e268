"""Tracks in TrackMate's XML: its structure, and what is read of it again."""

from xml.etree import ElementTree

import numpy as np
import pytest

import napari_sam as sam
from napari_sam import io
from napari_sam.core.errors import ImageError, TrackError
from napari_sam.testing.linker_suite import cells
from napari_sam.tracking import Edge, Segment, State, Tracks


def family():
    """A gap, a division, a merge, doubt, ids with holes, and labels that are no ids."""
    labels = np.zeros((7, 12, 60), np.uint16)
    segments = [
        Segment(2, [0, 1, 3], [7, 7, 9], confidences=[1, 0.25, 0.5], flags=[0, 1, 0]),
        Segment(4, [4, 5], states=[State.PROMPTED, State.APPROVED]),
        Segment(5, [4, 5]),
        Segment(6, [0, 1]),
        Segment(8, [2]),
        Segment(9, [0, 1]),
        Segment(11, [6]),
    ]
    for s in segments:
        for frame, label in zip(s.frames, s.labels, strict=True):
            labels[frame, 2:5, 4 * label : 4 * label + 3] = label
            labels[frame, 5, 4 * label] = label
    edges = [Edge(2, 4), Edge(2, 5), Edge(6, 8), Edge(9, 8)]
    return Tracks(labels, segments, edges)


def numbered_by_spot(segments):
    return [
        (s.id, s.frames.tolist(), s.states.tolist(), s.confidences.tolist(),
         s.flags.tolist()) for s in segments
    ]  # fmt: skip


def image(**changes):
    scale = {"t": 300.0, "y": 0.5, "x": 0.5}
    units = {"t": "second", "y": "micrometer", "x": "micrometer"}
    pixels = np.zeros((7, 12, 60), np.uint8)
    return io.Image(data=pixels, axes="tyx", scale=scale, units=units, **changes)


@pytest.mark.parametrize("like", [None, image()])
def test_masks_lineage_and_what_is_known_of_frames_come_back(tmp_path, like):
    tracks = family()
    tracks.save(tmp_path / "t.xml", like=like)
    again = sam.read_tracks(tmp_path / "t.xml")
    assert np.array_equal(again.labels, tracks.labels)
    assert again.edges == tracks.edges
    assert numbered_by_spot(again.segments) == numbered_by_spot(tracks.segments)


def test_with_the_labels_that_it_is_of_nothing_is_painted(tmp_path):
    labels = np.array(cells(divides=True))
    labels[:, 3:5, 3:5] = 0
    tracks = sam.link(labels, axes="tyx")
    tracks.save(tmp_path / "t.xml")
    again = sam.read_tracks(tmp_path / "t.xml", labels=labels, axes="tyx")
    assert again.segments == tracks.segments
    assert again.divisions == tracks.divisions
    with pytest.raises(TrackError, match="have no object in the labels"):
        sam.read_tracks(tmp_path / "t.xml", labels=np.zeros_like(labels), axes="tyx")


def test_the_file_is_built_as_trackmate_builds_it(tmp_path):
    tracks = family()
    tracks.save(tmp_path / "t.xml", like=image(path="/data/movie.tif"))
    root = ElementTree.parse(tmp_path / "t.xml").getroot()
    assert root.tag == "TrackMate"
    assert [e.tag for e in root] == [
        "Model", "Settings", "GUIState", "DisplaySettings"
    ]  # fmt: skip
    model = root.find("Model")
    assert model.attrib == {"spatialunits": "µm", "timeunits": "sec"}
    assert [e.tag for e in model] == [
        "FeatureDeclarations", "AllSpots", "AllTracks", "FilteredTracks"
    ]  # fmt: skip
    spots = model.findall("AllSpots/SpotsInFrame/Spot")
    declared = {
        f.get("feature") for f in model.iterfind("FeatureDeclarations/SpotFeatures/*")
    }
    free = {"ID", "name", "ROI_N_POINTS"}
    assert all(set(s.attrib) - free <= declared for s in spots)
    assert len(spots) == int(model.find("AllSpots").get("nspots")) == 13
    one = spots[0]
    assert float(one.get("POSITION_T")) == 0
    assert float(spots[-1].get("POSITION_T")) == 6 * 300
    xy = np.array(one.text.split(), float).reshape(-1, 2)
    assert len(xy) == int(one.get("ROI_N_POINTS"))
    middle = float(one.get("POSITION_X")), float(one.get("POSITION_Y"))
    corner = (xy + middle).min(0)
    pixels = np.argwhere(tracks.labels[0] == 2).min(0)[::-1]
    assert corner == pytest.approx((pixels - 0.5) * 0.5, abs=1e-4)
    ids = [s.get("ID") for s in spots]
    links = [
        {e.get("SPOT_SOURCE_ID"), e.get("SPOT_TARGET_ID")}
        for e in model.iterfind("AllTracks/Track/Edge")
    ]
    assert len(links) == 2 + 2 + 2 + 1 + 1 + 2  # within segments, and between them
    assert set().union(*links) < set(ids)  # a spot alone is no track
    assert len(model.findall("FilteredTracks/TrackID")) == 2
    data = root.find("Settings/ImageData")
    assert (data.get("filename"), data.get("folder")) == ("movie.tif", "/data/")
    assert float(data.get("timeinterval")) == 300


def test_volumes_are_balls_and_read_with_their_labels(tmp_path):
    flat = cells(divides=True)
    volume = np.stack([flat] * 8, axis=1)
    tracks = sam.link(volume, axes="tzyx")
    tracks.save(tmp_path / "t.xml")
    again = sam.read_tracks(tmp_path / "t.xml", labels=volume, axes="tzyx")
    assert again.segments == tracks.segments
    balls = sam.read_tracks(tmp_path / "t.xml")
    assert balls.axes == "tzyx"
    assert balls.divisions == tracks.divisions
    whole = (np.asarray(balls.labels) > 0).sum() / (volume > 0).sum()
    assert 0.6 < whole < 1.3


OTHERS = """<?xml version="1.0" encoding="UTF-8"?>
<TrackMate version="7.6.1"><Log>made elsewhere</Log>
<Model spatialunits="pixel" timeunits="frame"><AllSpots nspots="5">
<SpotsInFrame frame="0">
<Spot ID="90" name="a" FRAME="0" POSITION_X="5" POSITION_Y="4" POSITION_Z="0" RADIUS="2" VISIBILITY="1" QUALITY="37.2" />
<Spot ID="95" name="hid" FRAME="0" POSITION_X="15" POSITION_Y="4" RADIUS="2" VISIBILITY="1" />
</SpotsInFrame><SpotsInFrame frame="1">
<Spot ID="91" name="b" FRAME="1" POSITION_X="6" POSITION_Y="4" RADIUS="2" VISIBILITY="1" />
<Spot ID="96" name="hid" FRAME="1" POSITION_X="15" POSITION_Y="4" RADIUS="2" VISIBILITY="1" />
<Spot ID="99" name="not shown" FRAME="1" POSITION_X="15" POSITION_Y="9" RADIUS="2" VISIBILITY="0" />
</SpotsInFrame></AllSpots>
<AllTracks>
<Track TRACK_ID="0"><Edge SPOT_SOURCE_ID="91" SPOT_TARGET_ID="90" /></Track>
<Track TRACK_ID="1"><Edge SPOT_SOURCE_ID="95" SPOT_TARGET_ID="96" /></Track>
</AllTracks><FilteredTracks><TrackID TRACK_ID="0" /></FilteredTracks></Model>
<Settings><ImageData width="20" height="12" nslices="1" nframes="2" pixelwidth="1.0" pixelheight="1.0" /></Settings>
</TrackMate>"""  # noqa: E501


def test_what_trackmate_shows_of_a_file_of_its_own_is_read(tmp_path):
    """Tracks that a filter hides are left out; an edge may be written backwards."""
    path = tmp_path / "other.xml"
    path.write_text(OTHERS)
    tracks = sam.read_tracks(path)
    (only,) = tracks.segments
    assert only.frames.tolist() == [0, 1]
    assert only.confidences.tolist() == [1, 1]
    assert tracks.labels.shape == (2, 12, 20)
    first = np.asarray(tracks.labels[0]) == only.id
    assert np.argwhere(first).mean(0) == pytest.approx([4, 5], abs=0.5)
    assert 9 <= first.sum() <= 16


def test_ids_are_given_anew_where_somebody_cut_in_trackmate(tmp_path):
    tracks = family()
    path = tmp_path / "t.xml"
    tracks.save(path)
    tree = ElementTree.parse(path)
    for track in tree.iterfind("Model/AllTracks/Track"):
        for edge in track.findall("Edge")[:1]:
            track.remove(edge)
    tree.write(path)
    again = sam.read_tracks(path)
    assert len(again.segments) > len(tracks.segments)
    assert np.array_equal(np.asarray(again.labels) > 0, np.asarray(tracks.labels) > 0)


def test_what_is_wrong_is_said(tmp_path):
    path = tmp_path / "t.xml"
    path.write_text("<TrackMate><Model><AllSpots/></Model></TrackMate>")
    with pytest.raises(TrackError, match="no spot"):
        sam.read_tracks(path)
    path.write_text("<TrackMate><Model>")
    with pytest.raises(TrackError, match="cannot be read as TrackMate"):
        sam.read_tracks(path)
    path.write_text(OTHERS.replace('FRAME="1"', 'FRAME="x"'))
    with pytest.raises(TrackError, match="cannot be read"):
        sam.read_tracks(path)
    with pytest.raises(ImageError, match="there already"):
        family().save(path)
