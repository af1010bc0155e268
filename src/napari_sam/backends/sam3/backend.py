"""`Sam3Backend`: SAM 3 on images, by prompts, words and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from napari_sam.backends.devices import find_device
from napari_sam.backends.encoding_backend import precision_for
from napari_sam.backends.sam2.image_backend import SquareBackend
from napari_sam.backends.sam3.network import Sam3Network
from napari_sam.backends.tensors import digest_state
from napari_sam.backends.words.detector import LOWEST
from napari_sam.core.images.concepts import ExampleBoxes, FoundConcept
from napari_sam.models.precision import fast_float32

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import SimpleNamespace

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase, Sam3VideoModel

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "sam3"


class Sam3Backend(SquareBackend):
    """The backend of SAM 3: prompts as to SAM 2, and words, whose masks are its own.

    Parameters
    ----------
    model
        With its weights. It is taken over: its precision and device may change.
    tokenizer
        Beside the weights.
    name
        For messages and fingerprints.
    device
        Where to compute.
    precision
        Of the encoder: ``float32``, ``bfloat16``, or ``auto`` for bfloat16 where the
        machine is fast at it.
    batch_size
        Tiles encoded at once. By default, one on a CPU, and on a GPU what its free
        memory takes.
    """

    network: Sam3Network

    def __init__(
        self,
        model: Sam3VideoModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str = "sam3",
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        where = find_device(device)
        precision = precision_for(precision, where)
        identity = [digest_state(model.state_dict()), _PREPARATION]
        network = Sam3Network(model, where, getattr(torch, precision))
        super().__init__(network, name=name, identity=identity, batch_size=batch_size)
        self._tokenizer = tokenizer

    @property
    def concept_model(self) -> str:
        """Name of the model of words."""
        return f"SAM 3 ({self.name})"

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find what words may be about in a picture ``(y, x, 3)``, with masks."""
        return self.find_by_examples(picture, words, {})

    def find_by_examples(
        self,
        picture: NDArray[np.uint8],
        words: Sequence[str],
        examples: Mapping[int, ExampleBoxes],
    ) -> list[FoundConcept]:
        """Find what words and examples are about; see `SupportsExamples`."""
        shape, found = (picture.shape[0], picture.shape[1]), []
        with torch.inference_mode(), fast_float32():
            seen = self.network.image_features(self._working_image(picture))
            for i, word in enumerate(words):
                boxes, signs = self._boxes(examples.get(i, ExampleBoxes()), shape)
                answer = self.network.detector(
                    vision_embeds=seen,
                    input_boxes=boxes,
                    input_boxes_labels=signs,
                    **self._tokens(word),
                )
                found += list(_finds(answer, i, shape))
        return found

    def _tokens(self, word: str) -> dict[str, Tensor]:
        most = self.network.detector.config.text_config.max_position_embeddings
        tokens = self._tokenizer(
            [word],
            padding="max_length",
            truncation=True,
            max_length=most,
            return_tensors="pt",
        )
        names = ("input_ids", "attention_mask")
        return {name: tokens[name].to(self.device) for name in names}

    def _boxes(
        self, examples: ExampleBoxes, shape: tuple[int, int]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return middles, widths and heights ``(1, K, 4)`` as shares, and signs."""
        every = (*examples.wanted, *examples.unwanted)
        if not every:
            return None, None
        rows, cols = shape
        boxes = [
            ((b[1] + b[3]) / 2 / cols, (b[0] + b[2]) / 2 / rows,
             (b[3] - b[1]) / cols, (b[2] - b[0]) / rows)
            for b in every
        ]  # fmt: skip
        signs = [1] * len(examples.wanted) + [0] * len(examples.unwanted)
        return (
            torch.tensor([boxes], dtype=torch.float32, device=self.device),
            torch.tensor([signs], device=self.device),
        )


def _finds(
    answer: SimpleNamespace, word: int, shape: tuple[int, int]
) -> Iterator[FoundConcept]:
    """Yield what is sure enough, each with its pixels; what has none is left out."""
    scores = answer.pred_logits[0].sigmoid() * answer.presence_logits[0].sigmoid()
    for i in torch.nonzero(scores >= LOWEST)[:, 0].tolist():
        share = answer.pred_masks[0, i].float().sigmoid()[None, None]
        share = F.interpolate(share, shape, mode="bilinear", align_corners=False)
        mask = (share[0, 0] > 0.5).cpu().numpy()
        left, top, right, bottom = answer.pred_boxes[0, i].tolist()
        if mask.any():
            box = (top * shape[0], left * shape[1], bottom * shape[0], right * shape[1])
            yield FoundConcept(box, word, float(scores[i]), mask)
