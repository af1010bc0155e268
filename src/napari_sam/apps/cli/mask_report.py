"""The report of masks that the command line prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.verbosity import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.jobs import Covered, MaskResult

#: How many objects a warning lists.
_LISTED = 10


def print_masks(masks: Mapping[Address, Prediction | MaskResult]) -> None:
    """Print score, area and box of each mask, with its warnings."""
    say("object  frame  score    area  top,left,bottom,right")
    for at, mask in masks.items():
        r = mask.region
        box = f"{r.top},{r.left},{r.bottom},{r.right}" if mask.area else "-"
        say(f"{at.object_id:6}  {at.frame:5}  {mask.score:5.3f}  {mask.area:6}  {box}")
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


def warn_of_covered(path: object, covered: Covered, count: int) -> None:
    """Say which objects are not in a label image, for later ones lie on them."""
    if not (covered.wholly or covered.partly):
        return
    numbers = [at.object_id for at in covered.wholly]
    listed = ", ".join(map(str, numbers[:_LISTED])) + (
        ", ..." if len(numbers) > _LISTED else ""
    )
    gone = f"{len(numbers)} lie wholly under later ones and are not in it: {listed}"
    parts = f"of {len(covered.partly)} a part is under later ones"
    told = [gone] * bool(numbers) + [parts] * bool(covered.partly)
    click.echo(
        f"{path}: of {count} objects, {'; '.join(told)}. Polygons (.geojson, .gpkg) "
        "and COCO (.json) keep them whole.",
        err=True,
    )
