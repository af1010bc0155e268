"""CLIP by the transformers library: how well words suit pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam.backends.words.word_model import WordModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What a picture shows if no word suits it: a word is compared with these.
_NEUTRAL = ("a photo", "a photo of something", "a photo of the background")
_ARTICLES = ("a ", "an ", "the ", "some ")


class ClipMatching(WordModel):
    """The CLIP model (Radford et al. 2021), as `SupportsMatching`.

    The score of a word is its probability beside a few texts that say nothing: each
    word has a score of its own, whatever others are asked for.
    """

    network = "CLIP"

    def match_words(
        self, pictures: Sequence[NDArray[np.uint8]], words: Sequence[str]
    ) -> NDArray[np.float32]:
        """Return how well each word suits each picture ``(y, x, 3)``, from 0 to 1."""
        if not pictures:
            return np.zeros((0, len(words)), np.float32)
        texts = [*(_sentence(word) for word in words), *_NEUTRAL]
        with torch.inference_mode():
            logits = self._logits(pictures, texts).double()
            neutral = logits[:, len(words) :].logsumexp(1, keepdim=True)
            scores = torch.sigmoid(logits[:, : len(words)] - neutral)
        return scores.float().cpu().numpy()

    def _logits(
        self, pictures: Sequence[NDArray[np.uint8]], texts: Sequence[str]
    ) -> torch.Tensor:
        """Return scaled cosines, ``(pictures, texts)``."""
        tokens = self._tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        found = self._model(
            pixel_values=self._pixels(pictures).to(self._device),
            input_ids=tokens["input_ids"].to(self._device),
            attention_mask=tokens["attention_mask"].to(self._device),
        )
        logits: torch.Tensor = found.logits_per_image
        return logits

    def _pixels(self, pictures: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        """Resize, cut to a square and normalise as the model was trained."""
        from transformers.models.clip.image_processing_pil_clip import (
            CLIPImageProcessorPil,
        )

        side = self._model.config.vision_config.image_size
        processor = CLIPImageProcessorPil(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}
        )
        given = list(pictures)
        pixels: torch.Tensor = processor(given, return_tensors="pt")["pixel_values"]
        return pixels


def _sentence(word: str) -> str:
    """Return a word as CLIP was trained with texts: as what a photo shows."""
    plain = word.strip()
    article = "" if plain.lower().startswith(_ARTICLES) else "a "
    return f"a photo of {article}{plain}"
