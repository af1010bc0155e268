"""What a controller tells its window."""

from __future__ import annotations

from psygnal import Signal


class Signals:
    """Signals of a `Controller`.

    Attributes
    ----------
    opened
        The session that is worked on now, or None.
    busy
        What is being done, and its `Progress` or None; ``""`` when nothing is.
    said
        ``"info"``, ``"warning"`` or ``"error"``, and a sentence for the person.
    candidates_changed
        The preview has other candidates, or none.
    model_changed
        Another model was asked for, or the one asked for is ready.
    polarity_changed
        What a plain click means now.
    hover_changed
        Whether the mask under the cursor is shown.
    overlap_found
        Numbers of objects under the preview, and the share of its area on each:
        `commit` was called while `overlap` is ``"ask"``. Call
        ``commit(overlap="keep")`` or ``commit(overlap="overwrite")`` to go on.
    restorable
        Journals of earlier work on this image, to be handed to `restore`.
    gone
        Emitted with a sentence when the image layer was removed, or its data replaced
        by another shape: the session goes on without it.
    """

    opened = Signal(object)
    busy = Signal(str, object)
    said = Signal(str, str)
    candidates_changed = Signal()
    model_changed = Signal()
    polarity_changed = Signal(bool)
    hover_changed = Signal(bool)
    overlap_found = Signal(dict)
    restorable = Signal(tuple)
    gone = Signal(str)
