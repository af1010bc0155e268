"""The functions of a script: load a model, open a store, segment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_sam import checkpoints
from napari_sam.core.errors import JobError
from napari_sam.core.progress import drain
from napari_sam.core.registry import offered, resolve_backend
from napari_sam.image import PromptableImage
from napari_sam.image import segment_objects as segment_objects
from napari_sam.io import Image, read_image
from napari_sam.jobs.painting import paint as paint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.checkpoints import ModelEntry
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.propagation import Propagator
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.io.settings import SaveSettings
    from napari_sam.jobs import (
        Executor,
        ImageOutcome,
        PromptableSettings,
        PromptFiles,
    )
    from napari_sam.stores.zarr import ZarrStore
    from napari_sam.tracking import PropagateSettings, PropagationProgress, Tracks
    from napari_sam.tracking.seeds import Seeds

#: The name of this package among those that offer models.
_PACKAGE = "napari-sam"


def load_backend(
    name: str | None = None,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Backend:
    """Open a model by its name; what is not on this disk is downloaded and verified.

    Parameters
    ----------
    name
        ``"pocket"`` is the one in the package; ``napari-sam models list`` shows all.
        By default, `pocket`, or with a checkpoint whatever that holds.
    checkpoint
        A file of weights, instead of the model's own.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` ...
    precision
        ``"auto"``, ``"float32"`` or ``"bfloat16"``.

    Raises
    ------
    UnknownModelError
        If there is no model of that name.
    CheckpointError
        If the weights cannot be had, are damaged, or belong to another model.
    """
    if name is None and checkpoint is not None:
        from napari_sam.backends.native import open_file

        return open_file(checkpoint, device=device, precision=precision)
    name = name or "pocket"
    entry = _checkpoint_of(name)
    if entry is not None:
        return _open_entry(entry, checkpoint, device=device, precision=precision)
    known = [m.name for m in checkpoints.models()]
    factory = resolve_backend(name, also=known)
    path = None if checkpoint is None else str(checkpoint)
    return factory(name, checkpoint=path, device=device, precision=precision)


def _checkpoint_of(name: str) -> ModelEntry | None:
    """Return what our list says of a name, unless another package offers it."""
    if dict(offered()).get(name, _PACKAGE) != _PACKAGE:
        return None
    with_files = (m for m in checkpoints.models() if m.weights is not None)
    return next((m for m in with_files if m.name == name), None)


def _open_entry(
    entry: ModelEntry, checkpoint: str | Path | None, *, device: str, precision: str
) -> Backend:
    """Open a checkpoint by name, or another file instead, as it was trained."""
    from napari_sam.backends.native import open_backend
    from napari_sam.backends.weight_files import identify

    decoder = None
    if checkpoint is not None:
        where = Path(checkpoint)
    else:
        there = checkpoints.is_here(entry)
        where = (checkpoints.path if there else checkpoints.download)(entry.name)
        decoder = checkpoints.decoder_path(entry)
    return open_backend(
        entry.name,
        checkpoint=where,
        device=device,
        precision=precision,
        architecture=entry.architecture or identify(where),
        fit=entry.preprocessing.fit,
        values=entry.preprocessing.values,
        percentiles=entry.preprocessing.percentiles,
        decoder=decoder,
    )


def open_store(
    path: str | Path,
    *,
    mode: Literal["a", "r"] = "a",
    precision: Literal["float16", "float32"] = "float16",
    memory: int = 2 * 1024**3,
    max_size: int | None = None,
) -> ZarrStore:
    """Open a store of embeddings in a folder, so that no image is encoded twice.

    Several processes may use it at once, for several models and images. It is made
    when the first embedding is written.

    Parameters
    ----------
    path
        A folder, or a URL that fsspec knows, such as ``s3://bucket/cells.zarr``.
    mode
        ``"r"`` writes nothing: what is missing is stored in memory.
    precision
        Of what is written. Half precision takes half the space, and the first answer
        already uses the rounded values, so it agrees with every later one.
    memory
        Bytes of the latest embeddings that are cached in memory as well.
    max_size
        Bytes on disk, beyond which the least recently used embeddings are deleted.

    Raises
    ------
    StoreMismatchError
        If there is something else at that path, or a store of a later version.
    MissingFileError
        If there is nothing and the mode is ``"r"``.

    Examples
    --------
    >>> import napari_sam as sam
    >>> store = sam.open_store("cells.zarr")  # doctest: +SKIP
    >>> image = sam.PromptableImage(pixels, model, store=store)  # doctest: +SKIP
    """
    from napari_sam.stores.zarr import ZarrStore

    return ZarrStore(
        path, mode=mode, precision=precision, memory=memory, max_size=max_size
    )


def segment(
    image: Any,
    prompts: Prompts,
    *,
    frame: int = 0,
    axes: str | None = None,
    model: str | Backend | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
    connected: bool = True,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Prediction:
    """Return the mask of one object in an image.

    For several prompts on the same image, `segment_many` or a `PromptableImage` encodes
    the image once.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    prompts
        The prompts of the object, e.g. ``Prompts.point(120, 85)``.
    frame
        The plane of a stack or video.
    axes
        One letter of ``t z c y x`` per dimension. A 2D array may leave it out, and so
        may a file that says its axes itself.
    model
        A name, as in `load_backend`, or a backend already open: then `checkpoint`,
        `device` and `precision` are unused.
    appearance
        How pixels are shown to the model. By default, fitted to the image.
    tiling
        How planes are cut. By default, those larger than what the model takes in are.
    connected
        Whether masks of clicks have only the parts that they hit, which SAM's
        own predictor does not do.
    checkpoint, device, precision
        As in `load_backend`.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> coin = sam.segment(coins(), sam.Prompts.point(130, 48))  # doctest: +SKIP
    >>> coin.mask.shape, coin.score  # doctest: +SKIP
    """
    (prediction,) = segment_many(
        image,
        [prompts],
        frame=frame,
        axes=axes,
        model=model,
        appearance=appearance,
        tiling=tiling,
        connected=connected,
        checkpoint=checkpoint,
        device=device,
        precision=precision,
    )
    return prediction


def segment_many(
    image: Any,
    prompts: Sequence[Prompts],
    *,
    frame: int = 0,
    axes: str | None = None,
    model: str | Backend | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
    connected: bool = True,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> list[Prediction]:
    """Return the masks of several objects of one plane, in the same order.

    The image is encoded once. Parameters are those of `segment`.
    """
    if model is None or isinstance(model, str):
        model = load_backend(
            model, checkpoint=checkpoint, device=device, precision=precision
        )
    promptable = _promptable(
        image, axes, model, appearance=appearance, tiling=tiling, connected=connected
    )
    return promptable.segment_many(prompts, frame)


def segment_folder(
    images: str | Path,
    prompts: PromptFiles | str | Path,
    output: str | Path,
    *,
    model: str | Backend | None = None,
    settings: PromptableSettings | None = None,
    save: SaveSettings | None = None,
    threshold: float = 0.0,
    executor: Executor | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> list[ImageOutcome]:
    """Segment the images of a folder with their prompts, and write their labels.

    What one image lacks does not stop the others, and the same call goes on where it
    was stopped.

    Parameters
    ----------
    images, prompts, output
        Folders: of images, of prompt files named as the images (or a CSV with a column
        "image"), and of labels, which is made.
    model
        A name, as in `load_backend`, or a backend already open, for this process.
    settings, save
        How images are read, shown and cut, and in which form labels are written.
    threshold
        Logits above this are the object.
    executor
        Who does it. By default, this process.
    report
        Called with the outcome of each image as soon as it is known.

    Raises
    ------
    JobError
        If workers are to use a model that is open here: give its name.
    """
    from napari_sam import jobs
    from napari_sam.io.settings import SaveSettings

    is_open = model is not None and not isinstance(model, str)
    if is_open and executor is not None and executor.threads is not None:
        raise JobError(
            "Workers open the model themselves, and this one is open here: give its "
            'name, such as model="pocket".'
        )
    files = prompts if isinstance(prompts, jobs.PromptFiles) else None
    job = jobs.FolderJob(
        Path(images),
        files or jobs.PromptFiles(Path(str(prompts))),
        Path(output),
        jobs.ModelSpec(load_backend, model if isinstance(model, str) else None),
        settings or jobs.PromptableSettings(),
        save or SaveSettings(),
        threshold,
    )
    backend = None if model is None or isinstance(model, str) else model
    return jobs.segment_folder(job, executor, backend=backend, report=report)


def propagate(
    image: Any,
    seeds: Seeds,
    *,
    axes: str | None = None,
    axis: str | None = None,
    model: str | Backend | None = None,
    method: str | Propagator = "prompt",
    frames: tuple[int, int] | None = None,
    settings: PropagateSettings | None = None,
    tracks: Tracks | None = None,
    store: EmbeddingStore | str | Path | None = None,
    report: Callable[[PropagationProgress], object] | None = None,
) -> Tracks:
    """Carry objects through a movie or a stack, from the frames where they are known.

    Parameters
    ----------
    image
        An array, the path of a file, what `read_image` gives, or a `PromptableImage`.
    seeds
        Where objects are: ``{frame: label image}``, or ``{Address: Prompts}``, or
        masks. Prompts of which none is positive, and None, say that it is absent.
    axes
        One letter of ``t z c y x`` per dimension; a file may say them itself.
    axis
        ``t`` or ``z``: the axis to go along. By default ``t`` where there is one.
    model
        A name, as in `load_backend`, or a backend already open.
    method
        ``"prompt"``, with any model; ``"memory"``, with a video model; or an object.
    frames
        First and last position along the axis to fill, both included.
    settings
        How objects are carried; see `PropagateSettings`.
    tracks
        Tracks that the seeds correct: only frames between the corrected ones and the
        next that are prompted or approved change.
    store
        The store of embeddings, or its path: a second propagation encodes nothing.
    report
        Called with each step, which has the frames that are finished.

    Examples
    --------
    >>> import napari_sam as sam
    >>> tracks = sam.propagate(movie, {0: labels}, axes="tyx")  # doctest: +SKIP
    >>> tracks.labels[10]  # doctest: +SKIP
    """
    from napari_sam.tracking import iter_tracks

    if not isinstance(image, PromptableImage):
        kept = open_store(store) if isinstance(store, str | Path) else store
        image = _promptable(image, axes, model, store=kept)
    work = iter_tracks(
        image,
        seeds,
        axis=axis,
        method=method,
        frames=frames,
        settings=settings,
        tracks=tracks,
    )
    return drain(work, report)  # type: ignore[arg-type]


def _promptable(
    image: Any, axes: str | None, model: str | Backend | None, **options: Any
) -> PromptableImage:
    if isinstance(image, str | Path):
        image = read_image(image, axes=axes)
    if isinstance(image, Image):
        image = image.frames
    if model is None or isinstance(model, str):
        model = load_backend(model)
    return PromptableImage(image, model, axes=axes, **options)
