"""``napari-sam evaluate``: how good a model's masks are on images with labels."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.download import fetch_missing
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.track_report import evaluate_tracks
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.atomic_write import check_writable
from napari_sam.evaluation.settings import EvaluationSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.evaluation.mask_accuracy import Result
    from napari_sam.evaluation.report import Report
    from napari_sam.evaluation.worst_cases import Case

_FOLDER = click.Path(path_type=Path)
_LAYOUTS = ("auto", "labels", "masks", "sa-1b", "coco", "yolo", "voc", "labelme", "ctc",
            "ctc-st", "ctc-tra", "ome-zarr")  # fmt: skip


@click.command(no_args_is_help=True)
@click.argument("model")
@click.argument("data", nargs=-1, type=_FOLDER)
@click.option(
    "-o", "--output", type=_FOLDER, metavar="FOLDER",
    help="Write report.html, summary.csv and objects.csv.",
)  # fmt: skip
@click.option(
    "--against", multiple=True, metavar="NAMES",
    help="Compare with others on the same objects: flood, walker, watershed, models.",
)  # fmt: skip
@click.option(
    "--classical", is_flag=True, help="The same as --against flood,walker,watershed."
)
@click.option(
    "--instances", is_flag=True,
    help="Measure how well all objects are found without prompts; --against takes "
    "otsu, log and grid then.",
)  # fmt: skip
@click.option(
    "--synthetic", type=click.IntRange(1), metavar="N",
    help="Also evaluate on N generated scenes; DATA may then be left out.",
)  # fmt: skip
@click.option(
    "--layout", type=click.Choice(_LAYOUTS), default="auto", show_default=True,
    help="How the files of DATA lie.",
)  # fmt: skip
@settings_options("settings", EvaluationSettings, metavars={"worst": "N"})
@click.option(
    "--tracks", type=_FOLDER, metavar="TRUTH",
    help="Measure tracks: MODEL is then the file or folder of the result.",
)  # fmt: skip
@click.option(
    "--same-ids", is_flag=True,
    help="With --tracks: also J and F of DAVIS, of objects of the same id.",
)  # fmt: skip
@click.option("--markdown", is_flag=True, help="Print the tables of a model card.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps.")
@click.option(
    "--precision", default="auto", show_default=True, help="float32 or bfloat16."
)
def evaluate(
    model: str,
    data: tuple[Path, ...],
    against: tuple[str, ...],
    classical: bool,
    instances: bool,
    synthetic: int | None,
    output: Path | None,
    layout: str,
    tracks: Path | None,
    same_ids: bool,
    settings: EvaluationSettings,
    markdown: bool,
    as_json: bool,
    device: str,
    precision: str,
) -> None:
    """Prompt MODEL for the objects of images with ground truth, and measure its masks.

    MODEL is a name (see napari-sam models list), a file of weights, or NAME=FILE. DATA
    are folders of images/ and labels/, or of another layout. Each object is
    segmented from one click in its middle, from its box, and from up to five clicks,
    each in the middle of the largest error. Figures are mean IoU.

    Tracks are measured beside true ones by --tracks TRUTH RESULT.
    """
    if tracks:
        evaluate_tracks(tracks, model, same_ids=same_ids, as_json=as_json)
        return
    if output:
        check_writable(output, folder=True)
    names = [n for text in against for n in text.split(",") if n]
    tools = ["otsu", "log"] if instances else ["flood", "walker", "watershed"]
    names += tools if classical else []
    if instances:
        from napari_sam.apps.cli.evaluate_instances import evaluate_instances

        pairs = _read(data, synthetic, layout)
        opened = partial(_open, device=device, precision=precision)
        evaluate_instances(
            [model, *names], pairs, opened, output, markdown=markdown, as_json=as_json
        )
        return
    models = _open([model, *names], device, precision)
    pairs = _read(data, synthetic, layout)
    results, stopped = _run(models, pairs, settings)
    scope = f"at most {settings.objects} of each, seed {settings.seed}"
    report = _report(models, results, data, synthetic, scope)
    _print(report, markdown=markdown, as_json=as_json)
    if output and results:
        cases = [] if stopped else _worst(models, pairs, report, settings.worst)
        _write(report, cases, output)
    if stopped:
        sys.exit(130)


def _open(names: Sequence[str], device: str, precision: str) -> dict[str, Backend]:
    """Open every model, each under the name that it has in the tables."""
    from napari_sam.api import load_backend
    from napari_sam.core.errors import UnknownModelError
    from napari_sam.core.registry import backend_names
    from napari_sam.evaluation.classical import CLASSICAL, open_classical

    load = partial(load_backend, device=device, precision=precision)
    found: dict[str, Backend] = {}
    for text in dict.fromkeys(names):
        name, _, file = text.partition("=")
        if text in CLASSICAL:
            found[text] = open_classical(text)
        elif file:
            called = f"{name}={Path(file).name}"
            found[called] = load(name, checkpoint=file)
        elif text in backend_names() or not Path(text).exists():
            fetch_missing(text)
            found[text] = load(text)
        elif Path(text).is_file():
            found[Path(text).stem] = load(checkpoint=text)
        else:
            raise UnknownModelError(
                f"{text} is a folder, but the model comes first: "
                f"napari-sam evaluate pocket {text}"
            )
    return found


def _read(
    data: Sequence[Path], synthetic: int | None, layout: str
) -> list[LabelledImage]:
    """Find all images, and check every one before a long run depends on it."""
    from napari_sam.datasets.checking import check_labelled_images
    from napari_sam.datasets.labelled_images import read_labelled_images
    from napari_sam.evaluation.synthetic_scenes import synthetic_images

    if not data and synthetic is None:
        raise click.UsageError("Give DATA to evaluate on, or --synthetic.")
    found = {folder: read_labelled_images(folder, layout=layout) for folder in data}
    kinds = Counter(
        kind for those in found.values() for kind in {p.kind for p in those}
    )
    for folder, those in found.items():
        for pair in those:
            if kinds[pair.kind] > 1:
                pair.kind = f"{folder.absolute().parent.name}/{pair.kind}"
    pairs = [pair for those in found.values() for pair in those]
    if pairs:
        check_labelled_images(pairs)
    return pairs + (synthetic_images(synthetic) if synthetic else [])


def _run(
    models: dict[str, Backend],
    pairs: Sequence[LabelledImage],
    settings: EvaluationSettings,
) -> tuple[list[Result], bool]:
    """Results, and whether Ctrl-C ended it before its time."""
    from napari_sam.evaluation.mask_accuracy import iter_evaluate

    results: list[Result] = []
    printed = start = perf_counter()
    done = 0
    try:
        for step in iter_evaluate(
            models, pairs, objects=settings.objects, seed=settings.seed
        ):
            results += step.results
            done = step.done
            if (now := perf_counter()) - printed > 10:
                printed = now
                left = (now - start) / done * (step.total - done)
                say(f"{done} of {step.total} images, {left:.0f} s left", err=True)
    except KeyboardInterrupt:
        click.echo(f"Stopped after {done} of {len(pairs)} images.", err=True)
        return results, True
    return results, False


def _report(
    models: dict[str, Backend],
    results: Sequence[Result],
    data: Sequence[Path],
    synthetic: int | None,
    scope: str,
) -> Report:
    from napari_sam._version import __version__
    from napari_sam.evaluation.report import Report

    folders = [str(d) for d in data]
    scenes = [f"{synthetic} generated scenes"] if synthetic else []
    images = {(r.kind, r.name) for r in results}
    objects = {(r.kind, r.name, r.object_id) for r in results}
    facts = {
        "data": ", ".join(folders + scenes),
        "objects": f"{len(objects)} objects of {len(images)} images, {scope}",
        "models": ", ".join(m.fingerprint for m in models.values()),
        "napari-sam": __version__,
    }
    return Report(tuple(results), facts)


def _print(report: Report, *, markdown: bool, as_json: bool) -> None:
    from napari_sam.evaluation.report import as_json as to_json
    from napari_sam.evaluation.tables import ranking_line

    if as_json:
        click.echo(to_json(report))
    elif not report.results:
        say("No object was prompted: there is none of 30 pixels or more.")
    elif markdown:
        tables = (f"**{t.title}**\n\n{t.markdown()}" for t in report.tables)
        judged = f"{report.facts['models'].split(', ')[0]}: {report.facts['objects']}."
        click.echo("\n\n".join([judged, *tables]))
    else:
        say(f"{report.facts['objects']}. ± is half of the 95 % interval.")
        for table in report.tables:
            say(f"\n{table.title}\n{table.text()}")
        if line := ranking_line(report.results, report.models[0]):
            say(f"\n{line}")


def _worst(
    models: dict[str, Backend],
    pairs: Sequence[LabelledImage],
    report: Report,
    count: int,
) -> list[Case]:
    from napari_sam.core.progress import drain
    from napari_sam.evaluation.worst_cases import iter_worst

    first = report.models[0]
    mine = [r for r in report.results if r.model == first]
    return drain(iter_worst(models[first], pairs, mine, count=count))


def _write(report: Report, cases: Sequence[Case], folder: Path) -> None:
    from napari_sam.evaluation.html import write_html

    report.write(folder)
    write_html(folder / "report.html", report, cases)
    say(f"\nThe report is {folder / 'report.html'}", err=True)
