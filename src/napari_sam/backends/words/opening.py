"""Models of words opened from a folder, by what it says that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.backends.devices import find_device
from napari_sam.backends.words.clip import ClipMatching
from napari_sam.backends.words.folder import kind_of, load
from napari_sam.backends.words.grounding_dino import GroundingDinoConcepts
from napari_sam.backends.words.owlv2 import Owlv2Concepts
from napari_sam.core.errors import CheckpointError

if TYPE_CHECKING:
    from napari_sam.backends.words.detector import BoxDetector
    from napari_sam.core.images.concepts import SupportsConcepts, SupportsMatching

_EXPECTED = (
    "expected a folder with config.json, model.safetensors and the tokenizer of OWLv2 "
    "(google/owlv2-base-patch16-ensemble), Grounding DINO "
    "(IDEA-Research/grounding-dino-tiny), CLIP (openai/clip-vit-base-patch32) or SAM 3 "
    "(facebook/sam3)"
)
_KINDS: dict[str, tuple[str, type[BoxDetector] | type[ClipMatching]]] = {
    "clip": ("CLIPModel", ClipMatching),
    "owlv2": ("Owlv2ForObjectDetection", Owlv2Concepts),
    "grounding-dino": ("GroundingDinoForObjectDetection", GroundingDinoConcepts),
}


def open_words(
    folder: str | Path, *, device: str = "auto"
) -> SupportsConcepts | SupportsMatching:
    """Open a model of words from a folder on this machine; nothing is downloaded.

    CLIP finds nothing by itself, and is `SupportsMatching`; the others find objects.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    CheckpointError
        If the folder does not hold one, or it may not be used before its licence is
        accepted.
    """
    folder = Path(folder)
    kind = kind_of(folder)
    if kind == "sam3_video":
        from napari_sam.backends.sam3.weights import open_sam3

        return open_sam3("sam3", folder, device=device)
    if kind not in _KINDS:
        raise CheckpointError(f"{folder} holds {kind or 'no model'}; {_EXPECTED}.")
    class_name, opened = _KINDS[kind]
    loaded = load(folder, class_name, expected=_EXPECTED)
    return opened(loaded, name=folder.name, device=find_device(device))
