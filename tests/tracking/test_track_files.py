"""Tracks in files: what is written is read again, also by other programs."""

import csv

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_sam as sam
from napari_sam.core.errors import ImageError, MissingFileError, TrackError
from napari_sam.testing.linker_suite import cells
from napari_sam.tracking import Edge, Segment, State, Tracks


def family():
    """A gap, a division, an absent frame, doubt, a merge, and an id that was used."""
    labels = np.zeros((7, 8, 60), np.uint16)
    segments = [
        Segment(2, [0, 1, 3], [7, 7, 9], confidences=[1, 0.25, 0.5], flags=[0, 1, 0]),
        Segment(4, [4, 5], states=[State.PROMPTED, State.APPROVED]),
        Segment(5, [4, 5], states=[State.PROPAGATED, State.ABSENT], labels=[5, 0]),
        Segment(6, [0, 1]),
        Segment(8, [2]),
        Segment(9, [0, 1]),
    ]
    for s in segments:
        for frame, label in zip(s.frames, s.labels, strict=True):
            labels[frame, 2:5, label] = label
    edges = [Edge(2, 4), Edge(2, 5), Edge(6, 8), Edge(9, 8)]
    return Tracks(labels, segments, edges, next_id=20)


def without_merges(tracks):
    edges = [e for e in tracks.edges if e.target not in tracks.merges]
    return tracks.changed(edges=edges)


def numbered_by_id(tracks):
    """Segments whose labels are their ids, as they are in labels that were written."""
    return [s.changed(labels=np.where(s.labels > 0, s.id, 0)) for s in tracks.segments]


def same_labels(one, other):
    return np.array_equal(np.asarray(one.labels), np.asarray(other.labels))


@pytest.mark.parametrize("name", ["t.zarr", "t.geff"])
def test_a_graph_with_labels_loses_nothing(tmp_path, name):
    tracks = family()
    tracks.save(tmp_path / name)
    for path in (tmp_path / name, tmp_path / name / "tracks.geff"):
        again = sam.read_tracks(path)
        assert list(again.segments) == numbered_by_id(tracks)
        assert again.edges == tracks.edges
        assert again.next_id == 20
        assert same_labels(again, tracks)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_planes_of_volumes_keep_what_is_known_of_each(tmp_path):
    flat = cells(divides=True)
    tracks = sam.link(np.stack([flat] * 8, axis=1), axes="tzyx")
    first = tracks.segments[0]
    doubtful = first.changed(confidences=np.linspace(0, 1, len(first)))
    tracks = tracks.changed(segments=[doubtful, *tracks.segments[1:]])
    tracks.save(tmp_path / "t.zarr")
    again = sam.read_tracks(tmp_path / "t.zarr")
    assert list(again.segments) == numbered_by_id(tracks)
    assert again.divisions == tracks.divisions == {3: (4, 5)}
    assert again.axes == "tzyx"


def test_other_programs_read_the_graph(tmp_path):
    geff = pytest.importorskip("geff")
    tracks = family()
    tracks.save(tmp_path / "t.zarr")
    geff.validate_structure(tmp_path / "t.zarr" / "tracks.geff")
    graph, facts = geff.read(tmp_path / "t.zarr" / "tracks.geff")
    assert [a.name for a in facts.axes] == ["t", "y", "x"]
    nodes = {n: (d["track"], d["t"], d["y"], d["x"]) for n, d in graph.nodes.items()}
    rows, _, _ = tracks.to_napari()
    assert sorted(nodes.values()) == [tuple(r) for r in rows.tolist()]
    links = {(nodes[a][:2], nodes[b][:2]) for a, b in graph.edges}
    assert ((2, 1), (2, 3)) in links  # over the gap
    assert {((2, 3), (4, 4)), ((2, 3), (5, 4)), ((6, 1), (8, 2))} <= links
    assert len(links) == 2 + 1 + 1 + 1 + 4
    (related,) = facts.related_objects
    labels = zarr.open(tmp_path / "t.zarr/tracks.geff" / related.path / "0", mode="r")
    assert np.array_equal(labels[:], tracks.labels)
    assert related.label_prop == "track"


def test_a_graph_that_another_program_changed_is_read_as_it_is_now(tmp_path):
    tracks = family()
    tracks.save(tmp_path / "t.zarr")
    group = zarr.open_group(tmp_path / "t.zarr" / "tracks.geff", mode="a")
    edges = group["edges/ids"][:]
    times = group["nodes/props/t/values"][:]
    kept = edges[times[edges[:, 0]] != 3]  # nothing divides
    del group["edges/ids"]
    group["edges"].create_array("ids", data=kept)
    again = sam.read_tracks(tmp_path / "t.zarr")
    assert again.divisions == {}
    assert len(again.merges) == 1
    assert same_objects(again, tracks)


def same_objects(one, other):
    return np.array_equal(np.asarray(one.labels) > 0, np.asarray(other.labels) > 0)


def test_a_graph_of_another_program_is_read_with_its_labels(tmp_path):
    geff = pytest.importorskip("geff")
    nx = pytest.importorskip("networkx")
    labels = cells(divides=True)
    tracks = sam.link(labels, axes="tyx")
    rows = [
        (s.id, frame, label)
        for s in tracks.segments
        for frame, label in zip(s.frames, s.labels, strict=True)
    ]
    graph = nx.DiGraph()
    for k, (_, frame, label) in enumerate(rows):
        graph.add_node(900 - k, time=int(frame), r=1.0, c=2.0, seg=int(label))
    name = {(i, int(f)): 900 - k for k, (i, f, _) in enumerate(rows)}
    for s in tracks.segments:
        for a, b in zip(s.frames[:-1].tolist(), s.frames[1:].tolist(), strict=True):
            graph.add_edge(name[s.id, a], name[s.id, b])
    for e in tracks.edges:
        ends = tracks[e.source].last, tracks[e.target].first
        graph.add_edge(name[e.source, ends[0]], name[e.target, ends[1]])
    path = tmp_path / "other.zarr" / "graph"
    geff.write(
        graph, path, axis_names=["time", "r", "c"], axis_types=["time", *["space"] * 2]
    )
    with pytest.raises(TrackError, match="give labels="):
        sam.read_tracks(path)
    group = zarr.open_group(path, mode="a")
    facts = dict(group.attrs["geff"])
    facts["track_node_props"] = {"tracklet": "seg"}
    group.attrs["geff"] = facts
    again = sam.read_tracks(path, labels=labels, axes="tyx")
    assert again.segments == tracks.segments
    assert again.edges == tracks.edges
    with pytest.raises(TrackError, match="no object in the labels"):
        sam.read_tracks(path, labels=np.zeros_like(labels), axes="tyx")


def test_the_challenge_keeps_gaps_and_divisions(tmp_path):
    tracks = without_merges(family())
    tracks.save(tmp_path / "01_RES")
    again = sam.read_tracks(tmp_path / "01_RES")
    assert same_labels(again, tracks)
    assert again.edges == tracks.edges
    assert [s.frames.tolist() for s in again.segments] == [
        s.frames[s.present].tolist() for s in tracks.segments
    ]


def test_the_challenge_has_volumes_and_what_is_wrong_is_said(tmp_path):
    volume = np.stack([cells(divides=True)] * 8, axis=1)
    tracks = sam.link(volume, axes="tzyx")
    tracks.save(tmp_path / "01", format="ctc")
    again = sam.read_tracks(tmp_path / "01")
    assert same_labels(again, tracks)
    assert again.edges == tracks.edges
    table = tmp_path / "01" / "res_track.txt"
    table.write_text(table.read_text().replace("1 0 5 0\n", ""))
    with pytest.raises(TrackError, match=r"\[1\], which have no row"):
        sam.read_tracks(tmp_path / "01")
    table.write_text("a b c d\n")
    with pytest.raises(TrackError, match="no row of label"):
        sam.read_tracks(tmp_path / "01")


def test_a_table_is_read_with_the_labels_that_it_is_of(tmp_path):
    tracks = family()
    tracks.save(tmp_path / "t.csv")
    again = sam.read_tracks(tmp_path / "t.csv", labels=tracks.source)
    assert again.segments == tracks.segments
    assert again.edges == tracks.edges
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "track", "t", "y", "x", "state", "confidence", "flagged", "label", "parents"
    ]  # fmt: skip
    data = [[float(r[a]) for a in ("track", "t", "y", "x")] for r in rows if r["label"]]
    assert data == tracks.to_napari().data.tolist()
    with pytest.raises(TrackError, match="labels="):
        sam.read_tracks(tmp_path / "t.csv")
    with pytest.raises(TrackError, match="table of these labels"):
        sam.read_tracks(
            tmp_path / "t.csv", labels=np.zeros((7, 8, 60), int), axes="tyx"
        )


def test_labels_are_tracks_of_objects_with_one_number(tmp_path):
    tracks = sam.link(cells(), axes="tyx")
    tracks.save(tmp_path / "t.tif")
    again = sam.read_tracks(tmp_path / "t.tif")
    assert again.segments == tuple(numbered_by_id(tracks))


def test_what_is_there_stays_and_what_cannot_be_is_refused(tmp_path):
    tracks = family()
    (tmp_path / "t.zarr").mkdir()
    (tmp_path / "t.zarr" / "precious.txt").write_text("")
    with pytest.raises(ImageError, match="there already"):
        tracks.save(tmp_path / "t.zarr")
    for form in ("geff", "ctc"):
        with pytest.raises(ImageError, match=r"holds precious\.txt"):
            without_merges(tracks).save(
                tmp_path / "t.zarr", format=form, overwrite=True
            )
    assert (tmp_path / "t.zarr" / "precious.txt").exists()
    tracks.save(tmp_path / "u.zarr")
    tracks.changed(edges=[]).save(tmp_path / "u.zarr", overwrite=True)
    assert sam.read_tracks(tmp_path / "u.zarr").edges == ()
    with pytest.raises(TrackError, match="'geff', 'csv'"):
        tracks.save(tmp_path / "t.xml", format="mamut")
    with pytest.raises(MissingFileError):
        sam.read_tracks(tmp_path / "nothing.tif")


@st.composite
def tracks_of_chance(draw):
    """Random divisions and gaps; each object is a column of pixels."""
    segments, edges, free, number = [], [], [], 0
    for _ in range(draw(st.integers(1, 12))):
        mother = draw(st.sampled_from([None, *free]))
        starts = 0 if mother is None else mother.last + 1
        if mother is not None:
            free.remove(mother)
        for _ in range(1 if mother is None else draw(st.integers(2, 3))):
            number += draw(st.integers(1, 3))
            steps = draw(st.lists(st.integers(1, 3), max_size=3))
            frames = np.cumsum([starts + draw(st.integers(0, 2)), *steps])
            segments.append(Segment(number, frames))
            free.append(segments[-1])
            edges += [] if mother is None else [Edge(mother.id, number)]
    labels = np.zeros((1 + max(s.last for s in segments), 1, number + 1), np.uint16)
    for s in segments:
        labels[s.frames, 0, s.id] = s.id
    return Tracks(labels, segments, edges)


@settings(deadline=None, max_examples=12)
@given(tracks_of_chance())
def test_any_lineage_comes_back(tmp_path_factory, tracks):
    folder = tmp_path_factory.mktemp("tracks")
    for name in ("a.zarr", "b", "c.csv"):
        tracks.save(folder / name)
        labels = tracks.source if name == "c.csv" else None
        again = sam.read_tracks(folder / name, labels=labels)
        assert again.edges == tracks.edges
        assert same_labels(again, tracks)
