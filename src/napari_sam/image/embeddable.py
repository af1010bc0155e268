"""An embeddable image: pixels + appearance + model + store of embeddings + tiling."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.embedding import Embedding, EmbeddingKey
from napari_sam.core.images.frames import Frames, pixels_digest
from napari_sam.core.progress import drain
from napari_sam.image import tile_pixels
from napari_sam.image.embed import iter_embed_tiles
from napari_sam.image.fitting import choose_tiling, fit_appearance
from napari_sam.image.selection import select_tiles
from napari_sam.stores.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiles import Tile, TileGrid
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.pixels import Pixels, PixelSource
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.image.embed import EmbedResult


class EmbeddableImage:
    """A 2D image, stack or video whose tiles are embedded, each once.

    See `PromptableImage` for the parameters, and for prompts.
    """

    def __init__(
        self,
        data: ArrayLike | PixelSource | Frames,
        backend: Backend,
        *,
        axes: str | None = None,
        appearance: Appearance | None = None,
        store: EmbeddingStore | None = None,
        tiling: Tiling | None = None,
        levels: Sequence[PixelSource | Frames] | None = None,
    ) -> None:
        self.frames = data if isinstance(data, Frames) else Frames(data, axes)
        self.backend = backend
        self.store: EmbeddingStore = MemoryStore() if store is None else store
        self.tiling = tiling or choose_tiling(self.frames, backend)
        self._given = appearance
        coarser = self.frames.levels if levels is None else levels
        self._sources = tile_pixels.sources(self.frames, coarser)
        # Keys of the tiles that were embedded, by frame, level and index.
        self.embedded: dict[tuple[int, int, int], EmbeddingKey] = {}

    @cached_property
    def appearance(self) -> Appearance:
        """How pixels are shown to the model; fitted when first needed."""
        return self._given or fit_appearance(self.frames, self.backend)

    @property
    def tiles(self) -> TileGrid:
        """The tiles of every plane, on the finest level."""
        return self.tiling.tiles(self.frames.plane_shape)

    def embedding(self, frame: int, tile: Tile) -> Embedding:
        """Look an embedding up in the store, or compute and store it."""
        rendered = None
        key = self.embedded.get((frame, tile.level, tile.index))
        if key is None:
            rendered = self.render(frame, tile)
            key = self.embedding_key(frame, tile, pixels_digest(rendered))
        found = self.store.get(key)
        if found is None:
            rendered = self.render(frame, tile) if rendered is None else rendered
            (made,) = self.backend.encode([rendered])
            found = self.store.put(key, made)
        self.embedded[key.at] = key
        return Embedding.from_mapping(found)

    def is_embedded(self, frame: int, tile: Tile) -> bool:
        """Whether a tile was embedded, so that prompts there need not wait."""
        return (frame, tile.level, tile.index) in self.embedded

    def embed(
        self,
        *,
        region: Region | tuple[int, int, int, int] | None = None,
        frames: Iterable[int] | None = None,
        levels: Sequence[int] = (0,),
        near: tuple[int, float, float] | None = None,
        mask: ArrayLike | None = None,
        background: float | tuple[float, float] | None = None,
        batch: int | None = None,
        workers: int = 1,
    ) -> EmbedResult:
        """Compute the embeddings that the store lacks, so that clicks need not wait.

        Parameters
        ----------
        region
            ``(top, left, bottom, right)``: only tiles that answer for a part of this.
        frames
            Only these planes.
        levels
            Levels of the tiles; 0 is the finest.
        near
            ``(frame, row, col)``: what is nearest to it comes first.
        mask
            True where something is, for the whole plane; it may be coarser. Tiles
            without any are skipped, and their pixels are not read.
        background
            A value, or a range ``(low, high)``: tiles whose pixels are all at most
            this, or in this range, or not finite, are skipped.
        batch
            Tiles that the model is given at once. By default, as its device takes.
        workers
            Threads that read pixels.

        Returns
        -------
        Embedded
            How many tiles were computed, were there, and were skipped.
        """
        return drain(
            self.iter_embed(
                region=region,
                frames=frames,
                levels=levels,
                near=near,
                mask=mask,
                background=background,
                batch=batch,
                workers=workers,
            )
        )

    def iter_embed(
        self,
        *,
        region: Region | tuple[int, int, int, int] | None = None,
        frames: Iterable[int] | None = None,
        levels: Sequence[int] = (0,),
        near: tuple[int, float, float] | None = None,
        mask: ArrayLike | None = None,
        background: float | tuple[float, float] | None = None,
        batch: int | None = None,
        workers: int = 1,
    ) -> Generator[Progress, None, EmbedResult]:
        """Like `embed`, one step per tile. Closing it stops between two tiles.

        What was computed until then is in the store, and is not computed again.
        """
        selection = select_tiles(
            self.frames,
            self.tiling,
            region=region,
            only=frames,
            levels=levels,
            near=near,
            mask=mask,
            background=background,
        )
        size = backend_spec(self.backend).batch_size if batch is None else batch
        return iter_embed_tiles(
            self, selection, batch=max(1, int(size)), workers=workers
        )

    def was_skipped(self, frame: int, tile: Tile) -> bool:
        """Whether `embed` skipped a tile because nothing is in it."""
        return self.store.get(self.embedding_key(frame, tile)) is not None

    def forget(self) -> None:
        """Forget which pixels were encoded: call this after changing them in place.

        Embeddings of pixels that did not change are still found in the store.
        """
        self.embedded.clear()
        if self._given is None:
            self.__dict__.pop("appearance", None)

    def render(self, frame: int, tile: Tile) -> NDArray[np.uint8]:
        """Render a tile for the image encoder; nothing else is read."""
        return self.render_pixels(self.read_tile(frame, tile), tile)

    def read_tile(self, frame: int, tile: Tile) -> Pixels:
        """Return the pixels of a tile, as they are in the image, on its level."""
        return tile_pixels.read_tile(self._sources, frame, tile)

    def render_pixels(self, pixels: Pixels, tile: Tile) -> NDArray[np.uint8]:
        """Render pixels of a tile for the image encoder."""
        return tile_pixels.render(pixels, tile, self.appearance)

    def embedding_key(
        self, frame: int, tile: Tile, digest: str | None = None
    ) -> EmbeddingKey:
        """Return the key under which the embedding of a tile is stored.

        Parameters
        ----------
        frame, tile
            Where it is.
        digest
            Of the pixels that are encoded. None gives the key under which it is stored
            that the tile was skipped.
        """
        plane = self.frames.plane_shape
        note = "skipped " if digest is None else ""
        return EmbeddingKey(
            model=self.backend.fingerprint,
            tiling=f"{note}{self.tiling} {self.appearance.token}",
            grid=(
                len(self.frames),
                tile.level,
                len(self.tiling.tiles(plane, tile.level)),
            ),
            at=(frame, tile.level, tile.index),
            digest=digest or "skipped",
            plane_shape=plane,
        )
