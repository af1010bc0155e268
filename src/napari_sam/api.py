"""One call, one answer: the functions a script needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_sam import checkpoints
from napari_sam.core.registry import offered, resolve_backend
from napari_sam.image import PromptableImage
from napari_sam.image import segment_objects as segment_objects
from napari_sam.io import Image, read_image
from napari_sam.jobs.painting import paint as paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.checkpoints import ModelEntry
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend
    from napari_sam.stores.zarr import ZarrStore

#: How this package is called where models are offered.
_OURS = "napari-sam"


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
    if dict(offered()).get(name, _OURS) != _OURS:
        return None
    with_files = (m for m in checkpoints.models() if m.weights is not None)
    return next((m for m in with_files if m.name == name), None)


def _open_entry(
    entry: ModelEntry, checkpoint: str | Path | None, *, device: str, precision: str
) -> Backend:
    """Open a checkpoint by name, or another file in its place, as it was trained."""
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
    """Open a folder where embeddings are kept, so that no image is looked at twice.

    Several processes may use it at once, for several models and images. It is made
    when the first embedding is written.

    Parameters
    ----------
    path
        A folder, or a URL that fsspec knows, such as ``s3://bucket/cells.zarr``.
    mode
        ``"r"`` writes nothing: what is missing is kept in memory.
    precision
        Of what is written. Half precision takes half the space, and the first answer
        already uses the rounded values, so it agrees with every later one.
    memory
        Bytes of the latest embeddings that are kept in memory as well.
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

    For several prompts on the same image, `segment_many` or a `PromptableImage` looks
    at the image once.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    prompts
        What was said about the object, e.g. ``Prompts.point(120, 85)``.
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
        Whether of a mask for clicks only the parts that they hit are kept, which SAM's
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

    The image is looked at once. Parameters are those of `segment`.
    """
    if isinstance(image, str | Path):
        image = read_image(image, axes=axes)
    if isinstance(image, Image):
        image = image.frames
    if model is None or isinstance(model, str):
        model = load_backend(
            model, checkpoint=checkpoint, device=device, precision=precision
        )
    asked = PromptableImage(
        image,
        model,
        axes=axes,
        appearance=appearance,
        tiling=tiling,
        connected=connected,
    )
    return asked.segment_many(prompts, frame)
