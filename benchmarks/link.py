"""How well objects that were found frame by frame are linked, on real sequences.

    python benchmarks/link.py DATA [SEQUENCE ...]

DATA has ``timelapse/NAME/01_GT/TRA`` in the layout of the Cell Tracking Challenge, with
whole masks. Their numbers are drawn anew on each frame, linked, and compared with the
truth. Then the same once more, with all frames moved on by 9 rows and 6 columns. Where
LapTrack is installed, it links the same objects: by the distance of centroids, up to
two diameters, and by overlap. The last table is of drawn movies, anyone's.
"""

import argparse
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

import napari_sam as sam
from napari_sam.core.linking import Detection, Link
from napari_sam.core.progress import Progress
from napari_sam.evaluation.track_accuracy import DivisionCounts, track_accuracy
from napari_sam.synthetic import draw_timelapse
from napari_sam.tracking import Edge, LinkSettings, Tracks
from napari_sam.tracking.linking.frame_objects import read_time, rows_of
from napari_sam.tracking.linking.nearness import diameter

#: Rows and columns that every frame is moved on by.
DRIFT = (9, 6)


class ByLapTrack:
    """LapTrack as a linker: divisions and gaps of two frames, no drift."""

    def __init__(self, kind):
        self.kind = kind

    def link(self, labels, axis, *, image=None):
        count = labels.sizes[axis]
        planes = [read_time(labels, axis, t)[0] for t in range(count)]
        yield Progress(count, count, "linking")
        table, splits, _ = getattr(self, f"by_{self.kind}")(planes)
        rows = table.reset_index().sort_values("frame")
        tracks = {
            track: list(map(Detection, own.frame.tolist(), own.label.tolist()))
            for track, own in rows.groupby("track_id")
        }
        links = [Link(*two) for own in tracks.values() for two in pairwise(own)]
        names = ("parent_track_id", "child_track_id")
        pairs = zip(*(splits.get(name, ()) for name in names), strict=True)
        return links + [Link(tracks[a][-1], tracks[b][0]) for a, b in pairs]

    def by_distance(self, planes):
        import pandas as pd
        from laptrack import LapTrack

        objects = [rows_of(plane[None]).objects for plane in planes]
        limit = (2 * diameter(np.concatenate([o.areas for o in objects]))) ** 2
        table = pd.DataFrame(
            [
                {"frame": t, "label": n, "y": place[1], "x": place[2]}
                for t, o in enumerate(objects)
                for n, place in zip(o.labels.tolist(), o.places.tolist(), strict=True)
            ]
        )
        tracker = LapTrack(
            cutoff=limit, gap_closing_cutoff=limit, splitting_cutoff=limit
        )
        return tracker.predict_dataframe(table, ["y", "x"], only_coordinate_cols=False)

    def by_overlap(self, planes):
        from laptrack import OverLapTrack

        tracker = OverLapTrack(cutoff=0.9, gap_closing_cutoff=0.9, splitting_cutoff=0.9)
        return tracker.predict_overlap_dataframe(planes)


def ways():
    """Linkers by name, with their settings."""
    found = {
        "overlap": ("overlap", LinkSettings()),
        "  no drift": ("overlap", LinkSettings(drift=False)),
        "  no divisions": ("overlap", LinkSettings(divisions=False)),
    }
    try:
        import laptrack  # noqa: F401
    except ImportError:
        return found
    for kind in ("distance", "overlap"):
        found[f"LapTrack, {kind}"] = (ByLapTrack(kind), None)
    return found


def moved(tracks):
    """The same tracks on a larger canvas, which the frames move over."""
    labels = np.asarray(tracks.labels)
    room = [abs(d) * (len(labels) - 1) for d in DRIFT]
    wide = np.pad(labels, ((0, 0), *((0, n) for n in room)))
    planes = [np.roll(p, np.multiply(DRIFT, t), (0, 1)) for t, p in enumerate(wide)]
    return tracks.changed(source=np.stack(planes))


def mixed(tracks, seed=0):
    """Labels of tracks, numbered anew on each frame."""
    draw = np.random.default_rng(seed)
    labels = np.asarray(tracks.labels)
    most = int(labels.max())
    return np.stack([np.append(0, 1 + draw.permutation(most))[p] for p in labels])


def compare(name, truths):
    """Print a row for each way: means over movies, and sums of divisions."""
    print(f"\n{name}")
    heads = ["linker", "LNK", "TRA", "CHOTA", "division F1", "right", "wrong", "missed"]
    heads += ["ms a frame"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for way, (method, settings) in ways().items():
        rows, seconds = [], 0.0
        for truth in truths:
            labels = mixed(truth)
            begin = time.process_time()
            tracks = sam.link(labels, axes="tyx", method=method, settings=settings)
            seconds += time.process_time() - begin
            rows.append(track_accuracy(truth, tracks))
        counts = [
            sum(getattr(r.divisions, n) for r in rows)
            for n in ("right", "wrong", "missed")
        ]
        divisions = DivisionCounts(*counts)
        means = [
            np.mean([getattr(r, n) for r in rows]) for n in ("lnk", "tra", "chota")
        ]
        frames = sum(len(t.source) for t in truths)
        cells = [way, *(f"{m:.3f}" for m in means)]
        cells += ["-" if divisions.f1 is None else f"{divisions.f1:.2f}"]
        cells += [*map(str, counts), f"{1000 * seconds / frames:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def drawn(seed):
    """True tracks of a drawn movie."""
    movie = draw_timelapse(seed, frames=20, size=256, cells=8)
    present = set(np.unique(movie.labels).tolist())
    siblings = {}
    for child, parent in movie.parents.items():
        siblings.setdefault(parent, []).append(child)
    edges = [
        Edge(parent, child)
        for parent, children in siblings.items()
        if len(present.intersection(children)) > 1 and parent in present
        for child in children
    ]
    return Tracks.from_labels(movie.labels.astype(np.uint16), axes="tyx", edges=edges)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--movies", type=int, default=5, help="drawn ones")
    options = parser.parse_args()
    paths = sorted(options.data.glob("timelapse/*/01_GT/TRA")) if options.data else []
    for path in paths:
        name = path.parents[1].name
        if options.names and not any(one in name for one in options.names):
            continue
        truth = sam.read_tracks(path)
        print(f"\n{name}: {truth}")
        compare(name, [truth])
        compare(f"{name}, drifting", [moved(truth)])
    truths = [drawn(seed) for seed in range(options.movies)]
    compare(f"{options.movies} drawn movies", truths)
    compare(f"{options.movies} drawn movies, drifting", [moved(t) for t in truths])


if __name__ == "__main__":
    main()
