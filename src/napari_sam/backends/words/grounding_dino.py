"""Grounding DINO by the transformers library: boxes of what words are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.backends.words.detector import BoxDetector, Detections
from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class GroundingDinoConcepts(BoxDetector):
    """Grounding DINO (Liu et al. 2023): a score for each token of a text and box.

    All words are one text, each ended by a full stop. A word's score is that of its
    best token, as a phrase's is in the paper.
    """

    network = "Grounding DINO"

    def _detect(self, picture: NDArray[np.uint8], words: Sequence[str]) -> Detections:
        ids, spans = self._tokens(words)
        tokens = torch.tensor([ids], device=self._device)
        pixels = self._pixels(picture)
        found = self._model(
            pixel_values=pixels["pixel_values"].to(self._device),
            pixel_mask=pixels["pixel_mask"].to(self._device),
            input_ids=tokens,
            token_type_ids=torch.zeros_like(tokens),
            attention_mask=torch.ones_like(tokens),
        )
        every = torch.sigmoid(found.logits[0].float())
        scores = torch.stack([every[:, a:b].amax(1) for a, b in spans], 1)
        return Detections(found.pred_boxes[0], scores, picture.shape[:2])

    def _tokens(self, words: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the tokens of the text, and from where to where each word goes.

        Raises
        ------
        PromptError
            If there are more than the model was trained with, or a word has none.
        """
        read, most = self._tokenizer, self._model.config.max_text_len
        ids, spans = [read.cls_token_id], []
        (stop,) = read(".", add_special_tokens=False)["input_ids"]
        for word in words:
            plain = word.lower().replace(".", " ")
            own = read(plain, add_special_tokens=False)["input_ids"]
            if not own:
                raise PromptError(f"The word {word!r} means nothing to the model.")
            spans.append((len(ids), len(ids) + len(own)))
            ids += [*own, stop]
        ids.append(read.sep_token_id)
        if len(ids) > most:
            raise PromptError(
                f"The words make {len(ids)} tokens; Grounding DINO takes {most}. Give "
                "fewer words at once."
            )
        return ids, spans

    def _pixels(self, picture: NDArray[np.uint8]) -> dict[str, torch.Tensor]:
        """Resize and normalise as the model was trained."""
        from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (  # noqa: E501
            GroundingDinoImageProcessorPil,
        )

        processor = GroundingDinoImageProcessorPil()
        pixels: dict[str, torch.Tensor] = processor(picture, return_tensors="pt")
        return pixels
