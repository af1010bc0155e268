"""Masks of a folder of images, each with prompts of its own."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli import results
from napari_sam.apps.cli.options.image import open_image
from napari_sam.apps.cli.options.model import open_model
from napari_sam.apps.cli.options.prompt_files import check_one_source, prompts_in_files
from napari_sam.apps.cli.options.tiling import promptable
from napari_sam.apps.cli.options.workers import (
    done_with_progress,
    executor_of,
    images_of_folder,
    store_of,
)
from napari_sam.core.errors import ImageError, NapariSamError, PromptError
from napari_sam.core.prompts import files
from napari_sam.core.prompts.tiles import check_inside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend
    from napari_sam.io import Image
    from napari_sam.jobs import MaskResults, SegmentJob

#: What of --prompts and --from-labels belongs to an image, by its file.
Sources = dict[Path, "Path | str | None"]

#: Files that --prompts reads.
_PROMPTS = (".csv", ".json", ".geojson", ".gpkg")


@dataclass(frozen=True, slots=True)
class _Work:
    """An image of the folder, ready to be asked."""

    path: Path
    output: Path
    opened: Image
    job: SegmentJob
    name: str


def images_and_prompts(image: str, options: Mapping[str, Any]) -> Sources | None:
    """LabelledImage the images of a folder with their prompts; None if it is one image.

    A source is a file, or the text of a CSV, or None if nothing is asked.
    """
    check_one_source(options)
    given: Path | None = options["prompts_file"] or options["from_labels"]
    if given is None or not Path(image).is_dir():
        return None
    if given.is_dir() and not (given / "zarr.json").exists():
        files = _of_stems(given, only_prompts=bool(options["prompts_file"]))
        return {path: files.get(path.stem) for path in images_of_folder(image)}
    tables = _tables(given) if given.suffix.lower() == ".csv" else None
    if tables is None:
        return None
    return {
        path: tables.get(path.name, tables.get(path.stem))
        for path in images_of_folder(image)
    }


def _of_stems(folder: Path, *, only_prompts: bool) -> dict[str, Path]:
    return {
        file.stem: file
        for file in sorted(folder.iterdir())
        if not file.name.startswith(".")
        and (file.suffix.lower() in _PROMPTS or not only_prompts)
    }


def _tables(path: Path) -> dict[str, str] | None:
    """Cut a CSV with a column "image" into one for each image."""
    try:
        rows = list(csv.reader(StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError):
        return None
    head = [name.strip() for name in rows[0]] if rows else []
    if "image" not in head:
        return None
    at = head.index("image")
    texts: dict[str, list[list[str]]] = {}
    for row in (row for row in rows[1:] if len(row) > at):
        texts.setdefault(row[at].strip(), [_without(head, at)]).append(
            _without(row, at)
        )
    return {name: _as_csv(lines) for name, lines in texts.items()}


def _without(row: list[str], at: int) -> list[str]:
    return row[:at] + row[at + 1 :]


def _as_csv(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def segment_folder(sources: Sources, options: Mapping[str, Any]) -> None:
    """Ask about every image; what one of them lacks does not stop the others."""
    output: Path | None = options["output"]
    if output is None or options["overlay"]:
        raise ImageError("A folder of images takes -o FOLDER, and no --overlay.")
    if output.exists() and not output.is_dir():
        raise ImageError(f"{output} is no folder: there is a file of labels per image.")
    output.mkdir(parents=True, exist_ok=True)
    done = _Done(output / "finished.jsonl", anew=options["overwrite"])
    where, model = executor_of(options), open_model(options)
    told, works = _Told(), []
    stems = Counter(path.stem for path in sources)
    for path, source in sources.items():
        try:
            if stems[path.stem] > 1:
                raise ImageError(f"another image is called {path.stem} too.")
            work = _prepared(path, source, options, model)
            if work is None:
                told.skipped(path)
            elif done.has(work):
                told.there += 1
            else:
                _check_free(work, done, options)
                works.append(work)
        except (NapariSamError, OSError) as wrong:
            told.fail(path, wrong)

    def ready(i: int, answers: MaskResults) -> None:
        try:
            _write(works[i], answers, options)
            done.note(works[i])
            told.written += 1
        except (NapariSamError, OSError) as wrong:
            told.fail(works[i].path, wrong)

    from napari_sam.jobs import segment_images

    if works:
        jobs = [work.job for work in works]
        done_with_progress(
            segment_images(jobs, where, ready=ready),
            "the same command goes on from here.",
        )
    told.end(output)


def _prepared(
    path: Path, source: Path | str | None, options: Mapping[str, Any], model: Backend
) -> _Work | None:
    """Open an image and its prompts; None if nothing is asked."""
    if source is None:
        return None
    options = {**options, "store": store_of(path, options)}
    opened = open_image(path, options)
    asked = _asked(source, opened, options)
    for said in asked.values():
        check_inside(said, opened.frames.plane_shape)
    seen = promptable(opened, options, model)
    output = options["output"] / f"{path.stem}.{options['suffix']}"
    setup = results.setup_of(path, seen, options)
    listed = "".join(
        f"{at.frame} {at.object_id} {p.digest}\n" for at, p in asked.items()
    )
    name = blake2b(f"{setup}\n{listed}".encode(), digest_size=16).hexdigest()
    kept = results.kept_beside(output, path, seen, options)
    job = results.job_of(path, seen, asked, options, kept)
    return _Work(path, output, opened, job, name)


def _asked(
    source: Path | str, opened: Image, options: Mapping[str, Any]
) -> Mapping[Address, Prompts]:
    if isinstance(source, str):
        return files.from_csv(source)
    kind = "prompts_file" if options["prompts_file"] else "from_labels"
    found = prompts_in_files({**options, kind: source}, opened)
    if found is None:
        raise PromptError(f"{source} says nothing.")
    return found


def _check_free(work: _Work, done: _Done, options: Mapping[str, Any]) -> None:
    from napari_sam.io import check_labels_path

    ours = options["overwrite"] or done.wrote(work)
    check_labels_path(work.output, overwrite=ours)


def _write(work: _Work, answers: MaskResults, options: Mapping[str, Any]) -> None:
    from napari_sam.api import paint

    found = results.without_failures(answers)
    results.warn(found)
    with results.canvas(work.output, work.opened.frames) as canvas:
        labels = paint(found, work.opened.frames, out=canvas)
        results.write(work.output, labels, work.opened, {**options, "overwrite": True})
    if work.job.results is not None:
        work.job.results.delete()


class _Done:
    """A file of what is finished: an image, and the name of what was asked of it."""

    def __init__(self, path: Path, *, anew: bool) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if anew:
            path.unlink(missing_ok=True)
        elif path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    told = json.loads(line)
                    self._known[told["image"]] = told["asked"]
                except (ValueError, KeyError, TypeError):
                    continue  # torn by a crash

    def has(self, work: _Work) -> bool:
        """Whether the same was asked, and the labels are there."""
        return self._known.get(work.path.name) == work.name and work.output.exists()

    def wrote(self, work: _Work) -> bool:
        """Whether labels that are there are of a run before."""
        return work.path.name in self._known

    def note(self, work: _Work) -> None:
        """Write down that an image is finished."""
        line = json.dumps({"image": work.path.name, "asked": work.name})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")


class _Told:
    """Counts for the last line, and what went wrong as soon as it does."""

    def __init__(self) -> None:
        self.written = self.there = self.without = self.failed = 0

    def skipped(self, path: Path) -> None:
        """Say that an image has no prompts."""
        self.without += 1
        click.echo(f"Skipped: {path} has no prompts.", err=True)

    def fail(self, path: Path, wrong: Exception) -> None:
        """Say why an image failed."""
        self.failed += 1
        text = " ".join(str(wrong).split())
        click.echo(
            f"Failed: {text if str(path) in text else f'{path}: {text}'}", err=True
        )

    def end(self, output: Path) -> None:
        """Say what became of all; exit with 1 if any failed."""
        click.echo(
            f"{self.written} written, {self.there} there, {self.without} skipped, "
            f"{self.failed} failed in {output}"
        )
        if self.failed:
            raise SystemExit(1)
