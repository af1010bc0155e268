"""Instance maps: what a model draws of all objects of a tile at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ModelError
from napari_sam.core.geometry.resampling import upsample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region


@dataclass(frozen=True, eq=False)
class InstanceMaps:
    """Foreground, boundary distance and centre maps of a tile, from 0 to 1.

    Cells lie as those of a `Prediction`: the grid starts at the top-left edge of the
    tile, and each cell spans `stride` pixels.

    Attributes
    ----------
    values
        ``(3, rows, cols)`` float32: the foreground; how far a pixel is from the
        boundary of its object and how close to the centre, each as a share of the
        largest in the object.
    stride
        Rows and columns of the tile per cell.
    """

    values: NDArray[np.float32]
    stride: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or len(self.values) != 3:
            raise ModelError(
                f"Instance maps of the shape {self.values.shape}; expected 3 maps: "
                "foreground, boundary distance and centre."
            )

    def sampled(self, region: Region) -> NDArray[np.float32]:
        """Return the maps ``(3, y, x)`` at the pixels of a region of the tile."""
        return np.stack([upsample(m, region.slices, self.stride) for m in self.values])
