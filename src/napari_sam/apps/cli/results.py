"""Answers by several workers, kept beside the output until the labels are written."""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.options.workers import (
    done_with_progress,
    executor_of,
    image_spec_of,
)
from napari_sam.core.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image
    from napari_sam.jobs import MaskResult, MaskResults, ResultsFile, SegmentJob

#: Pixels of labels that are painted in memory; more are painted on disk.
_IN_MEMORY = 2**26


def job_of(
    path: str | Path,
    seen: PromptableImage,
    asked: Mapping[Address, Prompts],
    options: Mapping[str, Any],
    kept: ResultsFile | None,
) -> SegmentJob:
    """Name all that is asked about an image."""
    from napari_sam.jobs import SegmentJob

    opening = image_spec_of(seen, path, options)
    plane, threshold = seen.frames.plane_shape, options["threshold"]
    return SegmentJob(opening, asked, plane, threshold, kept)


def kept_beside(
    output: Path,
    path: str | Path,
    seen: PromptableImage,
    options: Mapping[str, Any],
) -> ResultsFile:
    """Return the answers that a run before left beside its output."""
    from napari_sam.jobs import ResultsFile

    kept = ResultsFile(_record(output), setup_of(path, seen, options))
    if options["overwrite"]:
        kept.delete()
    return kept


def forget_kept(options: Mapping[str, Any]) -> None:
    """Delete answers that were kept for labels that are written now."""
    _record(options["output"]).unlink(missing_ok=True)


def _record(output: Path) -> Path:
    return output.parent / f"{output.name}.answers.jsonl"


def setup_of(
    path: str | Path, seen: PromptableImage, options: Mapping[str, Any]
) -> str:
    """Name all that masks depend on besides prompts."""
    from napari_sam.jobs import file_stamp

    when = file_stamp(str(path))
    look = f"{seen.appearance.token} {seen.tiling} {options['threshold']}"
    look += "" if seen.connected else " unconnected"
    return f"{path} {when} {seen.frames!r} {seen.backend.fingerprint} {look}"


def answered(
    path: str | Path,
    seen: PromptableImage,
    asked: Mapping[Address, Prompts],
    options: Mapping[str, Any],
) -> dict[Address, MaskResult]:
    """Ask workers about an image.

    Raises
    ------
    JobError
        If some objects have no answer. The others are kept for the next time.
    """
    from napari_sam.jobs import segment_images

    output = options["output"]
    kept = kept_beside(output, path, seen, options) if output else None
    ready: list[MaskResults] = []
    work = segment_images(
        [job_of(path, seen, asked, options, kept)],
        executor_of(options),
        ready=lambda _, answers: ready.append(answers),
    )
    hint = "the same command goes on from here." if output else "nothing was written."
    done_with_progress(work, hint)
    return without_failures(ready[0])


def without_failures(answers: MaskResults) -> dict[Address, MaskResult]:
    """Return the answers, if all objects have one.

    Raises
    ------
    JobError
        Otherwise, with the reason.
    """
    from napari_sam.jobs import Failure

    failures = [a.reason for a in answers.values() if isinstance(a, Failure)]
    if failures:
        raise JobError(
            f"{len(failures)} of {len(answers)} objects failed, and no labels were "
            f"written: {failures[0]}"
        )
    return {at: a for at, a in answers.items() if not isinstance(a, Failure)}


@contextmanager
def canvas(output: Path | None, frames: Frames) -> Iterator[Any]:
    """Yield where labels are painted: on disk if they are large, or go to a zarr.

    Otherwise None, for an array in memory.
    """
    from napari_sam.io import label_array

    shape = (*frames.sizes.values(), *frames.plane_shape)
    if output is None or (output.suffix != ".zarr" and prod(shape) <= _IN_MEMORY):
        yield None
        return
    with label_array(output, frames) as labels:
        yield labels


def write(
    output: Path,
    labels: Any,
    opened: Image,
    options: Mapping[str, Any],
) -> None:
    """Write labels in the form that the suffix says."""
    from napari_sam.io import write_labels

    write_labels(
        output,
        labels,
        axes="".join(opened.frames.sizes) + "yx",
        like=opened,
        overwrite=options["overwrite"],
        coco=options["coco"],
    )


def report(answers: Mapping[Address, Prediction | MaskResult]) -> None:
    """Show score, area and box of each mask, and what is wrong with it."""
    click.echo("object  frame  score    area  top,left,bottom,right")
    for at, answer in answers.items():
        r = answer.region
        place = f"{r.top},{r.left},{r.bottom},{r.right}" if answer.area else "-"
        click.echo(
            f"{at.object_id:6}  {at.frame:5}  {answer.score:5.3f}  {answer.area:6}  "
            f"{place}"
        )
    warn(answers)


def warn(answers: Mapping[Address, Prediction | MaskResult]) -> None:
    """Name masks that are empty, or incomplete."""
    for at in (at for at, answer in answers.items() if not answer.area):
        click.echo(
            f"The mask of object {at.object_id} in frame {at.frame} is empty.", err=True
        )
    for at in (at for at, answer in answers.items() if not answer.complete):
        click.echo(
            f"Object {at.object_id} in frame {at.frame} goes on beyond what was looked "
            "at: its mask is incomplete. A larger --tile or a box around it helps.",
            err=True,
        )
