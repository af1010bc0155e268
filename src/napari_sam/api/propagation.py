"""Objects propagated through a movie or a stack in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_promptable
from napari_sam.api.stores import open_store
from napari_sam.core.progress import drain
from napari_sam.image import PromptableImage
from napari_sam.stores.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.propagation import Propagator
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.tracking import PropagateSettings, PropagationProgress, Tracks
    from napari_sam.tracking.seeds import Seeds


def propagate(
    image: AnyImage | PromptableImage,
    seeds: Seeds,
    *,
    axes: str | None = None,
    axis: str | None = None,
    model: str | Backend | None = None,
    method: str | Propagator = "auto",
    frames: tuple[int, int] | None = None,
    settings: PropagateSettings | None = None,
    tracks: Tracks | None = None,
    store: EmbeddingStore | str | Path | None = None,
    report: Callable[[PropagationProgress], object] | None = None,
) -> Tracks:
    """Propagate objects through a movie or a stack, from frames where they are known.

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
        ``"prompt"``, with any model; ``"memory"``, with a video model; ``"auto"``,
        whichever the model can; or an object.
    frames
        First and last position along the axis to fill, both included.
    settings
        How objects are propagated; see `PropagateSettings`.
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
        if isinstance(store, str | Path):
            store = open_store(store)
        kept = MemoryStore() if store is None else store
        image = to_promptable(image, axes, model, store=kept)
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
