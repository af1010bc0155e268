"""Protocols of backends, stores and promptable images: where other code plugs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays, EmbeddingKey
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts


@runtime_checkable
class Backend(Protocol):
    """A model: planes in, embeddings out; embeddings and prompts in, masks out.

    Arrays are numpy on both sides, so nothing above a backend imports torch. Test
    yours by subclassing `napari_sam.testing.BackendTests`.
    """

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would return other embeddings."""

    @property
    def working_size(self) -> int:
        """Side of the square that the image encoder takes, in its own pixels."""

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> Sequence[EmbeddingArrays]:
        """Embed tiles ``(y, x, 3)``, in order. Slow; called off the main thread.

        An embedding carries everything that `decode` needs to know of the tile.
        """

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode the best mask of each prompt, in tile coordinates. Fast.

        Raises
        ------
        PromptError
            If the prompts of one of them are not positive anywhere.
        """


class FeatureArray(Protocol):
    """An array ``(C, rows, cols)``, of numpy or made when a window is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, rows and columns."""

    def __getitem__(self, index: tuple[slice, slice, slice], /) -> NDArray[np.floating]:
        """Return a window."""

    def __array__(self) -> NDArray[np.floating]:
        """Return all of it."""

    def mean(self, axis: tuple[int, int], /) -> NDArray[np.floating]:
        """Return the means over rows and columns, which are axes 1 and 2."""


class FeatureMap(NamedTuple):
    """Features of a tile that look alike where the tile does, in another frame too.

    Attributes
    ----------
    array
        ``(C, rows, cols)``, of any floating-point type.
    stride
        Rows and columns of the tile per cell.
    """

    array: FeatureArray
    stride: tuple[float, float]


@runtime_checkable
class SupportsFeatures(Protocol):
    """A backend whose embeddings hold features to find the same place again by."""

    def features(self, embedding: EmbeddingArrays) -> Sequence[FeatureMap]:
        """Return the features of a tile that motion is found by, coarsest first."""


class Memory(NamedTuple):
    """The memory that a video model has of an object on one frame: a value.

    Attributes
    ----------
    arrays
        What the model has made of it, by name.
    frames_ago
        How many frames ago that was; set by whoever asks, negative when going back.
    prompted
        Whether its mask was given, and not recalled.
    lasts
        For how many frames arrays are of use, by name; others are for ever.
    """

    arrays: EmbeddingArrays
    frames_ago: int = 0
    prompted: bool = False
    lasts: Mapping[str, int] | None = None

    def faded(self) -> Memory | None:
        """Return what is of use of it, `frames_ago` being its age; None if nothing."""
        lasts = self.lasts or {}
        age = abs(self.frames_ago)
        left = {n: a for n, a in self.arrays.items() if lasts.get(n, age) >= age}
        return self._replace(arrays=left) if left else None


class Recalled(NamedTuple):
    """An object that a video model found on a frame, by what it remembers.

    Attributes
    ----------
    prediction
        Its mask, in tile coordinates.
    arrays
        What the model needs besides to remember this frame, too.
    """

    prediction: Prediction
    arrays: EmbeddingArrays


@runtime_checkable
class SupportsVideo(Protocol):
    """A backend that finds objects of earlier frames by what it remembers of them.

    Memories are values: nothing of a video is kept in the model, so that any frame can
    be corrected, and any run be repeated, from what is stored. Its `BackendSpec` has
    the capability ``video``.
    """

    def memorize(
        self,
        embedding: EmbeddingArrays,
        masks: Sequence[Mask],
        *,
        recalled: Sequence[Recalled] | None = None,
    ) -> list[Memory]:
        """Remember objects of one tile.

        Parameters
        ----------
        embedding
            Of the tile.
        masks
            Where each object is, in pixels of the tile.
        recalled
            What `recall` found of each on this tile, if that is how its mask is known;
            others may have got pixels of it meanwhile. None for masks that are given.
        """

    def recall(
        self, embedding: EmbeddingArrays, memories: Sequence[Sequence[Memory]]
    ) -> list[Recalled]:
        """Find objects on a tile, each by its memories.

        Raises
        ------
        ModelError
            If one of them has none.
        """


@runtime_checkable
class SupportsInstances(Protocol):
    """A model that finds all objects of a tile at once.

    Its `BackendSpec` has the capability ``instances``. Test yours by subclassing
    `napari_sam.testing.InstanceTests`.
    """

    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return foreground, boundary distance and centre of a tile's objects. Fast.

        It reads what `Backend.encode` returned, so that nothing is encoded again.
        """


class EmbeddingStore(Protocol):
    """A store of embeddings. Test yours by subclassing `testing.StoreTests`."""

    def get(self, key: EmbeddingKey) -> EmbeddingArrays | None:
        """Return the embedding, or None if absent or made from other pixels."""

    def put(self, key: EmbeddingKey, embedding: EmbeddingArrays) -> EmbeddingArrays:
        """Store an embedding; return what a later `get` will return, to the bit.

        A reader never sees a half-written embedding.
        """


class Promptable(Protocol):
    """A promptable image: prompts to masks, all that a session knows of an image."""

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""

    @property
    def backend(self) -> Backend:
        """The backend of the model."""

    @property
    def appearance(self) -> Appearance:
        """How pixels are shown to the model."""

    @property
    def tiling(self) -> Tiling:
        """The tiling of the planes."""

    @property
    def connected(self) -> bool:
        """Whether masks of clicks have only the parts that are connected with them."""

    def embedding(self, frame: int, tile: Tile) -> EmbeddingArrays:
        """Look an embedding up in the store, or compute it."""

    def is_embedded(self, frame: int, tile: Tile) -> bool:
        """Whether a tile was embedded, so that prompts there need not wait."""

    def segment(self, prompts: Prompts, frame: int = 0) -> Prediction:
        """Mask of one object, in plane coordinates."""

    def segment_many(
        self,
        prompts: Sequence[Prompts],
        frame: int = 0,
        *,
        new_close_ups: bool = True,
        early: Callable[[list[Prediction]], object] | None = None,
    ) -> list[Prediction]:
        """Masks of several objects of one plane, in the same order."""
