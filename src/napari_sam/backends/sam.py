"""`SamBackend`: Segment Anything, SAM-HQ and MobileSAM."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from napari_sam.backends.devices import find_device
from napari_sam.backends.encoding_backend import EncodingBackend, precision_for
from napari_sam.backends.prior_logits import PROMPT_LOGIT, prior_logits
from napari_sam.backends.refining_decoder import MaskCandidates, tile_shape
from napari_sam.backends.tensors import as_tensor, digest_state
from napari_sam.backends.weight_files import INSTANCE_DECODER, read_state
from napari_sam.core.backend_spec import BackendSpec
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError
from napari_sam.core.images.instance_maps import InstanceMaps
from napari_sam.core.prompts.model_prompts import is_ambiguous, to_model_prompts
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.instance_decoder import instance_decoder_from_state
from napari_sam.models.precision import fast_float32
from napari_sam.models.sam import PromptInputs, Sam
from napari_sam.models.tiny_vit import TinyVit, for_inference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.prompts.model_prompts import Refinement
    from napari_sam.models.instance_decoder import InstanceDecoder

logger = logging.getLogger(__name__)

#: Part of every fingerprint: changes when pixels are prepared in another way.
_PREPARATION = "s1"
#: Pixels of the encoder's square per cell of the logits.
_CELL = 4
#: Arrays of all tokens that a transformer's block holds at once, at most.
_ALIVE = 24
#: What encoding one more tile takes MobileSAM's encoder, generously.
_TINY_BYTES = 400_000_000
_FITS = ("pad", "stretch")
_VALUES = ("normalised", "unit")

__all__ = ["SamBackend", "read_state"]


class _Tile(NamedTuple):
    """An embedding on the device."""

    image: Tensor
    shape: tuple[int, int]
    detail: Tensor | None


class SamBackend(EncodingBackend[_Tile]):
    """The backend of Segment Anything, of any size.

    Parameters
    ----------
    model
        With its weights, in evaluation mode. It is taken over: its precision and
        device may change.
    name
        For messages and fingerprints.
    device
        Where to compute.
    precision
        Of the encoder: ``float32``, ``bfloat16``, or ``auto`` for bfloat16 where the
        machine is fast at it.
    fit
        How an image comes into the encoder's square: ``pad`` lets its longer side
        fill it, ``stretch`` both, whatever that does to its shape.
    values
        What the encoder is given: ``normalised`` pixels, or those of each image
        between 0 and 1, ``unit``.
    percentiles
        Limits of contrast that the model was trained with; None for the usual ones.
    extras
        Tensors of further decoders that came with the weights.
    batch_size
        Tiles encoded at once. By default, one on a CPU, and on a GPU what its free
        memory takes.
    """

    def __init__(
        self,
        model: Sam,
        *,
        name: str = "sam",
        device: str = "auto",
        precision: str = "auto",
        fit: Literal["pad", "stretch"] = "pad",
        values: Literal["normalised", "unit"] = "normalised",
        percentiles: tuple[float, float] | None = None,
        extras: Mapping[str, Tensor] | None = None,
        batch_size: int | None = None,
    ) -> None:
        if fit not in _FITS or values not in _VALUES:
            raise ModelError(
                f"fit={fit!r}, values={values!r}: expected one of {', '.join(_FITS)}, "
                f"and one of {', '.join(_VALUES)}."
            )
        found, usual = find_device(device), fit == "pad" and values == "normalised"
        prepared = _PREPARATION if usual else f"{_PREPARATION}.{fit}.{values}"
        identity = [digest_state(model.state_dict()), prepared]
        precision = precision_for(precision, found)
        super().__init__(name, found, precision, identity=identity)
        self.fit, self.values, self.percentiles = fit, values, percentiles
        self.extras = MappingProxyType(dict(extras or {}))
        self._instances, self._without_instances = instance_decoder_of(self.extras)
        self.model = model.eval().requires_grad_(False).to(self.device)
        if isinstance(model.image_encoder, TinyVit):
            self.model.image_encoder = for_inference(model.image_encoder)
        self.model.set_precision(getattr(torch, precision))
        if self._instances is not None:
            self._instances = self._instances.to(self.device)
        if values == "unit":
            self.model.pixel_mean.zero_()
            self.model.pixel_std.fill_(1)
        self._set_batches(batch_size, _tile_bytes(model.config))

    @property
    def working_size(self) -> int:
        """Side of the square that the image encoder takes."""
        return self.model.config.image_size

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model."""
        return BackendSpec(
            name=self.name,
            working_size=self.working_size,
            view=self.working_size,
            batch_size=self.batch_size,
            percentiles=self.percentiles,
            device=str(self.device),
            precision=self.precision,
            capabilities=frozenset({"instances"} if self._instances else ()),
        )

    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return the maps of all objects of a tile, by micro-sam's decoder.

        Raises
        ------
        ModelError
            If no such decoder came with the weights.
        """
        if self._instances is None:
            raise ModelError(
                f"{self.name}: {self._without_instances}. Take method=grid, or a "
                "checkpoint of micro-sam that has such a decoder, such as vit_b_lm."
            )
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        with torch.inference_mode(), fast_float32():
            maps = self._instances(tile.image[None].float())[0]
        rows, cols = self._working_shape(tile.shape)
        foreground, centre, boundary = maps[:, :rows, :cols].cpu().numpy()
        return InstanceMaps(
            np.stack([foreground, 1 - boundary, 1 - centre]),
            (tile.shape[0] / rows, tile.shape[1] / cols),
        )

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``.

        Each is resized so that its longer side fills the encoder's square, with
        Pillow's bilinear filter, as the published models were trained; or so that
        both sides do, with its bicubic one, as MedSAM was.

        Returns
        -------
        list
            For each, a float32 array ``image`` ``(C, rows, cols)``; of SAM-HQ also
            ``detail``, of an eighth of the channels at four times the size.
        """
        with fast_float32():
            return super().encode(planes)

    def _encode(self, stack: Tensor) -> list[dict[str, NDArray[np.float32]]]:
        if not self.model.config.high_quality:
            return [{"image": one} for one in self.model.encode(stack).cpu().numpy()]
        images, details = (x.cpu().numpy() for x in self.model.encode_detail(stack))
        pairs = zip(images, details, strict=True)
        return [{"image": image, "detail": detail} for image, detail in pairs]

    def _working_image(self, plane: NDArray[np.uint8]) -> Tensor:
        """Return the resized image ``(3, rows, cols)``."""
        shape = plane.shape[0], plane.shape[1]
        rows, cols = self._working_shape(shape)
        if (rows, cols) != shape:
            picture = Image.fromarray(np.ascontiguousarray(plane))
            filters = Image.Resampling
            chosen = filters.BILINEAR if self.fit == "pad" else filters.BICUBIC
            plane = np.array(picture.resize((cols, rows), chosen))
        x = as_tensor(np.ascontiguousarray(plane)).to(self.device)
        if self.values == "unit":
            x = _between_0_and_1(x)
        return x.permute(2, 0, 1)

    def _prepare(self, embedding: Embedding) -> _Tile:
        arrays = {k: as_tensor(v).to(self.device) for k, v in embedding.arrays.items()}
        return _Tile(arrays["image"], tile_shape(embedding), arrays.get("detail"))

    def _decode_rounds(
        self, prepared: _Tile, rounds: Sequence[Refinement]
    ) -> list[MaskCandidates]:
        """Decode clear prompts in one call of the model, ambiguous ones in another."""
        found: dict[int, MaskCandidates] = {}
        for multimask in (False, True):
            some = [
                i for i, r in enumerate(rounds) if is_ambiguous(r.prompts) is multimask
            ]
            if some:
                masks = self._decode_alike(
                    prepared, [rounds[i] for i in some], multimask=multimask
                )
                found.update(zip(some, masks, strict=True))
        return [found[i] for i in range(len(rounds))]

    def _decode_alike(
        self, tile: _Tile, rounds: Sequence[Refinement], *, multimask: bool
    ) -> list[MaskCandidates]:
        with torch.inference_mode(), fast_float32():
            inputs = [self._prompt_inputs(r, tile.shape) for r in rounds]
            logits, scores = self.model.decode(
                tile.image,
                inputs,
                multimask=multimask,
                group=self._group,
                detail_UHW=tile.detail,
            )
        rows, cols = self._cells(tile.shape)
        return [
            MaskCandidates(one[:, :rows, :cols].cpu().numpy(), score.cpu().numpy())
            for one, score in zip(logits, scores, strict=True)
        ]

    def _prompt_inputs(self, one: Refinement, shape: tuple[int, int]) -> PromptInputs:
        """Turn prompts and previous logits into tensors on the device."""
        cells, working = self._cells(shape), self._working_shape(shape)
        inputs = to_model_prompts(one.prompts, shape, grid=cells)
        # The model adds half a pixel to coordinates; ours are positions, not pixels.
        scale = np.divide(working, shape, dtype=np.float32)[::-1]
        mask = prior_logits(inputs.mask_input, one.previous)
        if mask is not None:
            side = _CELL * self.model.config.embedding_size
            off = (0, side - cells[1], 0, side - cells[0])
            mask = F.pad(mask, off, value=-PROMPT_LOGIT)[None].to(self.device)
        return PromptInputs(
            as_tensor(inputs.point_coords * scale - 0.5).to(self.device),
            as_tensor(inputs.point_labels.astype(np.int64)).to(self.device),
            mask,
        )

    def _working_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the image in the square."""
        if self.fit == "stretch":
            return self.working_size, self.working_size
        scale = self.working_size / max(shape)
        return max(1, int(shape[0] * scale + 0.5)), max(1, int(shape[1] * scale + 0.5))

    def _cells(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of logits that see the image, not its padding."""
        rows, cols = self._working_shape(shape)
        return -(-rows // _CELL), -(-cols // _CELL)

    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        rows, cols = self._working_shape(shape)
        return _CELL * shape[0] / rows, _CELL * shape[1] / cols


def instance_decoder_of(
    extras: Mapping[str, Tensor],
) -> tuple[InstanceDecoder | None, str]:
    """Build the instance decoder that is among further tensors, if it is known.

    One that is damaged, or laid out in another way, is no reason to refuse the weights:
    clicks do without.

    Returns
    -------
    decoder, reason
        The decoder, or None and why there is none.
    """
    state = {
        name.removeprefix(INSTANCE_DECODER): value
        for name, value in extras.items()
        if name.startswith(INSTANCE_DECODER)
    }
    try:
        found = instance_decoder_from_state(state)
    except ValueError as wrong:
        logger.warning("Objects are found by clicks and by a grid only: %s", wrong)
        return None, str(wrong)
    return found, "" if found else "these weights have no instance decoder"


def _tile_bytes(config: SamConfig) -> int:
    """Return what encoding one more tile takes, generously."""
    encoder = config.encoder
    if not isinstance(encoder, VitConfig):
        return _TINY_BYTES
    return _ALIVE * 4 * encoder.embed_dim * config.embedding_size**2


def _between_0_and_1(x: Tensor) -> Tensor:
    """Stretch the values of one image; one without contrast becomes 0."""
    low, high = x.min().float(), x.max().float()
    return (x.float() - low) / (high - low).clamp(min=1)
