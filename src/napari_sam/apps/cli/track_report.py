"""The report of tracks that ``napari-sam evaluate --tracks`` prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from napari_sam.core.propagation import State

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.evaluation.track_accuracy import DivisionCounts
    from napari_sam.tracking import Tracks


def evaluate_tracks(truth: Path, result: str, *, same_ids: bool, as_json: bool) -> None:
    """Measure tracks beside true ones, and print the figures."""
    from napari_sam.evaluation.track_accuracy import track_accuracy
    from napari_sam.tracking import read_tracks

    both = read_tracks(truth), read_tracks(result)
    found = track_accuracy(*both)
    masks = _of_masks(*both) if same_ids else {}
    if as_json:
        click.echo(json.dumps(asdict(found) | masks, indent=1))
        return
    for name, value in masks.items():
        click.echo(f"{name.upper():6} {_text(value)}")
    for name in ("tra", "det", "lnk", "seg", "chota"):
        click.echo(f"{name.upper():6} {_text(getattr(found, name))}")
    click.echo(f"divisions         {_counts(found.divisions)}")
    click.echo(f"within one frame  {_counts(found.divisions_near)}")


def _of_masks(truth: Tracks, result: Tracks) -> dict[str, float | None]:
    """Return J and F of DAVIS, without frames that a person prompted or approved."""
    from napari_sam.evaluation import mask_fs, mask_ious, mean_j

    given = {
        s.id: set(s.frames[s.states != State.PROPAGATED].tolist())
        for s in result.segments
    }
    return {
        "j": mean_j(mask_ious(truth, result), given),
        "f": mean_j(mask_fs(truth, result), given),
    }


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _counts(found: DivisionCounts) -> str:
    return (
        f"F1 {_text(found.f1)}: {found.right} right, {found.wrong} wrong, "
        f"{found.missed} missed"
    )
