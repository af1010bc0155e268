"""`PocketBackend`: the small model that ships in the wheel."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.backends.devices import find_device
from napari_sam.backends.encoding_backend import EncodingBackend
from napari_sam.backends.quantized import WindowedFeatures, quantize, scaled, windowed
from napari_sam.backends.refining_decoder import MaskCandidates, tile_shape
from napari_sam.backends.tensors import as_tensor, digest_state
from napari_sam.backends.weight_files import read_state
from napari_sam.core.backend_spec import BackendSpec
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import CheckpointError, ModelError
from napari_sam.core.images.instance_maps import InstanceMaps
from napari_sam.core.images.scaled_array import ScaledArray
from napari_sam.core.prompts.model_prompts import (
    is_ambiguous,
    is_approximate,
    to_model_prompts,
)
from napari_sam.core.protocols import FeatureMap
from napari_sam.models.pocket import (
    GRID,
    HEAD,
    OUTSIDE,
    WORKING_SIZE,
    Features,
    LocalMaps,
    Pocket,
    PocketPrompts,
    WindowDecoder,
    fused,
    working_scale,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArray, EmbeddingArrays
    from napari_sam.core.prompts.model_prompts import Refinement

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "p2"
#: What encoding one more tile of 1024 pixels takes, generously.
_TILE_BYTES = 200_000_000
_NAMES = ("s16", "s8", "s4", "s2")


class _Tile(NamedTuple):
    """An embedding on the device."""

    features: list[WindowedFeatures]
    shape: tuple[int, int]


class PocketBackend(EncodingBackend[_Tile]):
    """The backend of the model `pocket`.

    Parameters
    ----------
    model
        With its weights.
    device
        Where to compute.
    name
        For messages and fingerprints.
    precision
        Of the encoder: ``float32`` (also ``auto``) or ``bfloat16``.
    batch_size
        Tiles encoded at once. By default, one on a CPU, and on a GPU what its free
        memory takes.
    """

    working_size = WORKING_SIZE
    #: Tiles of larger images are of this side, enlarged as a small image would be.
    view = WORKING_SIZE // 2
    #: Beyond that, for objects that are small even then.
    magnification = 2
    #: Both measured on training images: docs/models/pocket-log.md.
    refinement_bias, box_bias = 0.25, 1.5

    def __init__(
        self,
        model: Pocket,
        *,
        device: str = "auto",
        name: str = "pocket",
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        weights = model.state_dict().items()
        digest = digest_state({n: v for n, v in weights if not n.startswith(HEAD)})
        precision = "float32" if precision == "auto" else precision
        identity = [digest, _PREPARATION]
        super().__init__(name, find_device(device), precision, identity=identity)
        self.model = fused(model).to(self.device)
        self.model.encoder.to(getattr(torch, self.precision))
        self._maps = LocalMaps(self.model.prompts)
        convert_conv2d_weight_memory_format(self.model, torch.channels_last)
        self._set_batches(batch_size, _TILE_BYTES)

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model."""
        return BackendSpec(
            name=self.name,
            working_size=self.working_size,
            view=self.view,
            batch_size=self.batch_size,
            device=str(self.device),
            precision=self.precision,
            magnification=self.magnification,
            refinement_bias=self.refinement_bias,
            box_bias=self.box_bias,
            capabilities=self._capabilities,
        )

    @property
    def _capabilities(self) -> frozenset[str]:
        with_head = {"instances"} if self.model.instances is not None else set()
        return frozenset({"features", *with_head})

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``.

        Returns
        -------
        list
            For each, features ``(C, rows, cols)`` at strides 16, 8, 4 and 2 of the
            working image, a byte for each number: see `napari_sam.backends.quantized`.
        """
        return super().encode(planes)

    def features(self, embedding: EmbeddingArrays) -> list[FeatureMap]:
        """Return the features at strides 8 and 4 of the working image."""
        tile = Embedding.from_mapping(embedding)
        rows, cols = tile_shape(tile)
        working = _working_shape((rows, cols))
        step = rows / working[0], cols / working[1]
        _, s8, s4, _ = (ScaledArray(*one) for one in scaled(tile.arrays, _NAMES))
        pairs = ((s8, 8), (s4, 4))
        return [FeatureMap(found, (n * step[0], n * step[1])) for found, n in pairs]

    def _working_image(self, plane: NDArray[np.uint8]) -> torch.Tensor:
        """Return the working image ``(3, rows, cols)``, padded."""
        shape = plane.shape[0], plane.shape[1]
        x = as_tensor(np.ascontiguousarray(plane)).to(self.device)
        x = x.permute(2, 0, 1)[None].float().div_(255)
        rows, cols = _working_shape(shape)
        if (rows, cols) != shape:
            shrinks = rows < shape[0]
            x = F.interpolate(x, (rows, cols), mode="bilinear", antialias=shrinks)
        return F.pad(x, (0, -cols % GRID, 0, -rows % GRID))[0]

    def _encode(self, stack: torch.Tensor) -> list[dict[str, EmbeddingArray]]:
        x = stack.to(getattr(torch, self.precision), memory_format=torch.channels_last)
        found = self.model.encoder(x)
        return [
            quantize({name: f[i] for name, f in zip(_NAMES, found, strict=True)})
            for i in range(len(x))
        ]

    @torch.inference_mode()
    def _prepare(self, embedding: Embedding) -> _Tile:
        found = windowed(embedding.arrays, _NAMES, self.device)
        return _Tile(found, tile_shape(embedding))

    @torch.inference_mode()
    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return the maps of all objects of a tile, by the instance head.

        Raises
        ------
        ModelError
            If these weights have no instance head.
        """
        if self.model.instances is None:
            raise ModelError(
                f"{self.name}: these weights have no instance head. Train one: "
                "napari-sam train --parts instances --from FILE."
            )
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        features = Features(*(f.whole()[None] for f in tile.features))
        logits = self.model.instances(features.channels_last())[0]
        rows, cols = (-(-n // 2) for n in _working_shape(tile.shape))
        maps = logits[:, :rows, :cols].sigmoid().cpu().numpy()
        return InstanceMaps(np.ascontiguousarray(maps), self._stride(tile.shape))

    @torch.inference_mode()
    def _decode_rounds(
        self, prepared: _Tile, rounds: Sequence[Refinement]
    ) -> list[MaskCandidates]:
        """Decode rounds together: those of ambiguous prompts, and the others."""
        found: dict[int, MaskCandidates] = {}
        for ambiguous in (False, True):
            mine = [
                i for i, r in enumerate(rounds) if is_ambiguous(r.prompts) == ambiguous
            ]
            decoder = WindowDecoder(
                self.model,
                prepared.features,
                multimask_output=ambiguous,
                maps=self._maps,
            )
            inputs = [self._inputs(prepared, rounds[i]) for i in mine]
            masks = decoder.predict(inputs)
            found |= {
                i: self._candidates(prepared, *one)
                for i, one in zip(mine, masks, strict=True)
            }
        return [found[i] for i in range(len(rounds))]

    def _candidates(
        self, tile: _Tile, logits: torch.Tensor, scores: torch.Tensor
    ) -> MaskCandidates:
        rows, cols = (-(-n // 2) for n in _working_shape(tile.shape))
        return MaskCandidates(
            logits[:, :rows, :cols].cpu().numpy(), scores.cpu().numpy()
        )

    def _inputs(self, tile: _Tile, one: Refinement) -> PocketPrompts:
        """Turn prompts and previous logits into tensors on the device."""
        rows, cols = tile.features[2].shape[1:]
        working = _working_shape(tile.shape)
        grid = -(-working[0] // 4), -(-working[1] // 4)
        inputs = to_model_prompts(one.prompts, tile.shape, grid=grid)
        scale = np.divide(working, tile.shape, dtype=np.float32)[::-1].copy()
        prior = previous = None
        if inputs.mask_input is not None:
            off = (0, cols - grid[1], 0, rows - grid[0])
            prior = as_tensor(inputs.mask_input)[None].to(self.device)
            prior = F.pad(prior, off) if any(off) else prior
        if one.previous is not None:
            logits = as_tensor(one.previous)[None].to(self.device)
            previous = F.avg_pool2d(logits, 2, ceil_mode=True)
            off = (0, cols - previous.shape[2], 0, rows - previous.shape[1])
            previous = F.pad(previous, off, value=OUTSIDE)
        return PocketPrompts(
            as_tensor(inputs.point_coords * scale)[None].to(self.device),
            as_tensor(inputs.point_labels.astype(np.int64))[None].to(self.device),
            prior,
            previous,
            approximate=is_approximate(one.prompts),
        )

    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        rows, cols = _working_shape(shape)
        return 2 * shape[0] / rows, 2 * shape[1] / cols


def _working_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the image that the model works on, before padding."""
    scale = working_scale(shape)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def open_pocket(
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> PocketBackend:
    """Load the bundled weights, or others of the same architecture.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of another architecture.
    """
    if checkpoint is not None:
        return PocketBackend(
            _load(Path(checkpoint)), device=device, precision=precision
        )
    bundled = files("napari_sam.models") / "weights" / "pocket.safetensors"
    with as_file(bundled) as path:
        return PocketBackend(_load(path), device=device, precision=precision)


def _load(path: Path) -> Pocket:
    state = read_state(path)
    model = Pocket(instances=any(name.startswith(HEAD) for name in state))
    expected = model.state_dict()
    mismatched = [
        n for n in {**expected, **state}
        if n not in expected or n not in state or expected[n].shape != state[n].shape
    ]  # fmt: skip
    if mismatched:
        raise CheckpointError(
            f"{path} does not hold the weights of pocket: {len(mismatched)} of "
            f"{len(expected)} arrays are missing, unknown or of another shape, the "
            f"first {sorted(mismatched)[0]!r}."
        )
    model.load_state_dict({n: v.to(expected[n].dtype) for n, v in state.items()})
    return model
