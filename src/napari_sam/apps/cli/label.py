"""``napari-sam label``: a folder labelled by a few examples, as a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.apply import replayed
from napari_sam.apps.cli.class_options import ClassOptions
from napari_sam.apps.cli.download import fetch_missing
from napari_sam.apps.cli.folder_segmentation import finish_folder, print_outcome
from napari_sam.apps.cli.options.automatic import automatic_options
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.model import model_spec, open_model
from napari_sam.apps.cli.options.run import run_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.automatic.concepts import Words
from napari_sam.automatic.settings import TextSettings
from napari_sam.core.errors import ImageError
from napari_sam.labelling.settings import LabelSettings

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.apps.cli.options.run import RunOptions
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs import Executor, ImageOutcome, ModelSettings
    from napari_sam.labelling import LabelFolderJob

_FILE = click.Path(path_type=Path)
#: Objects of the review that --status lists.
_LISTED = 10
#: How the image of sessions is named.
_BEFORE = "before --compare"


@click.command(no_args_is_help=True)
@click.argument("images", type=_FILE, required=False)
@click.option(
    "-o", "--output", type=_FILE, metavar="FOLDER",
    help="The folder of the data set, which is made.",
)  # fmt: skip
@click.option(
    "--class", "given", multiple=True, metavar="NAME=WHERE",
    help="An example of a class: a point ROW,COL, a box TOP,LEFT,BOTTOM,RIGHT, or a "
    "file of labels or prompts. May be repeated.",
)  # fmt: skip
@click.option(
    "--unwanted", multiple=True, metavar="WHERE",
    help="An object that is not wanted, in the same forms.",
)  # fmt: skip
@click.option(
    "--examples", type=_FILE, metavar="FILE",
    help="Prompts whose property or column 'class' names their class.",
)  # fmt: skip
@click.option(
    "--on", "on_image", type=_FILE, metavar="IMAGE",
    help="The image that the examples are on: a file, or a name in the folder.",
)  # fmt: skip
@click.option(
    "--frame", type=int, default=0, metavar="INDEX",
    help="Frame of that image that points and boxes are on, from 0.",
)  # fmt: skip
@click.option(
    "--word", "words", multiple=True, metavar="WORD",
    help="Instead of examples: what is looked for; each word is a class.",
)  # fmt: skip
@click.option(
    "--unwanted-word", "unwanted_words", multiple=True, metavar="WORD",
    help="What is more like this word is left out.",
)  # fmt: skip
@click.option(
    "--concepts", metavar="NAME|FOLDER",
    help="The model of words: owlv2, grounding-dino or clip, which is downloaded once; "
    "or a folder of one of these or of SAM 3, as transformers saves it.",
)  # fmt: skip
@settings_options("text", TextSettings, fields=("threshold",))
@click.option(
    "--overwrite", is_flag=True,
    help="Begin anew, also where objects were reviewed.",
)  # fmt: skip
@click.option(
    "--status", type=_FILE, metavar="FOLDER",
    help="Instead, tell what is in a data set, and the most uncertain objects.",
)  # fmt: skip
@click.option(
    "--compare", type=_FILE, nargs=2, metavar="FOLDER FOLDER",
    help="Instead, tell how far two data sets of the same images agree, or two "
    "sessions (.session.json): then IMAGES is their image, where they do not find it.",
)  # fmt: skip
@click.option(
    "--improve", type=(_FILE, str), metavar="FOLDER NAME",
    help="Instead, train a model on what was accepted or corrected in a data set. It "
    "gets that NAME if it is better than the one it begins with: --model, or the one "
    "that found the objects.",
)  # fmt: skip
@settings_options("similar", LabelSettings)
@automatic_options
@run_options
def label(
    images: Path | None,
    *,
    output: Path | None,
    given: Sequence[str],
    unwanted: Sequence[str],
    examples: Path | None,
    on_image: Path | None,
    frame: int,
    words: Sequence[str],
    unwanted_words: Sequence[str],
    concepts: str | None,
    text: TextSettings,
    overwrite: bool,
    status: Path | None,
    compare: tuple[Path, Path] | None,
    improve: tuple[Path, str] | None,
    similar: LabelSettings,
    automatic: AutomaticSettings,
    run: RunOptions,
) -> None:
    """Label the images of a folder, or a stack, by a few examples of each class.

    All objects are found as by "everything". Those that are similar enough to any
    example stay, with the class they look most like; without examples all stay, and
    have no class. An interrupted run goes on with the same command.
    """
    from napari_sam.api.word_models import concept_spec
    from napari_sam.labelling import LabelFolderJob

    if status is not None:
        _print_status(status)
        return
    if compare is not None:
        _print_agreement(*compare, images, run)
        return
    if improve is not None:
        _improve(*improve, run.model)
        return
    if images is None or output is None:
        raise ImageError("Give a folder of images, and -o FOLDER for the data set.")
    backend, settings = open_model(run.model), run.settings
    said = ClassOptions(tuple(given), tuple(unwanted), examples, on_image, frame)
    job = LabelFolderJob(
        images,
        output,
        model_spec(run.model),
        said.examples_on(images, backend, settings, automatic),
        automatic,
        settings,
        similar,
        overwrite,
        Words(tuple(words), tuple(unwanted_words)) if words else None,
        text,
        concept_spec(concepts),
    )
    finish_folder(_work(job, run.executor, backend, concepts), output)
    _print_counts(output)


def _work(
    job: LabelFolderJob, executor: Executor, backend: Backend, concepts: str | None
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Return the work, by words or by examples."""
    from napari_sam.api import iter_label, open_concepts

    finder = None
    if job.words is not None:
        fetch_missing(concepts)
        finder = open_concepts(concepts, backend)
    return iter_label(
        job, backend, concepts=finder, executor=executor, report=print_outcome
    )


def _improve(folder: Path, name: str, model: ModelSettings) -> None:
    """Train a model on what was reviewed, and tell what came of it."""
    from napari_sam.api.improvement import first_model, iter_improve
    from napari_sam.labelling import LabelledDataset

    dataset = LabelledDataset(folder)
    begins_with = model.checkpoint or model.name or first_model(dataset)
    if isinstance(begins_with, str):
        fetch_missing(begins_with)
    work = iter_improve(dataset, name, model=begins_with)
    say(str(drain_with_progress(work, "the same command goes on.")))


def _print_counts(folder: Path) -> None:
    from napari_sam.labelling import LabelledDataset

    dataset = LabelledDataset(folder)
    for name, count in dataset.class_counts.items():
        say(f"  {count} {name or 'without a class'}")


def _print_status(folder: Path) -> None:
    """Tell what is in a data set, and what is most uncertain."""
    from napari_sam.labelling import LabelledDataset

    dataset = LabelledDataset(folder)
    counts = ", ".join(f"{n} {name}" for name, n in dataset.counts.items())
    say(f"{len(dataset.images)} images, {len(dataset)} objects: {counts}")
    for name, count in dataset.class_counts.items():
        say(f"  {count} {name or 'without a class'}")
    uncertain = dataset.most_uncertain(_LISTED)
    if uncertain:
        say("Most uncertain:")
    for item in uncertain:
        say(f"  {item}")


def _print_agreement(
    first: Path, second: Path, image: Path | None, run: RunOptions
) -> None:
    """Tell how far two data sets, or two sessions, agree."""
    from napari_sam.labelling import compare_datasets, compare_sessions

    if {first.suffix, second.suffix} == {".json"}:
        sessions = (
            replayed(one, image, run.model, run.settings.store, named=_BEFORE)[0]
            for one in (first, second)
        )
        found = compare_sessions(*sessions)
    else:
        found = compare_datasets(first, second)
    images = f"{found.images} image{'s' * (found.images != 1)}"
    say(
        f"{images}: {found.matched} objects in both, {found.only_first} only in "
        f"{first}, {found.only_second} only in {second}"
    )
    say(
        f"F1 {found.f1:.2f}, mean IoU {found.mean_iou:.2f}, same class "
        f"{found.same_class:.2f}, kappa {found.kappa:.2f}"
    )
    if len(found.f1_of_classes) > 1:
        for name, f1 in found.f1_of_classes.items():
            say(f"  {name or 'without a class'}: F1 {f1:.2f}")
    for (a, b), count in found.classes.items():
        if a != b:
            say(f"  {count} {a or 'without a class'} / {b or 'without a class'}")
