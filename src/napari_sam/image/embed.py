"""Embedding ahead of time: reading, encoding and writing at once."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.images.frames import pixels_digest
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays, EmbeddingKey
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.image.embeddable import EmbeddableImage
    from napari_sam.image.selection import TileSelection

#: What is stored instead of an embedding where a tile was skipped.
_NOTE = {"skipped": np.ones(1, np.uint8)}


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """The result of embedding: how many tiles were encoded, found and skipped.

    Attributes
    ----------
    encoded
        Tiles that were computed.
    found
        Tiles that were in the store.
    skipped
        Tiles that held nothing.
    """

    encoded: int = 0
    found: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.encoded} encoded, {self.found} there, {self.skipped} skipped"


class _ReadTile(NamedTuple):
    """A tile after it was read; `rendered` is None where there is nothing to encode."""

    key: EmbeddingKey
    rendered: NDArray[np.uint8] | None = None
    skipped: bool = False


def iter_embed_tiles(
    image: EmbeddableImage, selection: TileSelection, *, batch: int, workers: int
) -> Generator[Progress, None, EmbedResult]:
    """Read tiles ahead, encode them in batches, and write behind.

    A step is reported when its tile was encoded; what was encoded is written before
    the generator ends or is closed.
    """
    counts, done = {"encoded": 0, "found": 0, "skipped": 0}, 0
    read, write = partial(_read_tile, image, selection), partial(_write, image)
    _ = image.appearance  # fitted here, once, and not by each of the threads
    with _Writer(behind=2 * batch) as writer, _Reader(workers) as reader:
        for group in _groups(reader.ahead(read, selection.tiles, batch), batch):
            rendered = [item.rendered for item in group if item.rendered is not None]
            made = iter(image.backend.encode(rendered) if rendered else ())
            for item in group:
                if item.rendered is not None:
                    writer.put(write, item.key, next(made))
                elif item.skipped:
                    writer.put(image.store.put, item.key, _NOTE)
                counts[_what(item)] += 1
                done += 1
                yield Progress(done, len(selection), "embedding")
    return EmbedResult(**counts)


def _what(item: _ReadTile) -> str:
    if item.rendered is not None:
        return "encoded"
    return "skipped" if item.skipped else "found"


def _read_tile(
    image: EmbeddableImage, selection: TileSelection, at: tuple[int, Tile]
) -> _ReadTile:
    """Read a tile, unless a mask says that nothing is there."""
    frame, tile = at
    if selection.is_masked(tile):
        return _ReadTile(image.embedding_key(frame, tile), skipped=True)
    pixels = image.read_tile(frame, tile)
    if selection.is_background(pixels):
        return _ReadTile(image.embedding_key(frame, tile), skipped=True)
    rendered = image.render_pixels(pixels, tile)
    key = image.embedding_key(frame, tile, pixels_digest(rendered))
    if image.store.get(key) is None:
        return _ReadTile(key, rendered)
    image.embedded[key.at] = key
    return _ReadTile(key)


def _write(image: EmbeddableImage, key: EmbeddingKey, made: EmbeddingArrays) -> None:
    image.store.put(key, made)
    image.embedded[key.at] = key


def _groups(items: Iterable[_ReadTile], batch: int) -> Iterator[list[_ReadTile]]:
    """Group tiles that must be encoded; pass the others on at once."""
    waiting: list[_ReadTile] = []
    for item in items:
        if item.rendered is None:
            yield [item]
            continue
        waiting.append(item)
        if len(waiting) == batch:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


class _Reader:
    """Threads that read a little ahead of the encoder, in order."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._pool = ThreadPoolExecutor(self._workers)

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def ahead(
        self,
        read: Callable[[tuple[int, Tile]], _ReadTile],
        tiles: Iterable[tuple[int, Tile]],
        batch: int,
    ) -> Iterator[_ReadTile]:
        """Yield what was read, with at most a batch and a bit waiting."""
        waiting: deque[Future[_ReadTile]] = deque()
        for at in tiles:
            waiting.append(self._pool.submit(read, at))
            if len(waiting) > self._workers + batch:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Writer:
    """One thread that stores embeddings while the encoder goes on."""

    def __init__(self, *, behind: int) -> None:
        self._behind = behind
        self._pool = ThreadPoolExecutor(1)
        self._waiting: deque[Future[object]] = deque()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for written in self._waiting:
            written.result()

    def put(
        self,
        write: Callable[[EmbeddingKey, EmbeddingArrays], object],
        key: EmbeddingKey,
        embedding: EmbeddingArrays,
    ) -> None:
        """Have an embedding written soon; wait while too many are."""
        if len(self._waiting) >= self._behind:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(write, key, embedding))
