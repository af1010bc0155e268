"""OWLv2 by the transformers library: boxes of what words are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from napari_sam.backends.devices import find_device
from napari_sam.core.errors import CheckpointError, MissingPackageError
from napari_sam.core.images.concepts import FoundConcept

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import Owlv2ForObjectDetection, PreTrainedTokenizerBase

#: Finds of a lower score are not handed over.
_LOWEST = 0.02
_EXPECTED = (
    "expected a folder with config.json, model.safetensors and the tokenizer of OWLv2, "
    "as of google/owlv2-base-patch16-ensemble"
)


class Owlv2Concepts:
    """Finds what words are about, as `SupportsConcepts`.

    Parameters
    ----------
    model, tokenizer
        Of transformers.
    name
        What it is called, for a person.
    """

    def __init__(
        self,
        model: Owlv2ForObjectDetection,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
    ) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        self._name = name

    @property
    def concept_model(self) -> str:
        """What it is called."""
        return f"OWLv2 ({self._name})"

    @torch.inference_mode()
    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find what words may be about in a picture ``(y, x, 3)``: boxes."""
        text = self._model.config.text_config
        tokens = self._tokenizer(
            list(words),
            padding="max_length",
            truncation=True,
            max_length=text.max_position_embeddings,
            return_tensors="pt",
        )
        device = self._model.device
        found = self._model(
            pixel_values=self._pixels(picture).to(device),
            input_ids=tokens["input_ids"].to(device),
            attention_mask=tokens["attention_mask"].to(device),
        )
        logits, word = found.logits[0].float().max(-1)
        boxes = found.pred_boxes[0].float().cpu().numpy()
        scores = torch.sigmoid(logits).cpu().numpy()
        return _boxes(scores, word.cpu().numpy(), boxes, picture)

    def _pixels(self, picture: NDArray[np.uint8]) -> torch.Tensor:
        """Scale, pad to a square, resize and normalise as the model was trained."""
        from transformers.models.owlv2.image_processing_pil_owlv2 import (
            Owlv2ImageProcessorPil,
        )

        side = self._model.config.vision_config.image_size
        processor = Owlv2ImageProcessorPil(size={"height": side, "width": side})
        pixels: torch.Tensor = processor(picture, return_tensors="pt")["pixel_values"]
        return pixels


def open_owlv2(folder: str | Path, *, device: str = "auto") -> Owlv2Concepts:
    """Open OWLv2 from a folder on this machine; nothing is downloaded.

    Raises
    ------
    MissingPackageError
        If transformers is not installed.
    CheckpointError
        If the folder does not hold it.
    """
    folder = Path(folder)
    kind = _kind(folder)
    if kind != "owlv2":
        raise CheckpointError(f"{folder} holds {kind or 'no model'}; {_EXPECTED}.")
    try:
        from transformers import AutoTokenizer, Owlv2ForObjectDetection
    except ImportError:
        raise MissingPackageError(
            'Words need transformers: pip install "transformers>=5.20,<6".'
        ) from None
    try:
        model = Owlv2ForObjectDetection.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as wrong:
        raise CheckpointError(f"{folder}: {wrong}; {_EXPECTED}.") from wrong
    return Owlv2Concepts(model.to(find_device(device)), tokenizer, name=folder.name)


def _kind(folder: Path) -> str:
    """Return which model a folder holds, by its own words."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _boxes(
    scores: NDArray[np.float32],
    words: NDArray[np.int64],
    boxes: NDArray[np.float32],
    picture: NDArray[np.uint8],
) -> list[FoundConcept]:
    """Return boxes in pixels: the model's are shares of the padded square."""
    side = max(picture.shape[:2])
    found = []
    for box, word, score in zip(boxes, words, scores, strict=True):
        col, line, width, height = (float(x) * side for x in box)
        place = (line - height / 2, col - width / 2, line + height / 2, col + width / 2)
        outside = place[0] >= picture.shape[0] or place[1] >= picture.shape[1]
        if score >= _LOWEST and not outside:
            found.append(FoundConcept(place, int(word), float(score)))
    return found
