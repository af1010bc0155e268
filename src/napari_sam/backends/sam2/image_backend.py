"""`SquareBackend`: what the successors of Segment Anything have in common on images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from napari_sam.backends.encoding_backend import EncodingBackend
from napari_sam.backends.prior_logits import prior_logits
from napari_sam.backends.refining_decoder import MaskCandidates, tile_shape
from napari_sam.backends.sam2.network import Levels, PointInputs, Sam2Network
from napari_sam.backends.tensors import as_tensor
from napari_sam.core.backend_spec import BackendSpec
from napari_sam.core.prompts.model_prompts import is_ambiguous, to_model_prompts
from napari_sam.models.precision import fast_float32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_sam.core.embedding import Embedding
    from napari_sam.core.prompts.model_prompts import Refinement

#: Arrays of all tokens of the first stage that a block holds at once, at most.
_ALIVE = 24


class DeviceEmbedding(NamedTuple):
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


class SquareBackend(EncodingBackend[DeviceEmbedding]):
    """A backend that stretches images to a square and has features at three strides.

    Parameters
    ----------
    network
        On its device, in its precision.
    name
        For messages and fingerprints.
    identity
        A digest of the weights, and how pixels are prepared.
    batch_size
        Tiles encoded at once. By default, one on a CPU, and on a GPU what its free
        memory takes.
    """

    def __init__(
        self,
        network: Sam2Network,
        *,
        name: str,
        identity: list[str],
        batch_size: int | None = None,
    ) -> None:
        precision = str(network.precision).removeprefix("torch.")
        super().__init__(name, network.device, precision, identity=identity)
        self.network = network
        nbytes = _ALIVE * 4 * network.width * network.cells**2
        self._set_batches(batch_size, nbytes)

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
            capabilities=self._capabilities,
        )

    @property
    def _capabilities(self) -> frozenset[str]:
        return frozenset()

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``.

        Each is stretched to the encoder's square, bilinearly and without aliasing.

        Returns
        -------
        list
            For each, float32 arrays ``s4``, ``s8`` and ``s16`` ``(C, rows, cols)``.
        """
        with fast_float32():
            return super().encode(planes)

    def _working_image(self, plane: NDArray[np.uint8]) -> Tensor:
        x = as_tensor(np.ascontiguousarray(plane)).permute(2, 0, 1)
        return self.network.square(x)

    def _encode(self, stack: Tensor) -> list[dict[str, NDArray[np.float32]]]:
        levels = self.network.encode(stack)._asdict()
        found = {name: level.cpu().numpy() for name, level in levels.items()}
        return [{name: f[i] for name, f in found.items()} for i in range(len(stack))]

    def _prepare(self, embedding: Embedding) -> DeviceEmbedding:
        arrays = (embedding.arrays[name] for name in Levels._fields)
        levels = (as_tensor(a)[None].to(self.device).float() for a in arrays)
        return DeviceEmbedding(Levels(*levels), tile_shape(embedding))

    def _decode_rounds(
        self, prepared: DeviceEmbedding, rounds: Sequence[Refinement]
    ) -> list[MaskCandidates]:
        """Decode prompts of one kind together, as many as the device is fast at."""
        with torch.inference_mode(), fast_float32():
            inputs = [self._inputs(r, prepared.shape) for r in rounds]
            found: dict[int, MaskCandidates] = {}
            for some in _groups([i.kind for i in inputs], self._group):
                alike = [inputs[i] for i in some]
                found.update(zip(some, self._decode(prepared, alike), strict=True))
        return [found[i] for i in range(len(rounds))]

    def _decode(
        self, tile: DeviceEmbedding, alike: Sequence[_Inputs]
    ) -> list[MaskCandidates]:
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

    def _inputs(self, one: Refinement, shape: tuple[int, int]) -> _Inputs:
        """Turn prompts and previous logits into tensors on the device."""
        cells = self.network.cells
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
        return shape[0] / self.network.cells, shape[1] / self.network.cells


def _groups(kinds: Sequence[tuple[int, bool, bool]], size: int) -> Iterator[list[int]]:
    """Yield indices of equal kinds, at most so many at a time."""
    for kind in dict.fromkeys(kinds):
        alike = [i for i, other in enumerate(kinds) if other == kind]
        for start in range(0, len(alike), size):
            yield alike[start : start + size]
