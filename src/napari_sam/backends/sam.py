"""Segment Anything and MobileSAM behind the door `Backend`."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from napari_sam.backends.conversation import Answer, Conversation
from napari_sam.backends.torch_tools import as_tensor, digest_state, find_device
from napari_sam.core.errors import CheckpointError, UnknownModelError
from napari_sam.core.lowering import lower
from napari_sam.models.config import SamConfig
from napari_sam.models.precision import fast_float32, prefers_bfloat16
from napari_sam.models.sam import Sam, Spoken
from napari_sam.models.state import guess_config, sam_from_state
from napari_sam.models.tiny_vit import TinyVit, for_inference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Embedding

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "s1"
#: Logits of what was drawn: as sure as the model's own clear answers.
_DRAWN = 10.0
#: Pixels of the encoder's square per cell of the logits.
_CELL = 4
#: Previous logits are heard within these bounds.
_BOUND = 32.0
_NAMES = ("vit_t", "vit_b", "vit_l", "vit_h")
#: Keys under which training programs wrap the weights.
_WRAPPERS = ("model", "model_state", "state_dict", "model_state_dict")


class SamBackend(Conversation):
    """A `Sam` of any size.

    Parameters
    ----------
    model
        With its weights, in evaluation mode. It is taken over: its precision and
        place may change.
    name
        For messages and fingerprints.
    device
        Where to compute.
    precision
        Of the encoder: ``float32``, ``bfloat16``, or ``auto`` for bfloat16 where the
        machine is fast at it.
    """

    def __init__(
        self,
        model: Sam,
        *,
        name: str = "sam",
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        super().__init__()
        self.device, self.name = find_device(device), name
        digest = digest_state(model.state_dict())
        if precision == "auto":
            fast = prefers_bfloat16(self.device)
            precision = "bfloat16" if fast else "float32"
        self.precision = precision
        self._fingerprint = f"{name}-{digest}-{precision}-{_PREPARATION}"
        self.model = model.eval().requires_grad_(False).to(self.device)
        if isinstance(model.image_encoder, TinyVit):
            self.model.image_encoder = for_inference(model.image_encoder)
        self.model.set_precision(getattr(torch, precision))

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would answer differently."""
        return self._fingerprint

    @property
    def working_size(self) -> int:
        """Side of the square that the encoder looks at."""
        return self.model.config.image_size

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``, one after the other.

        Each is resized so that its longer side fills the encoder's square, with
        Pillow's bilinear filter, as the published models were trained.

        Returns
        -------
        list
            For each, float32 ``image`` ``(C, rows, cols)`` and the tile's ``shape``.
        """
        return [self._encode(p) for p in planes]

    def _encode(self, plane: NDArray[np.uint8]) -> Embedding:
        shape = plane.shape[0], plane.shape[1]
        rows, cols = self._working_shape(shape)
        if (rows, cols) != shape:
            picture = Image.fromarray(np.ascontiguousarray(plane))
            resample = Image.Resampling.BILINEAR
            plane = np.array(picture.resize((cols, rows), resample))
        x = as_tensor(np.ascontiguousarray(plane)).to(self.device)
        with torch.inference_mode(), fast_float32():
            found = self.model.encode(x.permute(2, 0, 1)[None])[0]
        return {"image": found.cpu().numpy(), "shape": np.array(shape, np.int32)}

    def _ask(
        self,
        embedding: Embedding,
        prompts: Prompts,
        previous: NDArray[np.float32] | None,
        *,
        several: bool,
    ) -> Answer:
        shape = int(embedding["shape"][0]), int(embedding["shape"][1])
        with torch.inference_mode(), fast_float32():
            spoken = self._spoken(prompts, shape, previous)
            image = as_tensor(embedding["image"]).to(self.device)
            logits, scores = self.model.decode(image, [spoken], multimask=several)
        rows, cols = self._cells(shape)
        seen = logits[0, :, :rows, :cols].cpu().numpy()
        return Answer(seen, scores[0].cpu().numpy())

    def _spoken(
        self,
        prompts: Prompts,
        shape: tuple[int, int],
        previous: NDArray[np.float32] | None,
    ) -> Spoken:
        cells, working = self._cells(shape), self._working_shape(shape)
        heard = lower(prompts, shape, grid=cells)
        # The model adds half a pixel to what it is told; ours are places, not pixels.
        scale = np.divide(working, shape, dtype=np.float32)[::-1]
        mask: Tensor | None = None
        if previous is not None:
            mask = as_tensor(previous).clamp(-_BOUND, _BOUND)
        if heard.prior is not None:
            drawn = as_tensor(heard.prior) * _DRAWN
            mask = drawn if mask is None else torch.where(drawn != 0, drawn, mask)
        if mask is not None:
            side = _CELL * self.model.config.embedding_size
            off = (0, side - cells[1], 0, side - cells[0])
            mask = F.pad(mask, off, value=-_DRAWN)[None].to(self.device)
        return Spoken(
            as_tensor(heard.coords_xy * scale - 0.5).to(self.device),
            as_tensor(heard.labels.astype(np.int64)).to(self.device),
            mask,
        )

    def _working_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns once the longer side fills the square."""
        scale = self.working_size / max(shape)
        return max(1, int(shape[0] * scale + 0.5)), max(1, int(shape[1] * scale + 0.5))

    def _cells(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of logits that see the image, not its padding."""
        rows, cols = self._working_shape(shape)
        return -(-rows // _CELL), -(-cols // _CELL)

    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        rows, cols = self._working_shape(shape)
        return _CELL * shape[0] / rows, _CELL * shape[1] / cols


def open_sam(
    name: str,
    checkpoint: str | Path | None,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> SamBackend:
    """Load a checkpoint of a named size.

    Raises
    ------
    UnknownModelError
        If there is no such size.
    CheckpointError
        If no file is given, or it does not hold the weights of that size.
    """
    if name not in _NAMES:
        raise UnknownModelError(
            f"There is no model {name!r}. Known sizes: {', '.join(_NAMES)}."
        )
    if checkpoint is None:
        raise CheckpointError(
            f"{name} brings no weights in the package. Give a file of them: "
            f'checkpoint="FILE", or --checkpoint FILE on the command line; or take '
            'the model "pocket", which needs none.'
        )
    path = Path(checkpoint)
    state = read_state(path)
    try:
        config = guess_config(state)
        model = sam_from_state(state)
    except ValueError as wrong:
        raise CheckpointError(f"{path}: {wrong}") from wrong
    if config != getattr(SamConfig, name)():
        raise CheckpointError(
            f"{path} does not hold {name}, but {_called(config)}. Load it by the "
            "name of its own size."
        )
    return SamBackend(model, name=name, device=device, precision=precision)


def _called(config: SamConfig) -> str:
    for name in _NAMES:
        if config == getattr(SamConfig, name)():
            return name
    return f"a model of other sizes ({config})"


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a file of weights: safetensors, or torch's own format, tensors only.

    Nothing in the file is executed: a pickle that asks for anything but tensors is
    refused.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or holds anything but weights.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no file {path}.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as wrong:
        raise CheckpointError(
            f"{path} is damaged, or holds Python objects besides tensors; those are "
            "never loaded, since they can run any program. Save its state dict alone, "
            "as safetensors."
        ) from wrong
    except (OSError, RuntimeError, EOFError, SafetensorError) as wrong:
        reason = str(wrong).strip().splitlines()[:1] or [type(wrong).__name__]
        raise CheckpointError(f"{path} cannot be read: {reason[0]}") from wrong
    return _unwrapped(path, loaded)


def _unwrapped(path: Path, loaded: Any) -> dict[str, Tensor]:
    """Find the tensors in what a training program saved."""
    for wrapper in _WRAPPERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(wrapper), dict):
            loaded = loaded[wrapper]
            break
    if not isinstance(loaded, dict) or not all(
        isinstance(v, Tensor) for v in loaded.values()
    ):
        raise CheckpointError(f"{path} holds no state dict: names and tensors.")
    return {name.removeprefix("sam."): value for name, value in loaded.items()}
