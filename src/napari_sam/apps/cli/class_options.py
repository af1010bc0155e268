"""Classes as they are said on the command line: by points, boxes and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.apps.cli.options.examples import examples_at
from napari_sam.core.errors import ImageError, PromptError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.automatic import AutomaticSettings
    from napari_sam.automatic.example_masks import AnyExample
    from napari_sam.core.protocols import Backend
    from napari_sam.io import Image
    from napari_sam.jobs import PromptableSettings
    from napari_sam.labelling import ClassExamples

#: Examples of each class by their plane.
_Given = dict[str, dict[int, list["AnyExample"]]]


@dataclass(frozen=True, slots=True)
class ClassOptions:
    """What options say of classes.

    Attributes
    ----------
    given
        ``NAME=WHERE``, one by one.
    unwanted
        ``WHERE`` of objects that are not wanted.
    examples
        A file of prompts with classes.
    on
        The image that all are on.
    frame
        The plane of points and boxes.
    """

    given: tuple[str, ...]
    unwanted: tuple[str, ...]
    examples: Path | None
    on: Path | None
    frame: int

    def examples_on(
        self,
        images: Path,
        backend: Backend,
        settings: PromptableSettings,
        automatic: AutomaticSettings,
    ) -> ClassExamples | None:
        """Return the examples, described; None if no class is said.

        Raises
        ------
        PromptError
            If one cannot be understood, or the image is not said.
        """
        from napari_sam.api.labelling import class_examples

        if not (self.given or self.unwanted or self.examples):
            return None
        path = self._image(images)
        found = self._read(settings.read.read(path))
        return class_examples(path, found, backend, settings, automatic)

    def _image(self, images: Path) -> Path:
        if self.on is None and images.is_file():
            return images
        if self.on is None:
            raise PromptError("Say which image the examples are on: --on IMAGE.")
        inside = (images if images.is_dir() else images.parent) / self.on
        path = inside if inside.exists() else self.on
        if not path.exists():
            raise ImageError(f"--on {self.on}: there is no such image in {images}.")
        return path

    def _read(self, image: Image) -> _Given:
        from napari_sam.jobs.example_files import examples_by_class

        found: _Given = {}
        if self.examples is not None:
            for name, planes in examples_by_class(self.examples, image).items():
                for frame, prompts in planes.items():
                    found.setdefault(name, {}).setdefault(frame, []).extend(prompts)
        for text in self.given:
            name, _, where = text.partition("=")
            if not name.strip() or not where:
                raise PromptError(
                    f"--class {text}: expected NAME=ROW,COL, a box or a file."
                )
            self._add(found, name.strip(), where, image)
        for where in self.unwanted:
            self._add(found, "", where, image)
        return found

    def _add(self, found: _Given, name: str, where: str, image: Image) -> None:
        planes = found.setdefault(name, {})
        for frame, some in examples_at(where, image, self.frame).items():
            planes.setdefault(frame, []).extend(some)
