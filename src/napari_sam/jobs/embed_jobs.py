"""Embeddings of whole images, ahead of time, by several workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.errors import JobError, StoreError
from napari_sam.core.progress import Progress, drain
from napari_sam.image.embed import EmbedResult, iter_embed_tiles
from napari_sam.image.selection import TileSelection
from napari_sam.jobs.executor import Executor, Failure, grouped, run_tasks
from napari_sam.jobs.image_spec import ImageSpec, OpenImages

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from napari_sam.image import PromptableImage

#: Tiles of a task at most: few, so that little is lost when it is.
_TILES = 4
#: Tasks per worker at least, if there are as many tiles: all then end together.
_TASKS = 8


@dataclass(frozen=True, slots=True)
class EmbedJob:
    """Tiles of an image that the store shall hold.

    Attributes
    ----------
    image
        The image; it names a store.
    tiles
        Its tiles, as `napari_sam.image.selection.select_tiles` puts them in order.
    """

    image: ImageSpec
    tiles: TileSelection

    def __post_init__(self) -> None:
        if self.image.store is None:
            raise JobError("Embeddings of several workers need a store.")


@dataclass(frozen=True, slots=True)
class EmbedTask:
    """A task: some tiles of an image to embed.

    Attributes
    ----------
    image
        The image.
    tiles
        Frame, level and number of each tile.
    background
        Lowest and highest value of the background, or None.
    """

    image: ImageSpec
    tiles: tuple[tuple[int, int, int], ...]
    background: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedImages:
    """The result of embedding images: how many tiles, and what failed.

    Attributes
    ----------
    tiles
        How many were computed, there and skipped.
    lost
        How many could not be done.
    failed
        What went wrong, by the path of the image.
    """

    tiles: EmbedResult
    lost: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)


def embed_images(
    jobs: Sequence[EmbedJob], executor: Executor
) -> Generator[Progress, None, EmbeddedImages]:
    """Embed tiles of images that the store lacks; one `Progress` a task.

    Every tile has a chunk of its own in the store, so that workers never write to the
    same place. Closing stops the workers; what is in the store is not computed again.
    Tiles in which a mask has nothing are skipped here, and sent to no worker.

    Parameters
    ----------
    jobs
        The images.
    executor
        Who does it.
    """
    tasks = _tasks(jobs, executor)
    total = sum(len(job.tiles) for job in jobs)
    skipped = done = total - sum(len(task.tiles) for task in tasks)
    encoded = found = lost = 0
    failed: dict[str, str] = {}
    for i, result in run_tasks(EmbedWorker, tasks, executor):
        done += len(tasks[i].tiles)
        if isinstance(result, Failure):
            lost += len(tasks[i].tiles)
            failed.setdefault(tasks[i].image.path, result.reason)
        else:
            encoded += result.encoded
            found += result.found
            skipped += result.skipped
        yield Progress(done, total, "embedding")
    return EmbeddedImages(EmbedResult(encoded, found, skipped), lost, failed)


class EmbedWorker:
    """Embeds tiles in the process of a worker, which holds the images it opened."""

    def __init__(self) -> None:
        self._images = OpenImages()

    def __call__(self, task: EmbedTask) -> EmbedResult:
        """Embed the tiles of a task."""
        return embed_tiles(task, self._images.open(task.image))


def embed_tiles(task: EmbedTask, image: PromptableImage) -> EmbedResult:
    """Embed the tiles of a task, and see that the store holds them."""
    plane = image.frames.plane_shape
    tile_ids = tuple(
        (frame, image.tiling.tiles(plane, level)[index])
        for frame, level, index in task.tiles
    )
    tiles = TileSelection(tile_ids, task.background, None, plane)
    batch = backend_spec(image.backend).batch_size
    before = getattr(image.store, "unwritten", 0)
    done = drain(iter_embed_tiles(image, tiles, batch=batch, workers=1))
    if getattr(image.store, "unwritten", 0) > before:
        raise StoreError(
            f"Embeddings cannot be written to {task.image.store}. Free some space, "
            "or give a store that can be written."
        )
    return done


def _tasks(jobs: Sequence[EmbedJob], executor: Executor) -> list[EmbedTask]:
    """Cut images into tasks, of few tiles if there are few for all the workers."""
    tile_ids = [_tile_ids(job.tiles) for job in jobs]
    fair = sum(map(len, tile_ids)) // (_TASKS * max(1, executor.workers))
    size = min(max(1, fair), _TILES)
    return [
        EmbedTask(job.image.for_workers(executor.threads), group, job.tiles.background)
        for job, mine in zip(jobs, tile_ids, strict=True)
        for group in grouped(mine, size)
    ]


def _tile_ids(selection: TileSelection) -> list[tuple[int, int, int]]:
    return [
        (frame, tile.level, tile.index)
        for frame, tile in selection.tiles
        if not selection.is_masked(tile)
    ]
