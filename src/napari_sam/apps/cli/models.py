"""``napari-sam models``: which models there are, and having them on this disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.download import fetch
from napari_sam.apps.cli.sizes import text_of_bytes
from napari_sam.apps.cli.verbosity import say

if TYPE_CHECKING:
    from napari_sam.checkpoints import ModelEntry

_NAME = click.argument("name", metavar="NAME")


@click.group()
def models() -> None:
    """Models that --model and --concepts name: what there is, downloads, your own."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def list_(*, as_json: bool) -> None:
    """List the models there are; * marks those on this disk."""
    from napari_sam import checkpoints

    found, words = checkpoints.models(), checkpoints.word_models()
    if as_json:
        described = [_described(m) for m in (*found, *words)]
        click.echo(json.dumps([*described, *_asking_described()], indent=1))
        return
    width = max(len(m.name) for m in (*found, *words)) + 2
    click.echo(f"  {'name':{width}}{'size':>9}  {'licence':14}good for")
    for model in found:
        click.echo(_line(model, width))
    for name, package in _offered_by_others():
        click.echo(f"  {name:{width}}{'':9}  {'':14}offered by {package}")
    click.echo("\nModels of words, for --concepts:")
    for model in words:
        click.echo(_line(model, width))
    _list_asking(width)
    click.echo(
        f"\n* is on this disk, in {checkpoints.home() / 'models'} or in the package."
        "\nMore about one: napari-sam models info NAME"
    )


def _line(model: ModelEntry, width: int) -> str:
    from napari_sam import checkpoints

    mark = "*" if checkpoints.is_here(model) else " "
    facts = f"{mark} {model.name:{width}}{_size(model):>9}  {_short(model):14}"
    return facts + model.good_for


def _list_asking(width: int) -> None:
    """List the models that ask a person to accept a licence, and what they need."""
    from napari_sam.backends.licences import LICENCES, is_accepted

    click.echo("\nNot downloaded here, since they ask you to accept a licence:")
    for name, asks in LICENCES.items():
        click.echo(f"  {name:{width}}{'yours':>9}  {asks.title:14}{asks.good_for}")
        click.echo(
            f"  {'':{width}}needs {asks.weights} of huggingface.co: --checkpoint FOLDER"
        )
        state = "is accepted" if is_accepted(name) else "is not accepted yet"
        click.echo(f"  {'':{width}}licence {state}: napari-sam models accept {name}")


def _asking_described() -> list[dict[str, object]]:
    from napari_sam.backends.licences import LICENCES, is_accepted

    return [
        {
            "name": name,
            "licence": asks.title,
            "good_for": asks.good_for,
            "needs": asks.weights,
            "accepted": is_accepted(name),
        }
        for name, asks in LICENCES.items()
    ]


@models.command()
@_NAME
def info(name: str) -> None:
    """Show what is known of a model: files, licences, citations."""
    from napari_sam import checkpoints

    model = checkpoints.find(name)
    prepared = model.preprocessing
    lines = {
        "name": model.name,
        "good for": model.good_for,
        "architecture": model.architecture or "what its file says",
        "size": _size(model),
        "licence": model.licence,
        "learnt from": model.data,
        "pixels": f"{prepared.fit}, {prepared.values}"
        + (f", percentiles {prepared.percentiles}" if prepared.percentiles else ""),
        "note": model.note,
        "on this disk": _where(model),
    }
    for title, text in lines.items():
        if text:
            click.echo(f"{title:13} {text}")
    for part in model.downloads:
        click.echo(f"{'file':13} {part.file}")
        if part.url:
            click.echo(f"{'  from':13} {part.url}")
        click.echo(f"{'  hash':13} {part.hash}")
    for paper in model.citations:
        click.echo(f"{'cite':13} {paper}")


@models.command()
@_NAME
@click.option(
    "--mirror",
    metavar="URL|FOLDER",
    help="Take the files from this server or folder, by their names there.",
)
def download(name: str, mirror: str | None) -> None:
    """Download and verify a model. An interrupted download goes on."""
    click.echo(fetch(name, mirror=mirror))


@models.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.pass_context
def verify(ctx: click.Context, name: str | None) -> None:
    """Read files again and compare their hashes; of all models, unless one is named.

    The exit code is 1 if a file is not what it should be.
    """
    from napari_sam import checkpoints

    found = checkpoints.verify(name)
    for file in found:
        if file.is_right:
            click.echo(f"{file.name}: {file.path} is right ({file.expected})")
        else:
            click.echo(
                f"{file.name}: {file.path} is NOT what it should be: expected "
                f"{file.expected}, got {file.got}. Delete it: napari-sam models remove "
                f"{file.name}"
            )
    if not found:
        click.echo("Nothing to verify: no downloaded file of it is on this disk.")
    if not all(file.is_right for file in found):
        ctx.exit(1)


@models.command()
@_NAME
def path(name: str) -> None:
    """Print where a model's weights are, verified; of words, their folder."""
    from napari_sam import checkpoints

    click.echo(checkpoints.path(name))


@models.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--name", required=True, help="What --model will call it.")
@click.option("--note", default="", metavar="TEXT", help="What it is good for.")
@click.option("--replace", is_flag=True, help="Replace your model of that name.")
def add(file: Path, name: str, note: str, *, replace: bool) -> None:
    """Give a FILE of weights a name that every --model takes. It is copied."""
    from napari_sam import checkpoints
    from napari_sam.backends.weight_files import identify

    architecture = identify(file)
    _try(file)
    checkpoints.add(file, name, architecture=architecture, note=note, replace=replace)
    say(f"{name} is a {architecture}: {checkpoints.path(name)}")


def _try(file: Path) -> None:
    """Decode one prompt with a file of weights: what cannot is not listed.

    Raises
    ------
    CheckpointError
        If there is no mask, or its numbers are not finite.
    """
    import numpy as np

    from napari_sam.api import load_backend
    from napari_sam.core.errors import CheckpointError, NapariSamError
    from napari_sam.core.prompts import Prompts

    try:
        model = load_backend(checkpoint=file, device="cpu", precision="float32")
        plane = np.zeros((64, 64, 3), np.uint8)
        plane[16:48, 16:48] = 200
        (found,) = model.decode(model.encode([plane])[0], [Prompts.point(32, 32)])
    except (NapariSamError, OSError):
        raise
    except Exception as wrong:
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise CheckpointError(f"{file} cannot be used: {reason}") from wrong
    if not (np.isfinite(found.logits).all() and np.isfinite(found.score)):
        raise CheckpointError(f"{file} answers with numbers that are not finite.")


@models.command()
@_NAME
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def remove(name: str, *, yes: bool) -> None:
    """Delete a model's files from this disk."""
    from napari_sam import checkpoints

    if checkpoints.find(name).own and not yes:
        click.confirm(f"Delete {name}? It cannot be downloaded again.", abort=True)
    for gone in checkpoints.remove(name):
        say(f"{gone} was deleted.")


@models.command()
@_NAME
@click.option(
    "--folder", type=click.Path(path_type=Path), metavar="FOLDER",
    help="The folder with the weights: the text of the licence in it is shown.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask: you have read it.")
def accept(name: str, *, folder: Path | None, yes: bool) -> None:
    """Show the licence of a model that asks for it, and accept it."""
    from napari_sam.api import accept_licence
    from napari_sam.backends.licences import licence_of, text_of

    licence, text = licence_of(name), text_of(folder)
    click.echo(f"{licence.title} of {licence.model}: {licence.url}\n{licence.gist}.")
    if text is not None:
        click.echo(f"\n{text}")
    if not yes:
        click.confirm("Have you read it, and do you accept it?", abort=True)
    say(f"Accepted; {accept_licence(name, folder=folder)} says so.")


def _offered_by_others() -> list[tuple[str, str]]:
    from napari_sam import checkpoints
    from napari_sam.core.registry import offered

    known = {m.name for m in checkpoints.models()}
    return [(name, package) for name, package in offered() if name not in known]


def _described(model: ModelEntry) -> dict[str, object]:
    from napari_sam import checkpoints

    return {**asdict(model), "on_disk": checkpoints.is_here(model)}


def _where(model: ModelEntry) -> str:
    from napari_sam import checkpoints

    if model.weights is None:
        return "yes, in the package"
    return str(checkpoints.model_path(model)) if checkpoints.is_here(model) else "no"


def _size(model: ModelEntry) -> str:
    """Bytes of the weights; for unpublished sizes, those of their architecture's."""
    from napari_sam import checkpoints

    if model.files:
        return text_of_bytes(sum(part.size or 0 for part in model.needed))
    if checkpoints.is_here(model):
        return text_of_bytes(checkpoints.weights_path(model).stat().st_size)
    if model.weights is not None and model.weights.size is not None:
        return text_of_bytes(model.weights.size)
    alike = (m.weights for m in checkpoints.models() if m.name == model.architecture)
    size = next((w.size for w in alike if w is not None), None)
    return "unknown" if size is None else f"~{text_of_bytes(size)}"


def _short(model: ModelEntry) -> str:
    """Return the first words of a licence."""
    return model.licence.partition(" as ")[0]
