"""Models opened by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam import checkpoints
from napari_sam.core.registry import offered, resolve_backend

if TYPE_CHECKING:
    from napari_sam.checkpoints import ModelEntry
    from napari_sam.core.protocols import Backend

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
    from napari_sam.backends.native import BY_HAND, open_backend

    name = name or "pocket"
    entry = _checkpoint_of(name)
    if entry is not None:
        return _open_entry(entry, checkpoint, device=device, precision=precision)
    if name in BY_HAND and dict(offered()).get(name, _PACKAGE) == _PACKAGE:
        return open_backend(
            name, checkpoint=checkpoint, device=device, precision=precision
        )
    known = [*(m.name for m in checkpoints.models()), *BY_HAND]
    factory = resolve_backend(name, also=known)
    path = None if checkpoint is None else str(checkpoint)
    return factory(name, checkpoint=path, device=device, precision=precision)


def accept_licence(name: str, *, folder: str | Path | None = None) -> Path:
    """Accept the licence of a model that asks for it, once on this machine.

    Parameters
    ----------
    name
        ``"sam3"``.
    folder
        With its weights; a digest of the licence in it is kept.

    Returns
    -------
    Path
        The file that says so. Deleting it takes the acceptance back.

    Raises
    ------
    UnknownModelError
        If no model of that name asks for it.
    """
    from napari_sam.backends.licences import accept

    return accept(name, folder=None if folder is None else Path(folder))


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
