"""Stores of embeddings opened by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.stores.zarr_store import ZarrStore


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
    from napari_sam.stores.zarr_store import ZarrStore

    return ZarrStore(
        path, mode=mode, precision=precision, memory=memory, max_size=max_size
    )
