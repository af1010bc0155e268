"""Memories of SAM 2: what is remembered of objects, and what attends to it.

Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos", section 4 and
appendix D. A memory is the features of a frame with the object's mask mixed in, and a
pointer: a vector that tells the object. Nothing is kept here: memories are values.

Shapes: N objects, C channels, H W rows and columns, L tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from napari_sam.backends.sam2.memory_choice import chosen
from napari_sam.backends.tensors import as_tensor
from napari_sam.core.protocols import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_sam.backends.sam2.network import Decoded, Levels, Sam2Network

#: The logit of pixels where no object is to be seen.
_NOWHERE = -1024.0
#: The logit of pixels that another object has got.
_LOST = -10.0
#: The slowest wave by which times are encoded, in radians per unit of time.
_SLOWEST = 10000.0
#: Names of the arrays of a memory.
_FEATURES, _POINTER = "features", "pointer"


class Found(NamedTuple):
    """What is found of N objects: logits ``(N, H, W)``, scores, pointers, presence."""

    logits: Tensor
    scores: Tensor
    pointers: Tensor
    presence: Tensor


class Tokens(NamedTuple):
    """Tokens that an image attends to, ``(L, 64)``; the last ones are of pointers."""

    values: Tensor
    positions: Tensor
    pointers: int
    frames: int

    @property
    def kind(self) -> tuple[int, int]:
        """Counts of values and pointers; objects that share them are found together."""
        return len(self.values), self.pointers


class ObjectMemory:
    """Makes memories with the parts of a network, and finds objects by them."""

    def __init__(self, network: Sam2Network) -> None:
        self._network, self._model = network, network.model
        self._config = network.model.config
        side = network.cells // 4
        self._places = self._memory_places(side)
        image = self._model.vision_encoder.neck.position_encoding
        shape = (1, self._config.vision_config.fpn_hidden_size, side, side)
        self._grid = image(shape, network.device, torch.float32)

    def _memory_places(self, side: int) -> Tensor:
        """Return where each token of a memory lies, ``(L, 64)``."""
        shape = (1, self._config.memory_encoder_output_channels, side, side)
        places = self._model.memory_encoder.position_encoding
        found: Tensor = places(shape, self._network.device, torch.float32)
        return found[0].flatten(1).T

    def _kept(self, features: Tensor) -> NDArray[np.floating]:
        """Return features ``(N, 64, H, W)`` as they are kept in memories.

        They are rounded to bfloat16, as in training, and half precision holds that.
        """
        rounded = features.to(torch.bfloat16).float()
        return rounded.cpu().numpy().astype(np.float16)

    def _attention_options(self, tokens: Tokens) -> dict[str, int]:
        """Return what else the attention to memories is told."""
        return {"num_object_pointer_tokens": tokens.pointers}

    @property
    def lasting(self) -> dict[str, int]:
        """For how many frames the parts of a memory that is not prompted are of use."""
        pointers = self._config.max_object_pointers_in_encoder - 1
        return {_FEATURES: self._config.num_maskmem - 1, _POINTER: pointers}

    def of_masks(self, levels: Levels, masks: Tensor) -> list[Memory]:
        """Remember objects whose masks are given, ``(N, 1, y, x)`` in the square."""
        coarse = self._model.mask_downsample(masks)
        decoded = self._network.decode(
            levels, levels.s16, None, coarse, multimask=False
        )
        seen = masks.flatten(1).any(1).float() * 2 - 1
        pointers = self._pointers(decoded.tokens[:, 0], decoded.presence)
        pointers = self._or_none(pointers, seen)
        features = self._features(levels, (masks > 0.5).float(), seen)
        return _memories(features, pointers, prompted=True)

    def of_found(self, levels: Levels, found: Found, masks: Tensor) -> list[Memory]:
        """Remember objects that were found, less what others have got of them.

        Parameters
        ----------
        levels, found
            Of the same tile.
        masks
            ``(N, 1, y, x)`` in the square: what each was given.
        """
        logits = F.interpolate(found.logits[:, None], masks.shape[2:], mode="bilinear")
        lost = (logits > 0) & (masks < 0.5)
        logits = torch.where(lost, _LOST, logits)
        features = self._features(levels, logits.sigmoid(), found.presence)
        return _memories(features, found.pointers, lasts=self.lasting)

    def find(self, levels: Levels, objects: Sequence[Sequence[Memory]]) -> list[Found]:
        """Find each object by its memories; those with as many tokens together."""
        tokens = [self._tokens(memories) for memories in objects]
        found: dict[int, Found] = {}
        for kind in dict.fromkeys(t.kind for t in tokens):
            alike = [i for i, t in enumerate(tokens) if t.kind == kind]
            one = self._found(levels, [tokens[i] for i in alike])
            for n, i in enumerate(alike):
                found[i] = Found(*(x[n : n + 1] for x in one))
        return [found[i] for i in range(len(objects))]

    def _found(self, levels: Levels, alike: Sequence[Tokens]) -> Found:
        features = self._attended(levels, alike)
        config = self._config
        several = (
            config.multimask_output_in_sam and config.multimask_output_for_tracking
        )
        decoded = self._network.decode(levels, features, None, None, multimask=several)
        return self._best(decoded)

    def _attended(self, levels: Levels, alike: Sequence[Tokens]) -> Tensor:
        """Return the features of an image ``(N, C, H, W)`` in the light of memories."""
        count, (_, channels, rows, cols) = len(alike), levels.s16.shape
        image, grid = (
            x.flatten(2).permute(2, 0, 1).expand(-1, count, -1)
            for x in (levels.s16, self._grid)
        )
        attended = self._model.memory_attention(
            current_vision_features=image,
            current_vision_position_embeddings=grid,
            memory=torch.stack([t.values for t in alike], 1),
            memory_posision_embeddings=torch.stack([t.positions for t in alike], 1),
            **self._attention_options(alike[0]),
        )
        found: Tensor = attended[0].transpose(1, 2)
        return found.reshape(count, channels, rows, cols)

    def _best(self, decoded: Decoded) -> Found:
        """Keep the mask with the highest score of each object."""
        best, every = decoded.scores.argmax(1), torch.arange(len(decoded.scores))
        seen = decoded.presence > 0
        logits = torch.where(seen[:, None, None], decoded.logits[every, best], _NOWHERE)
        return Found(
            logits,
            decoded.scores[every, best] * seen,
            self._pointers(decoded.tokens[every, best], decoded.presence),
            decoded.presence,
        )

    def _pointers(self, tokens: Tensor, presence: Tensor) -> Tensor:
        return self._or_none(self._model.object_pointer_proj(tokens), presence)

    def _or_none(self, pointers: Tensor, presence: Tensor) -> Tensor:
        return torch.where(
            presence[:, None] > 0, pointers, self._model.no_object_pointer
        )

    def _features(
        self, levels: Levels, masks: Tensor, presence: Tensor
    ) -> NDArray[np.floating]:
        """Mix masks of 0 to 1 into the features of their frame."""
        config = self._config
        scaled = masks * config.sigmoid_scale_for_mem_enc
        scaled = scaled + config.sigmoid_bias_for_mem_enc
        image = levels.s16.expand(len(masks), -1, -1, -1)
        features: Tensor = self._model.memory_encoder(image, scaled)[0]
        hidden = self._model.occlusion_spatial_embedding_parameter
        if hidden is not None:
            absent = (presence <= 0).float()[:, None, None, None]
            features = features + absent * hidden[..., None, None]
        return self._kept(features)

    def _tokens(self, memories: Sequence[Memory]) -> Tokens:
        """Line up what is remembered of an object, with where and when that was."""
        pick = chosen(memories, self.lasting[_FEATURES], self.lasting[_POINTER])
        times = self._model.memory_temporal_positional_encoding[:, 0]
        values, positions = [], []
        for age, memory in pick.features:
            values.append(self._on_device(memory, _FEATURES).flatten(1).T)
            positions.append(self._places + times[age - 1])
        ages = [age for age, _ in pick.pointers]
        if ages:
            pointers = torch.stack(
                [self._on_device(m, _POINTER) for _, m in pick.pointers]
            )
            parts = pointers.shape[1] // self._places.shape[1]
            values.append(pointers.reshape(-1, self._places.shape[1]))
            positions.append(self._pointer_times(ages).repeat_interleave(parts, 0))
        count = len(values[-1]) if ages else 0
        frames = len(pick.features)
        return Tokens(torch.cat(values), torch.cat(positions), count, frames)

    def _pointer_times(self, ages: Sequence[int]) -> Tensor:
        """Return ``(pointers, 64)``: how long ago each was; SAM 2 does not say."""
        device, width = self._network.device, self._places.shape[1]
        if not self._config.enable_temporal_pos_encoding_for_object_pointers:
            return torch.zeros(len(ages), width, device=device)
        half = self._config.vision_config.fpn_hidden_size // 2
        share = torch.tensor(ages, device=device) / self.lasting[_POINTER]
        wave = 2 * (torch.arange(half, device=device) // 2) / half
        angles = share[:, None] / _SLOWEST**wave
        encoded = torch.cat([angles.sin(), angles.cos()], 1)
        found: Tensor = self._model.temporal_positional_encoding_projection_layer(
            encoded
        )
        return found

    def _on_device(self, memory: Memory, name: str) -> Tensor:
        return as_tensor(memory.arrays[name]).to(self._network.device).float()


def _memories(
    features: NDArray[np.floating],
    pointers: Tensor,
    *,
    prompted: bool = False,
    lasts: dict[str, int] | None = None,
) -> list[Memory]:
    """Return memories as values."""
    arrays = zip(features, pointers.float().cpu().numpy(), strict=True)
    return [
        Memory({_FEATURES: f, _POINTER: p}, prompted=prompted, lasts=lasts)
        for f, p in arrays
    ]
