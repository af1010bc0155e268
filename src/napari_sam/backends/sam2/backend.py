"""`Sam2Backend`: SAM 2 and SAM 2.1, on images and on films."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from napari_sam.backends.devices import find_device
from napari_sam.backends.encoder_batches import Batches, tiles_per_batch
from napari_sam.backends.prior_logits import prior_logits
from napari_sam.backends.refining_decoder import (
    GROUP,
    MaskCandidates,
    RefiningDecoder,
    tile_shape,
)
from napari_sam.backends.sam2.memory import Found, ObjectMemory
from napari_sam.backends.sam2.network import Levels, PointInputs, Sam2Network
from napari_sam.backends.tensors import as_tensor, digest_state
from napari_sam.core.backend_spec import BackendSpec
from napari_sam.core.embedding import Embedding
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import is_ambiguous, to_model_prompts
from napari_sam.core.protocols import Recalled
from napari_sam.models.precision import fast_float32, prefers_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import Sam2VideoModel

    from napari_sam.backends.refining_decoder import Round
    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Memory

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "sam2.1"
#: Pixels of the encoder's square per cell of the logits.
_CELL = 4
#: Arrays of all tokens of the first stage that a block holds at once, at most.
_ALIVE = 24
#: Objects that are looked for, or remembered, together.
_OBJECTS = 8


class _Tile(NamedTuple):
    """An embedding on the device."""

    levels: Levels
    shape: tuple[int, int]


class _Inputs(NamedTuple):
    """One prompt on the device: points ``(P, 2)``, labels ``(P,)``, logits."""

    coords: Tensor
    labels: Tensor
    mask: Tensor | None
    multimask: bool

    @property
    def kind(self) -> tuple[int, bool, bool]:
        """What prompts must share to be decoded as one batch."""
        return len(self.labels), self.mask is not None, self.multimask


class Sam2Backend(RefiningDecoder[_Tile]):
    """The backend of SAM 2 and SAM 2.1, of any size.

    An image is stretched to the encoder's square, as these models were trained. Its
    embedding is the features at three strides.

    Parameters
    ----------
    model
        With its weights. It is taken over: its precision and device may change.
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

    def __init__(
        self,
        model: Sam2VideoModel,
        *,
        name: str = "sam2",
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.device, self.name = find_device(device), name
        if precision == "auto":
            fast = prefers_bfloat16(self.device)
            precision = "bfloat16" if fast else "float32"
        self.precision = precision
        digest = digest_state(model.state_dict())
        self._fingerprint = f"{name}-{digest}-{precision}-{_PREPARATION}"
        self.network = Sam2Network(model, self.device, getattr(torch, precision))
        self._memory = ObjectMemory(self.network)
        width = model.config.vision_config.backbone_config.hidden_size
        nbytes = _ALIVE * 4 * width * (self.working_size // 4) ** 2
        self._batches = Batches(batch_size or tiles_per_batch(self.device, nbytes))
        # A CPU is no faster with more, and other sizes give other last bits.
        self._group = 1 if self.device.type == "cpu" else GROUP

    @property
    def batch_size(self) -> int:
        """Tiles encoded at once; fewer, once memory ran out."""
        return self._batches.size

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would return other embeddings."""
        return self._fingerprint

    @property
    def working_size(self) -> int:
        """Side of the square that the image encoder takes."""
        return self.network.size

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model."""
        return BackendSpec(
            name=self.name,
            working_size=self.working_size,
            view=self.working_size,
            batch_size=self.batch_size,
            device=str(self.device),
            precision=self.precision,
            capabilities=frozenset({"video"}),
        )

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``.

        Each is stretched to the encoder's square, bilinearly and without aliasing.

        Returns
        -------
        list
            For each, float32 arrays ``s4``, ``s8`` and ``s16`` ``(C, rows, cols)``.
        """
        with torch.inference_mode(), fast_float32():
            squares = [self.network.square(_channels_first(p)) for p in planes]
            made = self._batches.run(squares, self._encode)
        return [
            Embedding(found, (plane.shape[0], plane.shape[1]))
            for found, plane in zip(made, planes, strict=True)
        ]

    def memorize(
        self,
        embedding: EmbeddingArrays,
        masks: Sequence[Mask],
        *,
        recalled: Sequence[Recalled] | None = None,
    ) -> list[Memory]:
        """Remember objects of one tile; see `SupportsVideo`.

        Returns
        -------
        list
            For each, float16 ``features`` ``(64, rows, cols)``, and a float32
            ``pointer`` ``(C,)``.
        """
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        found: list[Memory] = []
        with torch.inference_mode(), fast_float32():
            for start in range(0, len(masks), _OBJECTS):
                some = slice(start, start + _OBJECTS)
                squares = self._squares(masks[some], tile.shape)
                if recalled is None:
                    found += self._memory.of_masks(tile.levels, squares)
                else:
                    known = self._found(recalled[some])
                    found += self._memory.of_found(tile.levels, known, squares)
        return found

    def recall(
        self, embedding: EmbeddingArrays, memories: Sequence[Sequence[Memory]]
    ) -> list[Recalled]:
        """Find objects on a tile, each by its memories; see `SupportsVideo`.

        Of those that are not to be seen, all logits are -1024 and the score is 0.

        Raises
        ------
        ModelError
            If one of them has none.
        """
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        found: list[Recalled] = []
        with torch.inference_mode(), fast_float32():
            for start in range(0, len(memories), _OBJECTS):
                some = memories[start : start + _OBJECTS]
                objects = self._memory.find(tile.levels, some)
                found += [self._recalled(one, tile.shape) for one in objects]
        return found

    def _squares(self, masks: Sequence[Mask], shape: tuple[int, int]) -> Tensor:
        """Stretch masks of a tile to the square: ``(N, 1, y, x)`` of 0 to 1."""
        side = (self.working_size, self.working_size)
        window = Region(0, 0, *shape)
        planes = np.stack([m.in_window(window) for m in masks])[:, None]
        x = as_tensor(planes).to(self.device).float()
        if shape != side:
            x = F.interpolate(x, side, mode="bilinear", antialias=True)
        return x

    def _recalled(self, found: Found, shape: tuple[int, int]) -> Recalled:
        logits, score, pointer, presence = (x[0].cpu().numpy() for x in found)
        region, stride = Region(0, 0, *shape), self._stride(shape)
        prediction = Prediction(logits, float(score), region, stride)
        return Recalled(prediction, {"pointer": pointer, "presence": presence[None]})

    def _found(self, recalled: Sequence[Recalled]) -> Found:
        """Return what was recalled as tensors on the device."""
        arrays = (
            [r.prediction.logits for r in recalled],
            [np.float32(r.prediction.score) for r in recalled],
            [r.arrays["pointer"] for r in recalled],
            [r.arrays["presence"][0] for r in recalled],
        )
        return Found(*(as_tensor(np.stack(a)).to(self.device) for a in arrays))

    def _encode(self, stack: Tensor) -> list[dict[str, NDArray[np.float32]]]:
        levels = self.network.encode(stack)._asdict()
        found = {name: level.cpu().numpy() for name, level in levels.items()}
        return [{name: f[i] for name, f in found.items()} for i in range(len(stack))]

    def _prepare(self, embedding: Embedding) -> _Tile:
        arrays = (embedding.arrays[name] for name in Levels._fields)
        levels = (as_tensor(a)[None].to(self.device).float() for a in arrays)
        return _Tile(Levels(*levels), tile_shape(embedding))

    def _decode_rounds(
        self, prepared: _Tile, rounds: Sequence[Round]
    ) -> list[MaskCandidates]:
        """Decode prompts of one kind together, as many as the device is fast at."""
        with torch.inference_mode(), fast_float32():
            inputs = [self._inputs(r, prepared.shape) for r in rounds]
            found: dict[int, MaskCandidates] = {}
            for some in _groups([i.kind for i in inputs], self._group):
                alike = [inputs[i] for i in some]
                found.update(zip(some, self._decode(prepared, alike), strict=True))
        return [found[i] for i in range(len(rounds))]

    def _decode(self, tile: _Tile, alike: Sequence[_Inputs]) -> list[MaskCandidates]:
        coords = torch.stack([i.coords for i in alike])
        labels = torch.stack([i.labels for i in alike])
        masks = [i.mask for i in alike if i.mask is not None]
        found = self.network.decode(
            tile.levels,
            self.network.without_memory(tile.levels),
            PointInputs(coords, labels),
            torch.stack(masks) if masks else None,
            multimask=alike[0].multimask,
        )
        return [
            MaskCandidates(logits, scores)
            for logits, scores in zip(
                found.logits.cpu().numpy(), found.scores.cpu().numpy(), strict=True
            )
        ]

    def _inputs(self, one: Round, shape: tuple[int, int]) -> _Inputs:
        """Turn prompts and previous logits into tensors on the device."""
        cells = self.working_size // _CELL
        inputs = to_model_prompts(one.prompts, shape, grid=(cells, cells))
        # The model adds half a pixel to coordinates; ours are positions, not pixels.
        scale = np.divide(self.working_size, shape, dtype=np.float32)[::-1]
        mask = prior_logits(inputs.mask_input, one.previous)
        return _Inputs(
            as_tensor(inputs.point_coords * scale - 0.5).to(self.device),
            as_tensor(inputs.point_labels.astype(np.int64)).to(self.device),
            None if mask is None else mask[None].to(self.device),
            is_ambiguous(one.prompts),
        )

    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        return _CELL * shape[0] / self.working_size, _CELL * shape[
            1
        ] / self.working_size


def _channels_first(plane: NDArray[np.uint8]) -> Tensor:
    return as_tensor(np.ascontiguousarray(plane)).permute(2, 0, 1)


def _groups(kinds: Sequence[tuple[int, bool, bool]], size: int) -> Iterator[list[int]]:
    """Yield indices of equal kinds, at most so many at a time."""
    for kind in dict.fromkeys(kinds):
        alike = [i for i, other in enumerate(kinds) if other == kind]
        for start in range(0, len(alike), size):
            yield alike[start : start + size]
