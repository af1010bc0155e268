"""Reader of files by the plugins of napari, without a window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Plugins that would ask us again, or read anything by its name.
_OTHERS = frozenset(("napari", "napari-sam", "builtins"))


def reader_of_plugin(path: Path) -> Callable[[Path, ReadOptions], Image] | None:
    """Return the reader of the first plugin that takes a file; None without one."""
    npe2 = import_optional("npe2", f"{path.name} is read by plugins of napari; this")
    manager = npe2.PluginManager.instance()
    manager.discover()
    for reader in manager.iter_compatible_readers([str(path)]):
        if reader.plugin_name not in _OTHERS:
            return partial(_read, plugin=str(reader.plugin_name))
    return None


def _read(path: Path, options: ReadOptions, *, plugin: str) -> Image:
    npe2 = import_optional("npe2", f"{path.name} is read by {plugin}; this")
    layers = npe2.read([str(path)], stack=False, plugin_name=plugin)
    images = [layer for layer in layers if (*layer, {}, "image")[2] == "image"]
    if not images:
        raise NotAnImageError(f"{path}: {plugin} found no image in it.")
    index = options.series or 0
    if not 0 <= index < len(images):
        raise ImageError(
            f"{path} holds {len(images)} images; there is no series {index}."
        )
    data, *more = images[index]
    keywords = dict(more[0]) if more else {}
    several = isinstance(data, list | tuple)
    levels = list(data) if several else [data]
    return Image(
        data=levels[0],
        levels=tuple(levels[1:]),
        axes=_axes(keywords, len(levels[0].shape)),
        metadata={"kind": plugin, "series": (index, len(images))},
    )


def _axes(keywords: dict[str, object], ndim: int) -> str:
    """Return the letters of a layer's axes, as far as they are known."""
    labels = keywords.get("axis_labels")
    letters = (
        [str(a).lower() for a in labels] if isinstance(labels, list | tuple) else []
    )
    if keywords.get("rgb"):
        letters = [*letters, "c"] if letters else list("yxc"[-ndim:])
    at = keywords.get("channel_axis")
    if letters and isinstance(at, int) and len(letters) == ndim - 1:
        letters.insert(at, "c")
    known = len(letters) == ndim and all(a in tuple("tzcyx") for a in letters)
    return "".join(letters) if known else ""
