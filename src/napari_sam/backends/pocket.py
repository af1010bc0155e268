"""The small model that ships in the wheel, as a backend."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.backends.encoder_batches import Batches, tiles_per_batch
from napari_sam.backends.refining_decoder import MaskCandidates, RefiningDecoder
from napari_sam.backends.torch_tools import as_tensor, digest_state, find_device
from napari_sam.core.errors import CheckpointError
from napari_sam.core.prompts.model_prompts import to_model_prompts
from napari_sam.models.pocket import (
    GRID,
    OUTSIDE,
    WORKING_SIZE,
    Features,
    Pocket,
    PocketPrompts,
    fused,
    working_scale,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import Embedding
    from napari_sam.core.prompts import Prompts

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "p1"
#: What encoding one more tile of 1024 pixels takes, generously.
_TILE_BYTES = 200_000_000
_NAMES = ("s16", "s8", "s4", "s2")


class PocketBackend(RefiningDecoder):
    """`pocket` behind the door `Backend`.

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

    def __init__(
        self,
        model: Pocket,
        *,
        device: str = "auto",
        name: str = "pocket",
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.device = find_device(device)
        self.name = name
        digest = digest_state(model.state_dict())
        self.precision = "float32" if precision == "auto" else precision
        self._fingerprint = f"{name}-{digest}-{self.precision}-{_PREPARATION}"
        self.model = fused(model).to(self.device)
        self.model.encoder.to(getattr(torch, self.precision))
        convert_conv2d_weight_memory_format(self.model, torch.channels_last)
        self._batches = Batches(batch_size or tiles_per_batch(self.device, _TILE_BYTES))

    @property
    def batch_size(self) -> int:
        """Tiles encoded at once; fewer, once memory ran out."""
        return self._batches.size

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would answer differently."""
        return self._fingerprint

    @torch.inference_mode()
    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``.

        Returns
        -------
        list
            For each, float32 features ``(C, rows, cols)`` at strides 16, 8, 4 and 2
            of the working image, and the tile's shape.
        """
        made = self._batches.run([self._prepared(p) for p in planes], self._encode)
        return [
            {**found, "shape": np.array(plane.shape[:2], np.int32)}
            for found, plane in zip(made, planes, strict=True)
        ]

    def _prepared(self, plane: NDArray[np.uint8]) -> torch.Tensor:
        """Return the working image ``(3, rows, cols)``, padded."""
        shape = plane.shape[0], plane.shape[1]
        x = as_tensor(np.ascontiguousarray(plane)).to(self.device)
        x = x.permute(2, 0, 1)[None].float().div_(255)
        rows, cols = _working_shape(shape)
        if (rows, cols) != shape:
            shrinks = rows < shape[0]
            x = F.interpolate(x, (rows, cols), mode="bilinear", antialias=shrinks)
        return F.pad(x, (0, -cols % GRID, 0, -rows % GRID))[0]

    def _encode(self, stack: torch.Tensor) -> list[dict[str, NDArray[np.float32]]]:
        x = stack.to(getattr(torch, self.precision), memory_format=torch.channels_last)
        found = [f.float().contiguous().cpu().numpy() for f in self.model.encoder(x)]
        return [
            {name: f[i] for name, f in zip(_NAMES, found, strict=True)}
            for i in range(len(x))
        ]

    @torch.inference_mode()
    def _decode_round(
        self,
        embedding: Embedding,
        prompts: Prompts,
        previous: NDArray[np.float32] | None,
        *,
        multimask_output: bool,
    ) -> MaskCandidates:
        shape = int(embedding["shape"][0]), int(embedding["shape"][1])
        features = Features(*(as_tensor(embedding[n])[None] for n in _NAMES))
        rows, cols = features.s4.shape[2:]
        working = _working_shape(shape)
        drawn = -(-working[0] // 4), -(-working[1] // 4)
        heard = to_model_prompts(prompts, shape, grid=drawn)
        scale = np.divide(working, shape, dtype=np.float32)[::-1].copy()
        xy = as_tensor(heard.point_coords * scale)[None].to(self.device)
        kinds = as_tensor(heard.point_labels.astype(np.int64))[None].to(self.device)
        prior = before = None
        if heard.mask_input is not None:
            off = (0, cols - drawn[1], 0, rows - drawn[0])
            prior = F.pad(as_tensor(heard.mask_input), off)[None].to(self.device)
        if previous is not None:
            half = as_tensor(previous)[None].to(self.device)
            before = F.avg_pool2d(half, 2, ceil_mode=True)
            off = (0, cols - before.shape[2], 0, rows - before.shape[1])
            before = F.pad(before, off, value=OUTSIDE)
        said = PocketPrompts(xy, kinds, prior, before)
        logits, scores = self.model.predict(
            features, said, multimask_output=multimask_output
        )
        seen = -(-working[0] // 2), -(-working[1] // 2)
        logits = logits[:, : seen[0], : seen[1]]
        return MaskCandidates(logits.cpu().numpy(), scores.cpu().numpy())

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
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as wrong:
        raise CheckpointError(
            f"{path} cannot be read as a safetensors file: {wrong}."
        ) from wrong
    model = Pocket()
    want = model.state_dict()
    differ = [
        n for n in {**want, **state}
        if n not in want or n not in state or want[n].shape != state[n].shape
    ]  # fmt: skip
    if differ:
        raise CheckpointError(
            f"{path} does not hold the weights of pocket: {len(differ)} of "
            f"{len(want)} arrays are missing, unknown or of another shape, the first "
            f"{sorted(differ)[0]!r}."
        )
    model.load_state_dict({n: v.to(want[n].dtype) for n, v in state.items()})
    return model
