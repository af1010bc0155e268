"""The report of masks that the command line prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.jobs import MaskResult


def print_masks(masks: Mapping[Address, Prediction | MaskResult]) -> None:
    """Print score, area and box of each mask, with its warnings."""
    click.echo("object  frame  score    area  top,left,bottom,right")
    for at, mask in masks.items():
        r = mask.region
        box = f"{r.top},{r.left},{r.bottom},{r.right}" if mask.area else "-"
        click.echo(
            f"{at.object_id:6}  {at.frame:5}  {mask.score:5.3f}  {mask.area:6}  {box}"
        )
    warn_of_masks(masks)


def warn_of_masks(masks: Mapping[Address, Prediction | MaskResult]) -> None:
    """Name masks that are empty, or incomplete."""
    for at in (at for at, mask in masks.items() if not mask.area):
        click.echo(
            f"The mask of object {at.object_id} in frame {at.frame} is empty.", err=True
        )
    for at in (at for at, mask in masks.items() if not mask.complete):
        click.echo(
            f"Object {at.object_id} in frame {at.frame} goes on beyond what was looked "
            "at: its mask is incomplete. A larger --tile or a box around it helps.",
            err=True,
        )


def warn_of_prompts(path: object, count: int, notes: Sequence[str]) -> None:
    """Say how a file of prompts was read, and how many lie outside of the image."""
    for note in notes:
        click.echo(note, err=True)
    if count:
        click.echo(
            f"{path}: not on the image, and left out: {count} of its features.",
            err=True,
        )
