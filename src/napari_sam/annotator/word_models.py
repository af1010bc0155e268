"""The model of words that a person uses: which one it is, and whether there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam import checkpoints
from napari_sam.core.atomic_write import replacing
from napari_sam.core.backend_spec import backend_spec, supports
from napari_sam.core.errors import ModelError
from napari_sam.core.home import home
from napari_sam.core.images.concepts import SupportsConcepts
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.checkpoints import ModelEntry
    from napari_sam.core.protocols import Backend

#: How to get a model of words, in a sentence.
HOW_TO_GET_ONE = (
    "Words need a model that knows them, and transformers (pip install "
    "'napari-sam[words]'). Choose one: owlv2 is downloaded once, when it is needed "
    "(from huggingface.co, 620 MB). Folders of OWLv2, Grounding DINO, CLIP and SAM 3 "
    "open too."
)


def offered_word_models() -> list[tuple[str, str]]:
    """Return the models of words that are known by name, and a line about each."""
    return [(entry.name, _described(entry)) for entry in checkpoints.word_models()]


def _described(entry: ModelEntry) -> str:
    megabytes = sum(part.size or 0 for part in entry.needed) / 1e6
    where = "here" if checkpoints.is_here(entry) else f"{megabytes:.0f} MB to download"
    return f"{entry.name}: {entry.good_for} ({entry.licence}; {where})"


class WordModels:
    """Opens the model of words once it is needed, and remembers which it was.

    Parameters
    ----------
    workspace
        ``events.words_changed`` tells of another model.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._chosen: SupportsConcepts | Path | str | None = _remembered()
        self._opened: SupportsConcepts | None = None
        self._beside: Backend | None = None

    @property
    def is_there(self) -> bool:
        """Whether words can be looked for; if not, see `HOW_TO_GET_ONE`."""
        return self._chosen is not None or self._image_knows_words()

    @property
    def name(self) -> str:
        """What the model of words is called, for a person."""
        chosen, backend = self._chosen, self._of_image()
        if isinstance(chosen, str | Path):
            return Path(chosen).name
        known = backend if chosen is None else chosen
        if isinstance(known, SupportsConcepts):
            return known.concept_model
        return backend_spec(backend).name if backend is not None else ""

    def use(self, concepts: SupportsConcepts | str | Path) -> None:
        """Use a model of words: a name, a folder, or one that is open.

        Names are those of `checkpoints.word_models`. What is used is remembered, and
        opened when words are looked for; it is downloaded then, if need be.
        """
        with self._workspace.events.reporting():
            if isinstance(concepts, str | Path):
                concepts = _checked(concepts)
                _remember(concepts)
            self._chosen, self._opened = concepts, None
        self._workspace.events.words_changed.emit()

    def iter_open(
        self, backend: Backend
    ) -> Generator[Progress, None, SupportsConcepts]:
        """Return the model, opened; on any thread.

        Parameters
        ----------
        backend
            The model of masks, which may know words itself. A model of words is opened
            in its process.

        Raises
        ------
        ModelError
            If there is none, or it cannot be opened.
        """
        from napari_sam.api import open_concepts

        chosen = self._chosen
        if self._opened is None or chosen is None or self._beside is not backend:
            if isinstance(chosen, str):
                yield from checkpoints.iter_download(chosen)
            yield Progress(0, 0, "loading the model of words")
            self._opened, self._beside = open_concepts(chosen, backend), backend
        return self._opened

    def _image_knows_words(self) -> bool:
        backend = self._of_image()
        return backend is not None and (
            isinstance(backend, SupportsConcepts) or supports(backend, "concepts")
        )

    def _of_image(self) -> Backend | None:
        """Return the model of the image that is open."""
        from napari_sam.image import PromptableImage

        session = self._workspace.session
        image = None if session is None else session.image
        return image.backend if isinstance(image, PromptableImage) else None


def _checked(concepts: str | Path) -> str | Path:
    """Return a name as text, and a folder as a path.

    Raises
    ------
    ModelError
        If it is neither.
    """
    folder = Path(concepts)
    if (folder / "config.json").is_file():
        return folder
    names = [entry.name for entry in checkpoints.word_models()]
    if str(concepts) in names:
        return str(concepts)
    raise ModelError(
        f"{folder} holds no config.json: expected the folder of a model of words, such "
        "as OWLv2, Grounding DINO, CLIP or SAM 3, as transformers saves it; or one of "
        f"the names {', '.join(names)}."
    )


def _file() -> Path:
    return home() / "words-model.txt"


def _remembered() -> str | Path | None:
    """Return what was chosen last, if it is still there."""
    try:
        written = _file().read_text(encoding="utf-8").strip()
        return _checked(written)
    except (OSError, UnicodeDecodeError, ModelError):
        return None


def _remember(chosen: str | Path) -> None:
    written = chosen.absolute() if isinstance(chosen, Path) else chosen
    _file().parent.mkdir(parents=True, exist_ok=True)
    with replacing(_file()) as temporary:
        temporary.write_text(f"{written}\n", encoding="utf-8")
