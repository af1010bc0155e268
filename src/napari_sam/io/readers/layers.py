"""Which of several arrays in one file is read."""

from __future__ import annotations

import logging
from math import prod
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, NotAnImageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)


def choose_layer(
    path: Path, shapes: Mapping[str, tuple[int, ...]], layer: str | None
) -> str:
    """Return the name of the array that is read: the largest, unless it is chosen.

    Parameters
    ----------
    path
        Path of the file.
    shapes
        Shapes of its arrays by name.
    layer
        The name that was asked for.

    Raises
    ------
    NotAnImageError
        If no array has two dimensions.
    ImageError
        If there is no array of that name.
    """
    planes = {name: shape for name, shape in shapes.items() if len(shape) >= 2}
    listed = ", ".join(f"{n} {shape}" for n, shape in list(planes.items())[:8])
    if layer is not None:
        wanted = layer.strip("/")
        if wanted not in shapes:
            raise ImageError(f"{path} holds no array {layer!r}. It holds {listed}.")
        return wanted
    if not planes:
        raise NotAnImageError(f"{path} holds no array of two dimensions or more.")
    found = max(planes, key=lambda name: prod(planes[name]))
    if len(planes) > 1:
        logger.warning(
            "%s holds %d arrays (%s); %s is read. Another one: --layer NAME, in "
            "Python layer=NAME.",
            path,
            len(planes),
            listed,
            found,
        )
    return found
