"""The spec of a backend: what is known of a model besides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.protocols import SupportsFeatures

if TYPE_CHECKING:
    from napari_sam.core.protocols import Backend


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """The spec of a model: what encoding, tiling and decoding go by.

    Attributes
    ----------
    name
        For messages and records.
    working_size
        Side of the square that the image encoder takes in, in its own pixels.
    view
        Side of the part of a large image that a tile should cover; `working_size`, or
        less for a model that segments small objects best when they are enlarged.
    batch_size
        Tiles encoded at once; it may fall while a model is in use, as memory runs out.
    percentiles
        Limits of contrast that the model was trained with; None for the usual ones.
    device, precision
        Where and in which floating-point format the image encoder computes.
    magnification
        How many times further small objects are enlarged, in tiles of their own: see
        `napari_sam.image.close_up`. Large ones are asked about on coarser levels too:
        `napari_sam.image.overview`. 1 for a model that does not gain by either.
    refinement_bias
        Logits that each further prompt adds to the mask of an object of 125 pixels,
        which is too wide by that: see `napari_sam.image.mask_bias`.
    box_bias
        Logits by which a mask may be lowered until it does not go beyond its box.
    capabilities
        What the model can do besides masks for prompts: ``video``, ``concepts``,
        ``instances``, ``features`` (`SupportsFeatures`).
    """

    name: str
    working_size: int
    view: int
    batch_size: int = 1
    percentiles: tuple[float, float] | None = None
    device: str = "cpu"
    precision: str = "float32"
    magnification: int = 1
    refinement_bias: float = 0.0
    box_bias: float = 0.0
    capabilities: frozenset[str] = frozenset()


def backend_spec(backend: Backend) -> BackendSpec:
    """Return the `BackendSpec` of any backend.

    One without `spec`, of the first version of the protocol, may have the same facts
    as attributes; what it does not have is as usual.
    """
    found = getattr(backend, "spec", None)
    return found if isinstance(found, BackendSpec) else spec_from_attributes(backend)


def spec_from_attributes(backend: Backend) -> BackendSpec:
    """Make a `BackendSpec` of the attributes that a backend happens to have."""
    size = int(backend.working_size)
    return BackendSpec(
        name=str(getattr(backend, "name", type(backend).__name__)),
        working_size=size,
        view=int(getattr(backend, "view", size)),
        batch_size=max(1, int(getattr(backend, "batch_size", 1))),
        percentiles=getattr(backend, "percentiles", None),
        device=str(getattr(backend, "device", "cpu")),
        precision=str(getattr(backend, "precision", "float32")),
        magnification=int(getattr(backend, "magnification", 1)),
        refinement_bias=float(getattr(backend, "refinement_bias", 0.0)),
        box_bias=float(getattr(backend, "box_bias", 0.0)),
        capabilities=frozenset(getattr(backend, "capabilities", ())),
    )


def supports(backend: Backend, capability: str) -> bool:
    """Whether a model has a capability, also if it is in a process of its own."""
    return capability in backend_spec(backend).capabilities


def with_features(backend: Backend) -> SupportsFeatures | None:
    """Return a backend if it has features to find places again by, else None.

    That is for the model to say: a process that it is in has the method anyway.
    """
    if isinstance(backend, SupportsFeatures) and supports(backend, "features"):
        return backend
    return None
