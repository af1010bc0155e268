"""The model of words that a person uses: which one it is, and whether there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ModelError
from napari_sam.core.home import home
from napari_sam.core.images.concepts import SupportsConcepts

if TYPE_CHECKING:
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.protocols import Backend

#: How to get a model of words, in a sentence.
HOW_TO_GET_ONE = (
    "Words need a model that knows them: fetch google/owlv2-base-patch16-ensemble from "
    "huggingface.co, install transformers, and choose the folder. Folders of Grounding "
    "DINO and of SAM 3 open too."
)


class WordModels:
    """Opens the model of words once it is needed, and remembers which it was.

    Parameters
    ----------
    workspace
        ``events.words_changed`` tells of another model.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._chosen: SupportsConcepts | Path | None = _remembered()
        self._opened: SupportsConcepts | None = None

    @property
    def is_there(self) -> bool:
        """Whether words can be looked for; if not, see `HOW_TO_GET_ONE`."""
        return self._chosen is not None or self._of_image() is not None

    @property
    def name(self) -> str:
        """What the model of words is called, for a person; empty for none."""
        chosen = self._chosen
        if isinstance(chosen, Path):
            return chosen.name
        known = self._of_image() if chosen is None else chosen
        return "" if known is None else known.concept_model

    def use(self, concepts: SupportsConcepts | str | Path) -> None:
        """Use a model of words: a folder, which is remembered, or one that is open.

        It is opened when words are looked for.
        """
        with self._workspace.events.reporting():
            if isinstance(concepts, str | Path):
                concepts = Path(concepts)
                _check(concepts)
                _remember(concepts)
            self._chosen, self._opened = concepts, None
        self._workspace.events.words_changed.emit()

    def open(self, backend: Backend) -> SupportsConcepts:
        """Return the model, opened; on any thread.

        Parameters
        ----------
        backend
            The model of masks, which may know words itself.

        Raises
        ------
        ModelError
            If there is none, or it cannot be opened.
        """
        from napari_sam.api import open_concepts

        if self._opened is None or self._chosen is None:
            self._opened = open_concepts(self._chosen, backend)
        return self._opened

    def _of_image(self) -> SupportsConcepts | None:
        """Return the model of the image that is open, if it knows words."""
        from napari_sam.image import PromptableImage

        session = self._workspace.session
        image = None if session is None else session.image
        backend = image.backend if isinstance(image, PromptableImage) else None
        return backend if isinstance(backend, SupportsConcepts) else None


def _check(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder} holds no config.json: expected the folder of a model of words, "
            "such as OWLv2, Grounding DINO or SAM 3, as transformers saves it."
        )


def _file() -> Path:
    return home() / "words-model.txt"


def _remembered() -> Path | None:
    """Return the folder that was chosen last, if it is still there."""
    try:
        folder = Path(_file().read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return None
    return folder if (folder / "config.json").is_file() else None


def _remember(folder: Path) -> None:
    _file().parent.mkdir(parents=True, exist_ok=True)
    with replacing(_file()) as temporary:
        temporary.write_text(f"{folder.absolute()}\n", encoding="utf-8")
