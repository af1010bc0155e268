"""A run over a folder of images: outcomes, and what is finished."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import ImageError, NapariSamError, NotWrittenError
from napari_sam.core.progress import Progress, drain
from napari_sam.io import check_labels_path
from napari_sam.jobs.painting import Covered
from napari_sam.jobs.prompt_sources import FoundPrompts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping
    from pathlib import Path

    from napari_sam.core.address import Address
    from napari_sam.jobs.segment_jobs import MaskResult

#: What a full disk leaves of a folder, and what to do then.
SAFE = (
    "Labels of the other images are safe, and what was there before is as it was. Make "
    "room and repeat the same: it goes on from there."
)


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """The outcome of one image of a folder.

    Attributes
    ----------
    path
        The image.
    state
        ``"written"``; ``"there"`` if a run before finished it; ``"skipped"`` without
        prompts; ``"missing"``, if there are prompts for it and no image; ``"failed"``.
    reason
        Why it failed.
    masks
        What was written.
    outside
        Prompts of its file that lie outside of the image, and were left out.
    covered
        What of the masks is not in the labels, for later objects lie on it.
    found
        Its prompts, and what their file says of them.
    """

    path: Path
    state: Literal["written", "there", "skipped", "missing", "failed"]
    reason: str = ""
    masks: Mapping[Address, MaskResult] = field(default_factory=dict)
    outside: int = 0
    covered: Covered = field(default_factory=Covered)
    found: FoundPrompts = field(default_factory=FoundPrompts)


class FolderWork(Protocol):
    """An image of the folder, open."""

    @property
    def path(self) -> Path:
        """The image."""

    @property
    def output(self) -> Path:
        """Where its labels go."""

    @property
    def name(self) -> str:
        """Of all that its labels depend on."""


W = TypeVar("W", bound=FolderWork)


class FolderRun(Generic[W]):
    """One run over a folder: what is to be done, and the outcome of each image.

    Parameters
    ----------
    output
        The folder of the labels, which is made.
    overwrite
        Whether to begin anew, and replace what is there.
    report
        Called with each outcome as soon as it is known.

    Attributes
    ----------
    works
        Images that are open, and not finished.
    outcomes
        Of all images so far.
    """

    def __init__(
        self,
        output: Path,
        *,
        overwrite: bool,
        report: Callable[[ImageOutcome], object] | None,
    ) -> None:
        self._overwrite = overwrite
        self._report = report or (lambda outcome: None)
        self.works: list[W] = []
        self.outcomes: list[ImageOutcome] = []
        make_folder(output)
        self.finished = FinishedFile(output / "finished.jsonl", anew=overwrite)

    def prepare_images(
        self, paths: Collection[Path], open_image: Callable[[Path], W | None]
    ) -> None:
        """Open every image here once, as `iter_prepare_images` does."""
        drain(self.iter_prepare_images(paths, open_image))

    def iter_prepare_images(
        self, paths: Collection[Path], open_image: Callable[[Path], W | None]
    ) -> Generator[Progress, None, None]:
        """Open every image here once; name those that fail.

        Parameters
        ----------
        paths
            The images.
        open_image
            Opens one of them, or notes itself why there is nothing to do.
        """
        stems = Counter(path.stem for path in paths)
        for k, path in enumerate(paths):
            yield Progress(k, len(paths), "opening images")
            with self.failure_noted(path):
                if stems[path.stem] > 1:
                    raise ImageError(f"another image is called {path.stem} too.")
                work = open_image(path)
                if work is not None:
                    self._add(work)

    def note(self, outcome: ImageOutcome) -> None:
        """Keep the outcome of an image, and report it."""
        self.outcomes.append(outcome)
        self._report(outcome)

    @contextmanager
    def failure_noted(self, path: Path) -> Iterator[None]:
        """Make an error the outcome of an image; it does not stop the others."""
        try:
            yield
        except (NapariSamError, OSError) as wrong:
            self.note(ImageOutcome(path, "failed", str(wrong)))

    def _add(self, work: W) -> None:
        if work.output.exists() and self.finished.has(work.path, work.name):
            self.note(ImageOutcome(work.path, "there"))
            return
        is_expected = self._overwrite or self.finished.knows(work.path)
        check_labels_path(work.output, overwrite=is_expected)
        self.works.append(work)


def make_folder(output: Path) -> None:
    """Make the folder of the labels; an error if that cannot be."""
    if output.exists() and not output.is_dir():
        raise ImageError(f"{output} is no folder: there is a file of labels per image.")
    check_writable(output, folder=True)
    output.mkdir(parents=True, exist_ok=True)


class FinishedFile:
    """A file of the images of a folder that are finished, with their prompts' name."""

    def __init__(self, path: Path, *, anew: bool) -> None:
        self._path = path
        if anew:
            path.unlink(missing_ok=True)
        self._known = dict(_read_finished(path)) if path.exists() else {}

    def has(self, image: Path, name: str) -> bool:
        """Whether an image was finished with the same prompts and setup."""
        return self._known.get(image.name) == name

    def knows(self, image: Path) -> bool:
        """Whether labels of an image are of a run before."""
        return image.name in self._known

    def begin(self, image: Path) -> None:
        """Write down that labels of an image are of this run, before they are there.

        Otherwise labels that a full disk keeps from being noted would be taken for
        somebody else's, and refused by the next run.
        """
        self._append({"image": image.name, "asked": None})

    def append(self, image: Path, name: str, output: Path) -> None:
        """Write down that an image is finished, and its labels are there.

        Raises
        ------
        NotWrittenError
            If that cannot be, such as on a full disk.
        """
        try:
            self._append({"image": image.name, "asked": name})
        except OSError as wrong:
            raise NotWrittenError(
                f"{output} is written and safe, but {self._path} cannot say so: "
                f"{wrong.strerror or wrong}. Make room and repeat the same: this image "
                "is done again then, and no other."
            ) from wrong

    def _append(self, entry: Mapping[str, str | None]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(entry)}\n")


def _read_finished(path: Path) -> Iterator[tuple[str, str | None]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            yield entry["image"], entry["asked"]
        except (ValueError, KeyError, TypeError):
            continue  # torn by a crash
