"""Images to try the dock with: three of scikit-image's own, four that are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: Data, keywords and type of a layer, as napari takes them from a plugin.
    LayerData = tuple[Any, dict[str, Any], str]

_LAPSE, _VOLUME, _NUCLEI, _TOWN = 3, 2, 33, 8
#: From plane to plane of the z-stack, in pixels of a plane.
_SPACING = 4.0


def tissue() -> list[LayerData]:
    """Stained tissue: glands of a colon, antibodies brown and nuclei blue."""
    from skimage import data

    return [_layer(data.immunohistochemistry(), "stained tissue", rgb=True)]


def coins() -> list[LayerData]:
    """Coins on a dark ground."""
    from skimage import data

    return [_layer(data.coins(), "coins")]


def cell() -> list[LayerData]:
    """One cell that floats in a saline solution; its phase, not its colour."""
    from skimage import data

    return [_layer(data.cell(), "floating cell", pixel=0.107, unit="micrometer")]


def nuclei() -> list[LayerData]:
    """Fluorescent nuclei in one plane, drawn."""
    from napari_sam.synthetic import draw_scene

    pixels = draw_scene(_NUCLEI, size=512, kind="nuclei").image[..., 1]
    return [
        _layer(
            pixels, "fluorescent nuclei", pixel=0.3, unit="micrometer", colormap="green"
        )
    ]


def dividing() -> list[LayerData]:
    """Dividing cells in 20 frames, ten minutes apart, drawn."""
    from napari_sam.synthetic import draw_timelapse

    return [
        _layer(
            draw_timelapse(_LAPSE).image,
            "dividing cells",
            axes="tyx",
            pixel=0.5,
            unit="micrometer",
            step=(10.0, "minute"),
            colormap="gray",
        )
    ]


def volume() -> list[LayerData]:
    """Nuclei in 24 planes that lie further apart than pixels do, drawn."""
    from napari_sam.synthetic import draw_volume

    pixel = 0.25
    return [
        _layer(
            draw_volume(_VOLUME, spacing=_SPACING).image,
            "z-stack of nuclei",
            axes="zyx",
            pixel=pixel,
            unit="micrometer",
            step=(pixel * _SPACING, "micrometer"),
            colormap="magenta",
        )
    ]


def town() -> list[LayerData]:
    """Roofs of a town from above, drawn."""
    from napari_sam.synthetic import draw_scene

    pixels = draw_scene(_TOWN, size=768, kind="roofs").image
    return [_layer(pixels, "roofs from the air", pixel=0.2, unit="meter", rgb=True)]


def _layer(
    pixels: NDArray[Any],
    name: str,
    *,
    axes: str = "yx",
    pixel: float = 1.0,
    unit: str = "pixel",
    step: tuple[float, str] | None = None,
    **more: Any,
) -> LayerData:
    """Describe an image layer; a step is the way from plane to plane."""
    steps = [] if step is None else [step]
    along = [*steps, (pixel, unit), (pixel, unit)]
    keywords = {
        "name": name,
        "scale": tuple(size for size, _ in along),
        "units": tuple(name for _, name in along),
        "axis_labels": tuple(axes),
    }
    if not more.get("rgb"):
        keywords |= {"contrast_limits": _limits(pixels)}
    return pixels, keywords | more, "image"


def _limits(pixels: NDArray[Any]) -> tuple[float, float]:
    """Return what is black and white: of many bits, not the few brightest pixels."""
    if pixels.dtype.itemsize == 1:
        return 0.0, 255.0
    low, high = np.percentile(pixels, [1, 99.7])
    return float(low), float(high)
