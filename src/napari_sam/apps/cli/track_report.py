"""What ``napari-sam evaluate --tracks`` prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.evaluation.track_accuracy import DivisionCounts


def evaluate_tracks(truth: Path, result: str, *, as_json: bool) -> None:
    """Measure tracks beside true ones, and print the figures."""
    from napari_sam.evaluation.track_accuracy import track_accuracy
    from napari_sam.tracking import read_tracks

    found = track_accuracy(read_tracks(truth), read_tracks(result))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
        return
    for name in ("tra", "det", "lnk", "seg", "chota"):
        click.echo(f"{name.upper():6} {_text(getattr(found, name))}")
    click.echo(f"divisions         {_counts(found.divisions)}")
    click.echo(f"within one frame  {_counts(found.divisions_near)}")


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _counts(found: DivisionCounts) -> str:
    return (
        f"F1 {_text(found.f1)}: {found.right} right, {found.wrong} wrong, "
        f"{found.missed} missed"
    )
