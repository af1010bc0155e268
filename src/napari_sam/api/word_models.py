"""Models of words, by their name or their folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam import checkpoints
from napari_sam.automatic.mask_concepts import MaskConcepts
from napari_sam.core.errors import ModelError
from napari_sam.core.images.concepts import (
    OpensConcepts,
    SupportsConcepts,
    SupportsMatching,
)
from napari_sam.labelling.word_worker import ConceptSpec

if TYPE_CHECKING:
    from napari_sam.core.protocols import Backend

_NONE = (
    'Words need a model that knows them: say concepts="owlv2" or --concepts owlv2, '
    "which is downloaded once from huggingface.co (napari-sam models list has others), "
    "or give the folder of OWLv2, Grounding DINO, CLIP or SAM 3. All of them need pip "
    "install transformers."
)


def open_concepts(
    concepts: SupportsConcepts | SupportsMatching | str | Path | None,
    backend: Backend,
) -> SupportsConcepts:
    """Open a model of words, or return the backend if it is one.

    CLIP, and any other `SupportsMatching`, looks at the automatic masks of the backend.
    Where the backend is in a process of its own, a folder is opened there too.

    Parameters
    ----------
    concepts
        A name of `checkpoints.word_models`, which is downloaded if it is not on this
        disk; a folder; or a model that is open.
    backend
        The model that draws masks.

    Raises
    ------
    ModelError
        If there is none.
    """
    if concepts is None:
        opened = _own(backend)
    elif isinstance(concepts, str | Path):
        opened = _opened(word_folder(concepts), backend)
    else:
        opened = concepts
    if isinstance(opened, SupportsMatching):
        return MaskConcepts(opened, backend)
    if not isinstance(opened, SupportsConcepts):
        raise ModelError(_NONE)
    return opened


def concept_spec(
    concepts: SupportsConcepts | SupportsMatching | str | Path | None,
) -> ConceptSpec | None:
    """Return a model of words as workers open it; None for one that is open here."""
    if concepts is None:
        return ConceptSpec(open_concepts)
    if not isinstance(concepts, str | Path):
        return None
    folder = Path(concepts)
    name = folder.absolute() if folder.is_dir() else concepts
    return ConceptSpec(open_concepts, str(name))


def word_folder(concepts: str | Path) -> Path:
    """Return the folder of a model of words; a name is downloaded if need be.

    A folder that is there goes before a name.

    Raises
    ------
    ModelError
        If it is neither.
    CheckpointError
        If it cannot be downloaded, or is not what it should be.
    """
    folder = Path(concepts)
    if folder.is_dir():
        return folder
    known = {entry.name: entry for entry in checkpoints.word_models()}
    entry = known.get(str(concepts))
    if entry is None:
        raise ModelError(
            f"There is no folder {folder}, and no model of words of that name. Known: "
            f"{', '.join(known)}."
        )
    there = checkpoints.is_here(entry)
    return (checkpoints.path if there else checkpoints.download)(entry.name)


def _own(backend: Backend) -> Backend | SupportsConcepts | SupportsMatching | None:
    if isinstance(backend, OpensConcepts):
        return backend.open_words(None)
    return backend


def _opened(
    folder: Path, backend: Backend
) -> SupportsConcepts | SupportsMatching | None:
    if isinstance(backend, OpensConcepts):
        return backend.open_words(folder.absolute())
    from napari_sam.backends.words.opening import open_words

    return open_words(folder)
