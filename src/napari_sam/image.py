"""An image that answers prompts: pixels + appearance + model + memory + tiling."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from napari_sam.core.appearance import Appearance
from napari_sam.core.errors import PromptError
from napari_sam.core.frames import Frames, digest
from napari_sam.core.progress import Progress, drain
from napari_sam.core.tiling import Tile, Tiling
from napari_sam.core.values import EmbeddingKey
from napari_sam.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend, Embedding, EmbeddingStore


class PromptableImage:
    """A 2D image, stack or video that can be asked for masks.

    The model looks at each tile of each plane once; every further prompt there only
    decodes. Pixels are expected to stay as they are: after changing an array in
    place, call `forget` or make a new `PromptableImage`.

    Parameters
    ----------
    data
        Pixels: anything with a shape that can be sliced.
    backend
        The model. Share one between images; it holds the weights.
    axes
        One letter of ``t z c y x`` per dimension of `data`. Only a two-dimensional
        image may leave it out.
    appearance
        How pixels are shown to the model. By default, fitted to the whole image, in
        the manner that the model was trained with.
    store
        Where embeddings are kept. By default, in memory.
    tiling
        How planes are cut. By default, they are not.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_sam.core.prompts import Prompts
    >>> from napari_sam.testing import ThresholdBackend
    >>> pixels = np.zeros((64, 64), np.uint8)
    >>> pixels[10:30, 20:40] = 200
    >>> image = PromptableImage(pixels, ThresholdBackend())
    >>> image.segment(Prompts.point(15, 25)).region
    Region(top=10, left=20, bottom=30, right=40)
    """

    def __init__(
        self,
        data: Any,
        backend: Backend,
        *,
        axes: str | None = None,
        appearance: Appearance | None = None,
        store: EmbeddingStore | None = None,
        tiling: Tiling | None = None,
    ) -> None:
        self.frames = data if isinstance(data, Frames) else Frames(data, axes)
        self.backend = backend
        self.store: EmbeddingStore = MemoryStore() if store is None else store
        self.tiling = tiling or Tiling()
        self._given = appearance
        self._digests: dict[tuple[int, int, int], str] = {}

    def __repr__(self) -> str:
        name = type(self.backend).__name__
        return f"PromptableImage({self.frames!r}, {name}, tiling={self.tiling})"

    @cached_property
    def appearance(self) -> Appearance:
        """How pixels are shown to the model; fitted when first needed."""
        return self._given or fitted(self.frames, self.backend)

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The tiles of every plane."""
        return self.tiling.tiles(self.frames.plane_shape)

    def segment(self, prompts: Prompts, frame: int = 0) -> Prediction:
        """Return the mask of one object, in plane coordinates.

        Parameters
        ----------
        prompts
            What was said about it, in order.
        frame
            The plane it is in, counted over all axes but ``y x c``.

        Raises
        ------
        PromptError
            If the prompts say nothing of where the object is, or lie outside.
        """
        (prediction,) = self.segment_many([prompts], frame)
        return prediction

    def segment_many(
        self, prompts: Sequence[Prompts], frame: int = 0
    ) -> list[Prediction]:
        """Return the masks of several objects of one plane, in the same order.

        Each tile is embedded once and decodes all of its objects in one call.
        """
        self._check_frame(frame)
        routes = [self.tiling.route(p, self.frames.plane_shape) for p in prompts]
        answers: dict[int, Prediction] = {}
        for tile in dict.fromkeys(routes):
            mine = [i for i, route in enumerate(routes) if route == tile]
            rows, cols = tile.read.top, tile.read.left
            local = [prompts[i].shifted(-rows, -cols) for i in mine]
            found = self.backend.decode(self.embedding(frame, tile), local)
            for i, prediction in zip(mine, found, strict=True):
                answers[i] = prediction.placed(rows, cols)
        return [answers[i] for i in range(len(routes))]

    def embedding(self, frame: int, tile: Tile) -> Embedding:
        """Look it up, or compute and keep it."""
        at = (frame, tile.level, tile.index)
        pixels = None
        if at not in self._digests:
            pixels = self._seen(frame, tile)
            self._digests[at] = digest(pixels)
        key = self._key(at)
        found = self.store.get(key)
        if found is None:
            seen = self._seen(frame, tile) if pixels is None else pixels
            (made,) = self.backend.encode([seen])
            found = self.store.put(key, made)
        return found

    def embed(self) -> None:
        """Compute every embedding that the store lacks."""
        drain(self.iter_embed())

    def iter_embed(self) -> Generator[Progress, None, None]:
        """Like `embed`, one step per tile. Closing it stops between two tiles."""
        total, done = len(self.frames) * len(self.tiles), 0
        for frame in range(len(self.frames)):
            for tile in self.tiles:
                self.embedding(frame, tile)
                done += 1
                yield Progress(done, total, "embedding")

    def forget(self) -> None:
        """Look at the pixels again: call this after changing them in place.

        Embeddings of pixels that did not change are still found in the store.
        """
        self._digests.clear()
        if self._given is None:
            self.__dict__.pop("appearance", None)

    def _seen(self, frame: int, tile: Tile) -> NDArray[np.uint8]:
        return self.appearance.render(self.frames.read(frame, tile.read))

    def _key(self, at: tuple[int, int, int]) -> EmbeddingKey:
        return EmbeddingKey(
            model=self.backend.fingerprint,
            tiling=f"{self.tiling} {self.appearance.token}",
            grid=(len(self.frames), at[1], len(self.tiles)),
            at=at,
            digest=self._digests[at],
            plane_shape=self.frames.plane_shape,
        )

    def _check_frame(self, frame: int) -> None:
        if not 0 <= frame < len(self.frames):
            raise PromptError(
                f"frame {frame} of an image with {len(self.frames)} "
                f"({self.frames!r}), counted from 0."
            )


def fitted(
    frames: Frames, backend: Backend, *, channels: Sequence[int] | None = None
) -> Appearance:
    """Fit an appearance as the model was trained with it.

    A backend that learnt from other limits of contrast than `Appearance.fit` takes has
    an attribute ``percentiles``.
    """
    percentiles = getattr(backend, "percentiles", None)
    return Appearance.fit(frames, channels=channels, percentiles=percentiles)
