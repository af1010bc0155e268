"""Private parts of napari that have no public way yet, one function each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray


class Dab(NamedTuple):
    """The pixels that one touch of a brush changed.

    Attributes
    ----------
    window
        The part of the layer's data around it.
    changed
        Which of its pixels were painted.
    before, after
        What they were, and what they are painted with, in order.
    """

    window: tuple[slice, ...]
    changed: NDArray[np.bool_]
    before: NDArray[Any]
    after: Any


def unwrapped(thing: Any) -> Any:
    """Return the object itself from the proxy that a plugin is handed.

    Two proxies of a layer are not the same object, and a signal connected through one
    cannot be disconnected through the other.
    """
    return getattr(thing, "__wrapped__", thing)


def window_of(viewer: Any) -> Any:
    """Return the window of a viewer, for dialogs in its theme; None without one."""
    window = getattr(viewer, "window", None)
    return getattr(window, "_qt_window", None)


def is_drawing(layer: object) -> bool:
    """Tell whether a shape is being drawn: its data must not be replaced until then."""
    return bool(getattr(layer, "_is_creating", False))


def after_drawing(layer: Any, call: Callable[[], object]) -> Callable[[], None]:
    """Connect a callback to the end of a drawing; return what disconnects it.

    `Shapes.events.data` tells of a drawn shape while napari is still in the middle of
    `_finish_drawing`, which goes on with indices that are wrong if anybody removes or
    adds a shape meanwhile, and raises then.
    """
    finish = layer._finish_drawing

    def finish_and_call(event: object = None) -> None:
        drew = is_drawing(layer)
        finish(event)
        if drew:
            call()

    layer._finish_drawing = finish_and_call

    def end() -> None:
        vars(layer).pop("_finish_drawing", None)

    return end


def dabs(stroke: Iterable[Any]) -> list[Dab]:
    """Read what napari's event `Labels.events.paint` carries, in order.

    Its items are those of napari's own undo: a window with a mask, or indices, old and
    new values as `Labels.data_setitem` writes them. Neither is documented.
    """
    return [_dab(atom) for atom in stroke]


def _dab(atom: Any) -> Dab:
    if hasattr(atom, "slice_key"):
        window = tuple(atom.slice_key)
        shape = tuple(part.stop - part.start for part in window)
        changed = np.ones(shape, bool) if atom.mask is None else atom.mask
        before = np.asarray(atom.old_values).ravel()
        return Dab(window, np.broadcast_to(changed, shape), before, atom.new_value)
    indices, before, after = atom
    indices = [np.asarray(index).ravel() for index in indices]
    window = tuple(slice(int(i.min()), int(i.max()) + 1) for i in indices)
    changed = np.zeros([part.stop - part.start for part in window], bool)
    inside = tuple(i - part.start for i, part in zip(indices, window, strict=True))
    changed[inside] = True
    old, new = (np.zeros(changed.shape, np.asarray(before).dtype) for _ in range(2))
    old[inside], new[inside] = np.ravel(before), np.ravel(after)
    return Dab(window, changed, old[changed], new[changed])


def redraw(layer: Labels, window: Sequence[slice]) -> None:
    """Show a part of a labels layer anew, after its data changed.

    `Labels.refresh` draws the whole plane, which takes a third of a second at 8000
    pixels a side; `Labels.data_setitem` writes and remembers besides.
    """
    try:
        _redraw(layer, tuple(window))
    except AttributeError:
        layer.refresh()


def _redraw(layer: Labels, window: tuple[slice, ...]) -> None:
    here = layer._slice_input
    at = layer._get_pt_not_disp()
    if any(not window[d].start <= at[d] < window[d].stop for d in here.not_displayed):
        return
    shown = list(here.displayed)
    image = layer._slice.image
    if len(shown) != 2 or layer._slice.empty or not layer._slicing_state.loaded:
        layer.refresh()
        return
    part = tuple(window[d] for d in shown)
    if not np.may_share_memory(image.raw, layer.data):
        index = tuple(window[d] if d in shown else at[d] for d in range(layer.ndim))
        fresh = np.asarray(layer.data[index])
        image.raw[part] = fresh if shown == sorted(shown) else fresh.T
    if layer.contour == 0:
        image.view[part] = layer.colormap._data_to_texture(image.raw[part])
    layer._accumulate_updated_slice(window)
    # The layer list hears of a layer through the group of its events, and would draw
    # the whole window once more; the canvas hears of this one by itself.
    with layer.events.blocker():
        layer._partial_labels_refresh()
