"""How good tracks are beside true ones: the measures of the Cell Tracking Challenge.

The measures are computed by py-ctcmetrics, of the makers of CHOTA; what it compares is
matched here, frame by frame, so that nothing is written to files.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.core.propagation.lineage import whole_events
from napari_sam.io.optional_packages import import_optional
from napari_sam.tracking.ctc_tracks import ctc_tracks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.io.writers.ctc import CtcTrack
    from napari_sam.tracking import Tracks

_MEASURES = ("SEG", "DET", "TRA", "LNK", "CHOTA", "BC")


@dataclass(frozen=True, slots=True)
class DivisionCounts:
    """Divisions found, and what they are worth.

    A division is found where the mother and each of her daughters cover those of a true
    one by more than half, and no frame is off by more than the tolerance.

    Attributes
    ----------
    right, wrong, missed
        Numbers of divisions: in both, only in the result, only in the truth.
    """

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where nothing divides."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else None


@dataclass(frozen=True, slots=True)
class TrackAccuracy:
    """Measures of tracks, 0 to 1, of which 1 is best.

    Attributes
    ----------
    seg
        Mean IoU of true objects with those that cover them by more than half.
    det, tra, lnk
        Objects, tracks, and links alone: 1 less the cost of the steps that turn the
        result into the truth, beside that of making it of nothing (Matula et al. 2015).
        None where nothing can be linked.
    chota
        Association over whole lineages (Kaiser et al. 2024).
    divisions
        On the very frame.
    divisions_near
        Off by one frame at most.
    """

    seg: float
    det: float
    tra: float
    lnk: float | None
    chota: float
    divisions: DivisionCounts
    divisions_near: DivisionCounts


def track_accuracy(truth: Tracks, result: Tracks) -> TrackAccuracy:
    """Measure tracks beside true ones; both are read frame by frame.

    Merges are left out, since the challenge has none. Where the truth has an object in
    no frame, there is nothing to measure.

    Parameters
    ----------
    truth, result
        Tracks of the same frames, along the same axis.

    Raises
    ------
    TrackError
        If they are of different frames, or one of them has no object.
    MissingPackageError
        If py-ctcmetrics is not installed.
    """
    if truth.labels.shape != result.labels.shape or truth.axis != result.axis:
        raise TrackError(
            f"Tracks of {truth.source!r} along {truth.axis} and of {result.source!r} "
            f"along {result.axis} cannot be compared: expected the same frames."
        )
    if not truth.segments or not result.segments:
        raise TrackError("There is nothing to compare: one of both has no tracks.")
    package = import_optional(
        "ctc_metrics.scripts.evaluate", "Measuring tracks", pip="py-ctcmetrics"
    )
    rows = [ctc_tracks(_without_merges(tracks)) for tracks in (truth, result)]
    matched = _matched(truth, result, rows)
    tables = [np.array([row[:4] for row in some]) for some in rows]
    with contextlib.redirect_stdout(io.StringIO()):
        found: dict[str, float] = package.calculate_metrics(
            tables[1], tables[0], matched, dict(matched), [*_MEASURES], True
        )
    linked = max(map(len, truth.segments)) > 1 or bool(truth.edges)
    return TrackAccuracy(
        seg=float(found["SEG"]),
        det=float(found["DET"]),
        tra=float(found["TRA"]),
        lnk=float(found["LNK"]) if linked else None,
        chota=float(found["CHOTA"]),
        divisions=_divisions(found, 0),
        divisions_near=_divisions(found, 1),
    )


def _divisions(found: dict[str, float], tolerance: int) -> DivisionCounts:
    names = (f"{kind}_div({tolerance})" for kind in ("tp", "fp", "fn"))
    return DivisionCounts(*(int(found[name]) for name in names))


def _without_merges(tracks: Tracks) -> Tracks:
    edges = [e for e in tracks.edges if e.target not in tracks.merges]
    return tracks.changed(edges=whole_events(edges))


class _Match(NamedTuple):
    """Numbers of objects of a frame, and of those that match, with their IoU."""

    truth: list[int]
    result: list[int]
    matched_truth: list[int]
    matched_result: list[int]
    ious: list[float]


def _matched(
    truth: Tracks, result: Tracks, rows: Sequence[Sequence[CtcTrack]]
) -> dict[str, list[list[float]]]:
    """Match every time, under the names that py-ctcmetrics has for it."""
    at = truth.axes.index(truth.axis)
    found = []
    for time in range(truth.labels.shape[at]):
        window = (slice(None),) * at + (time,)
        planes = (
            _renumbered(np.asarray(tracks.labels[window]), time, own)
            for tracks, own in zip((truth, result), rows, strict=True)
        )
        found.append(_match(*planes))
    names = ("labels_ref", "labels_comp", "mapped_ref", "mapped_comp", "ious")
    columns = zip(*found, strict=True)
    return {n: [*column] for n, column in zip(names, columns, strict=True)}


def _renumbered(
    pixels: NDArray[np.generic], time: int, rows: Sequence[CtcTrack]
) -> NDArray[np.int64]:
    """Return labels numbered as the rows of the challenge are, which have no gaps."""
    here = {r.source: r.label for r in rows if r.begin <= time <= r.end}
    labels, at = np.unique(pixels, return_inverse=True)
    numbers = np.array([here.get(i, 0) for i in labels.tolist()], np.int64)
    return numbers[at].reshape(pixels.shape)


def _match(truth: NDArray[np.int64], result: NDArray[np.int64]) -> _Match:
    """Match objects: more than half of the true one is covered."""
    ids, sizes = np.unique(truth[truth > 0], return_counts=True)
    others, areas = np.unique(result[result > 0], return_counts=True)
    both = (truth > 0) & (result > 0)
    pairs, common = np.unique(
        np.stack([truth[both], result[both]]), axis=1, return_counts=True
    )
    size = sizes[np.searchsorted(ids, pairs[0])]
    union = size + areas[np.searchsorted(others, pairs[1])] - common
    covered = 2 * common > size
    return _Match(
        ids.tolist(),
        others.tolist(),
        pairs[0][covered].tolist(),
        pairs[1][covered].tolist(),
        (common / union)[covered].tolist(),
    )
