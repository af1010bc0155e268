"""``napari-sam models``: which models there are."""

from __future__ import annotations

import click


@click.group()
def models() -> None:
    """Models that --model can name."""


@models.command("list")
def list_() -> None:
    """List the names of all models, and which package offers each."""
    from napari_sam.core.registry import offered

    for name, package in offered():
        click.echo(f"{name:16}  from {package}")
