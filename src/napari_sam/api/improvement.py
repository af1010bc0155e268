"""A model improved by what a person has corrected: trained beside, then compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from napari_sam import checkpoints
from napari_sam.core.atomic_write import replacing_folder
from napari_sam.core.errors import TrainingError
from napari_sam.core.home import home
from napari_sam.core.progress import Progress, drain
from napari_sam.core.settings import check, setting
from napari_sam.datasets.labelled_folder import write_labelled_folder
from napari_sam.session.corrections import (
    count_corrections,
    iter_examples,
    split_examples,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from napari_sam.core.json_values import JsonObject
    from napari_sam.labelling import LabelledDataset
    from napari_sam.session import AnnotationSession
    from napari_sam.session.corrections import Example

__all__ = ["Accuracy", "ImproveSettings", "Improvement", "improve_model",
           "iter_improve"]  # fmt: skip

#: What a person corrected: a session, or a labelled data set or its folder.
Corrected: TypeAlias = "AnnotationSession | LabelledDataset | str | Path"
#: With fewer masks than this, what is learnt is chance.
_FEWEST = 12
#: Seconds that a process has to write what it resumes from.
_PATIENCE = 30
#: The module that the process of a training runs.
_PROCESS = "napari_sam.api.improvement_process"


@dataclass(frozen=True, slots=True)
class ImproveSettings:
    """How long a model learns from corrections."""

    steps: int = setting(
        300, label="Steps", tip="Steps of training; it ends earlier if nothing rises.",
        minimum=1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)


class Accuracy(NamedTuple):
    """Mean IoU of masks on objects that were held back.

    Attributes
    ----------
    click, box, clicks
        From one click, from a tight box, from five clicks.
    """

    click: float
    box: float
    clicks: float

    @property
    def mean(self) -> float:
        """Mean score of the three parts."""
        return sum(self) / 3


class Improvement(NamedTuple):
    """A model that has learnt from corrections, and how good it is.

    Attributes
    ----------
    name
        Of the new model, for every ``model=``; None if it was no better, and dropped.
    before, after
        How good both models are on what was held back.
    objects
        How many objects that is.
    """

    name: str | None
    before: Accuracy
    after: Accuracy
    objects: int

    def __str__(self) -> str:
        told = ", ".join(
            f"{prompt} {old:.2f} → {new:.2f}"
            for prompt, old, new in zip(
                ("one click", "box", "five clicks"),
                self.before,
                self.after,
                strict=True,
            )
        )
        end = "" if self.name else " No better, so it was dropped."
        return f"IoU on {self.objects} objects held back: {told}.{end}"


#: What is done unless the person chose something else.
_SETTINGS = ImproveSettings()


def improve_model(
    corrected: Corrected,
    name: str,
    *,
    model: str | Path = "pocket",
    settings: ImproveSettings = _SETTINGS,
    report: Callable[[Progress], object] | None = None,
) -> Improvement:
    """Train a model on the masks of a person, and keep it if it is better.

    The masks of a session that a person committed, drew or approved, or those of a
    labelled data set that one accepted or corrected, teach the mask decoder; the
    encoder stays as it is. Of what was learnt, the share is kept that is best on masks
    held back without forgetting other kinds of images. A quarter of the masks is
    held back, and both models are measured on it. It runs in a process of its own, on
    half of the cores; nothing leaves this machine. Interrupted, the same call goes on
    from where it was.

    Parameters
    ----------
    corrected
        A session, or a data set or its folder, with at least 12 such masks, on one
        frame or on many.
    name
        What the new model will be called; `napari_sam.checkpoints.remove` removes it.
    model
        The one to begin with: a name, or a file of weights.
    settings
        How long it learns.
    report
        Called with the progress.

    Raises
    ------
    TrainingError
        If there are too few masks, or the training fails.
    ModelError
        If the name is taken or cannot be given.
    """
    work = iter_improve(corrected, name, model=model, settings=settings)
    return drain(work, report)


def iter_improve(
    corrected: Corrected,
    name: str,
    *,
    model: str | Path = "pocket",
    settings: ImproveSettings = _SETTINGS,
) -> Generator[Progress, None, Improvement]:
    """Do `improve_model` step by step; closing the generator stops it, to go on later.

    Raises
    ------
    TrainingError, ModelError
        As `improve_model`.
    """
    checkpoints.check_name(name)
    count, examples = _examples_of(corrected)
    _check_enough(count)
    yield Progress(0, 0, "gathering what you corrected")
    learnt, held = (
        [one for one in part if one.labels.any()]
        for part in split_examples(list(examples))
    )
    weights = model if not isinstance(model, str) else checkpoints.path(model)
    folder = home() / "improvements" / _digest(str(weights), learnt, settings)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing_folder(folder, overwrite=False) as part:
            write_labelled_folder(part / "learnt", learnt)
            write_labelled_folder(part / "held", held)
    last = yield from _iter_train(folder, weights, settings)
    return _kept_if_better(folder, name, last)


def _examples_of(corrected: Corrected) -> tuple[int, Iterator[Example]]:
    """Return how many masks are a person's, and the parts of images that hold them."""
    from napari_sam.labelling import LabelledDataset, count_reviewed, iter_reviewed

    if isinstance(corrected, str | Path):
        corrected = LabelledDataset(corrected)
    if isinstance(corrected, LabelledDataset):
        return count_reviewed(corrected), iter_reviewed(corrected)
    return count_corrections(corrected.state), iter_examples(corrected)


def first_model(dataset: LabelledDataset) -> str:
    """Return the model that found the objects; `pocket` if it has no name here."""
    known = {entry.name for entry in checkpoints.models()}
    return dataset.model if dataset.model in known else "pocket"


def _check_enough(count: int) -> None:
    """Refuse to learn from next to nothing.

    Raises
    ------
    TrainingError
        If so.
    """
    if count < _FEWEST:
        raise TrainingError(
            f"{count} mask{'s' * (count != 1)} of yours are in the labels; a model "
            f"learns from at least {_FEWEST}. Commit, correct, approve or "
            f"accept {_FEWEST - count} more first: what was found or propagated, and "
            "not looked at, does not count."
        )


def _digest(
    weights: str, examples: Sequence[Example], settings: ImproveSettings
) -> str:
    found = blake2b(f"{weights}\n{settings}".encode(), digest_size=8)
    for example in examples:
        for array in example:
            found.update(array.tobytes())
    return found.hexdigest()


def _iter_train(
    folder: Path, weights: Path, settings: ImproveSettings
) -> Generator[Progress, None, JsonObject]:
    """Train in a process of its own; return what it says at the end.

    Raises
    ------
    TrainingError
        If it fails.
    """
    told: JsonObject = {}
    options = {"folder": str(folder), "weights": str(weights), "steps": settings.steps}
    with _process(json.dumps(options)) as child:
        assert child.stdout is not None
        for line in child.stdout:
            told = json.loads(line)
            if "what" in told:
                yield Progress(told["done"], told["total"], told["what"])
    if child.returncode or "after" not in told:
        why = told.get("error", f"its process ended with code {child.returncode}")
        raise TrainingError(f"The model could not be improved: {why.rstrip('.')}.")
    return told


@contextmanager
def _process(options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a training; when it is left early, the process saves and ends."""
    threads = str(max((os.cpu_count() or 2) // 2, 1))
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", _PROCESS, options],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": threads},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        yield child
        child.wait()
    finally:
        child.terminate()
        try:
            child.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def _kept_if_better(folder: Path, name: str, told: JsonObject) -> Improvement:
    """Add the new model to those of the person, if it is better."""
    before, after = Accuracy(*told["before"]), Accuracy(*told["after"])
    found = Improvement(name, before, after, told["objects"])
    if after.mean > before.mean:
        checkpoints.add(folder / "improved.safetensors", name, note=str(found))
    else:
        found = found._replace(name=None)
    rmtree(folder, ignore_errors=True)
    return found
