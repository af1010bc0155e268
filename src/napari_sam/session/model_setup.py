"""The model of a session and the identity of its image: what a replay needs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.geometry.tiling import Tiling  # noqa: TC001 - hints are read
from napari_sam.core.images.appearance import Appearance  # noqa: TC001 - hints are read
from napari_sam.core.images.frames import pixels_digest
from napari_sam.core.images.sampling import sample_pixels
from napari_sam.session.codec import fields_from_dict

if TYPE_CHECKING:
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.core.protocols import Promptable


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """A model, an appearance and a tiling.

    Attributes
    ----------
    model
        Name that the model was opened by.
    fingerprint
        Of its weights, precision and preprocessing.
    appearance
        How pixels were shown to it.
    tiling
        How planes were cut.
    connected
        Whether of masks for clicks only the parts that they hit were kept.
    """

    model: str
    fingerprint: str
    appearance: Appearance
    tiling: Tiling
    connected: bool = True

    @classmethod
    def of(cls, image: Promptable) -> ModelSetup:
        """Describe the model of an image, and how the image is shown to it."""
        backend = image.backend
        name = backend_spec(backend).name
        return cls(
            name,
            backend.fingerprint,
            image.appearance,
            image.tiling,
            image.connected,
        )

    @property
    def key(self) -> str:
        """A short name, the same on every machine."""
        text = f"{self.fingerprint} {self.appearance.token} {self.tiling}"
        text += f" {self.tiling.most}"
        text += "" if self.connected else " unconnected"
        return blake2b(text.encode(), digest_size=6).hexdigest()

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `from_dict` is the exact inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: JsonObject) -> ModelSetup:
        """Inverse of `to_dict`."""
        return fields_from_dict(cls, data)


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """The identity of an image: its shape, its type, and a sample of its pixels.

    Attributes
    ----------
    axes
        One letter per dimension.
    shape
        Length of each.
    dtype
        Type of the pixels.
    sample
        Digest of a fixed sample of them.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: str
    sample: str

    @classmethod
    def of(cls, frames: Frames) -> ImageIdentity:
        """Identify an image by its shape and a sample of its pixels."""
        shape = tuple(int(n) for n in frames.data.shape)
        pixels = np.ascontiguousarray(sample_pixels(frames))
        return cls(frames.axes, shape, frames.dtype.name, pixels_digest(pixels))

    @property
    def key(self) -> str:
        """A short name, fit for a folder."""
        text = f"{self.axes} {self.shape} {self.dtype} {self.sample}"
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `from_dict` is the exact inverse."""
        return {**asdict(self), "shape": list(self.shape)}

    @classmethod
    def from_dict(cls, data: JsonObject) -> ImageIdentity:
        """Inverse of `to_dict`."""
        return fields_from_dict(cls, data)
