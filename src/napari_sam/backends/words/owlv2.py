"""OWLv2 by the transformers library: boxes of what words are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.backends.words.detector import BoxDetector, Detections

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Owlv2Concepts(BoxDetector):
    """OWLv2 (Minderer et al. 2023): a score for each word and box."""

    network = "OWLv2"

    def _detect(self, picture: NDArray[np.uint8], words: Sequence[str]) -> Detections:
        text = self._model.config.text_config
        tokens = self._tokenizer(
            list(words),
            padding="max_length",
            truncation=True,
            max_length=text.max_position_embeddings,
            return_tensors="pt",
        )
        found = self._model(
            pixel_values=self._pixels(picture).to(self._device),
            input_ids=tokens["input_ids"].to(self._device),
            attention_mask=tokens["attention_mask"].to(self._device),
        )
        # The picture is padded to a square, of which boxes are shares.
        side = max(picture.shape[:2])
        # In double precision, so that two words of which it is sure are no tie.
        scores = torch.sigmoid(found.logits[0].double())
        return Detections(found.pred_boxes[0], scores, (side, side))

    def _pixels(self, picture: NDArray[np.uint8]) -> torch.Tensor:
        """Scale, pad to a square, resize and normalise as the model was trained."""
        from transformers.models.owlv2.image_processing_pil_owlv2 import (
            Owlv2ImageProcessorPil,
        )

        side = self._model.config.vision_config.image_size
        processor = Owlv2ImageProcessorPil(size={"height": side, "width": side})
        pixels: torch.Tensor = processor(picture, return_tensors="pt")["pixel_values"]
        return pixels
