"""``napari-sam embed``: embeddings ahead of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.cutting import cutting_options, promptable
from napari_sam.apps.cli.looking import looking_options, open_image
from napari_sam.core.errors import PromptError
from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from napari_sam.core.progress import Progress


@click.command(no_args_is_help=True)
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--store", required=True, metavar="PATH", help="Folder where embeddings are kept."
)
@click.option(
    "--region",
    metavar="TOP,LEFT,BOTTOM,RIGHT",
    help="Only tiles that answer for a part of this.",
)
@click.option(
    "--frames", metavar="FIRST[-LAST]", help="Only these planes, counted from 0."
)
@click.option(
    "--background",
    type=float,
    metavar="VALUE",
    help="Skip tiles in which no pixel is above this.",
)
@looking_options
@cutting_options
@click.option("--model", metavar="NAME", help="Which model. [default: pocket]")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Weights of the model.",
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps.")
@click.option(
    "--precision", default="auto", show_default=True, help="float32 or bfloat16."
)
def embed(image: Path, **options: Any) -> None:
    """Look at IMAGE ahead of time, so that later prompts are answered at once.

    What is in the store already is not computed again: after an interruption, give
    the same command.
    """
    from napari_sam.core.grid import Region

    region = _whole("--region", options["region"], ",", (4,))
    ends = _whole("--frames", options["frames"], "-", (1, 2))
    seen = promptable(open_image(image, options), options)
    work = seen.iter_embed(
        region=Region(*region) if region else None,
        frames=ends and range(ends[0], ends[-1] + 1),
        background=options["background"],
    )
    try:
        done = drain(work, _show)
    except KeyboardInterrupt:
        work.close()
        click.echo("\nStopped; the same command goes on from here.", err=True)
        raise SystemExit(130) from None
    click.echo(f"{done} in {options['store']}")


def _show(step: Progress) -> None:
    end = step.done == step.total
    click.echo(f"\rtile {step.done} of {step.total}", err=True, nl=end)


def _whole(
    option: str, text: str | None, between: str, counts: tuple[int, ...]
) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(int(part) for part in text.split(between))
    except ValueError:
        numbers = ()
    if len(numbers) not in counts:
        example = "0,0,2048,2048" if between == "," else "0-9 or 3"
        raise PromptError(f"{option} {text}: expected e.g. {example}.")
    return numbers
