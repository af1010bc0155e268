"""How an image layer's dimensions are frames, rows and columns of planes, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

import numpy as np
from napari.utils.transforms import Affine

from napari_sam.core.errors import AxesError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames, axes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Layer
    from numpy.typing import ArrayLike, NDArray


#: Axes of planes in the order in which they are offered first.
_LIKELY = ("tyx", "zyx", "cyx", "tzyx", "tcyx", "zcyx", "tzcyx")


@dataclass(slots=True, eq=False)
class PlaneGeometry:
    """Where the planes of an image layer lie in the world.

    Layers of ours have the dimensions of the image layer, in its order, so that they
    move with the same sliders. Only a channel axis is another: first of all, it is
    left out; elsewhere, it has the length one, and spans all channels.

    Positions in data coordinates have pixel centres on integers, as prompts have.

    Attributes
    ----------
    frames
        The pixels, and what their axes are; others of the same shape may take over.
    axes
        One letter per dimension of our layers.
    known_layer
        The image layer, as long as anybody else has it.
    ndim
        How many dimensions our layers have.
    plane_axes
        Which of them are rows and columns.
    """

    frames: Frames
    axes: str
    known_layer: ReferenceType[Image]
    ndim: int = field(init=False)
    plane_axes: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.ndim = len(self.axes)
        self.plane_axes = self.axes.index("y"), self.axes.index("x")

    @classmethod
    def of(cls, layer: Image, axes: str | None = None) -> PlaneGeometry:
        """Look at an image layer.

        Parameters
        ----------
        layer
            2D, or a stack; RGB, or with an axis of channels; at several levels or one.
        axes
            One letter of ``t z c y x`` per dimension of the data. By default, those
            that `named_axes` finds.

        Raises
        ------
        AxesError
            If the axes are not given, and the layer does not say them.
        """
        axes = axes or named_axes(layer)
        levels = list(layer.data) if layer.multiscale else [layer.data]
        if axes is None:
            shape = tuple(int(n) for n in levels[0].shape)
            raise AxesError(
                f"The layer {layer.name!r} has the shape {shape}. Say what its axes "
                f"are, such as {' or '.join(possible_axes(layer)[:3])}: t is time, "
                "z is depth, c is channels."
            )
        frames = Frames(levels[0], axes, levels=levels[1:])
        own = frames.axes[:-1] if layer.rgb else frames.axes
        return cls(frames, own.removeprefix("c"), ref(layer))

    @property
    def layer(self) -> Image:
        """The image layer; its transforms are looked up when they are needed.

        Raises
        ------
        ReferenceError
            If it was removed, and nobody has it any more.
        """
        layer = self.known_layer()
        if layer is None:
            raise ReferenceError("The image layer is gone.")
        return layer

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column of the middle of a plane."""
        rows, cols = self.frames.plane_shape
        return (rows - 1) / 2, (cols - 1) / 2

    def keywords(self, offset: Sequence[float] | None = None) -> dict[str, Any]:
        """Return what a layer of ours is made with, so that it lies on the image.

        Parameters
        ----------
        offset
            Data coordinates, on the whole plane, of the first pixel of a layer that
            holds only a part of it.
        """
        layer, start = self.layer, self.layer.ndim - self.ndim
        scale = np.array(layer.scale, float)
        shift = np.zeros(self.ndim) if offset is None else np.array(offset, float)
        if "c" in self.axes:
            at = self.axes.index("c")
            shift[at] += (self._channels - 1) / 2
        linear = Affine(
            rotate=layer.rotate, shear=layer.shear, scale=scale
        ).linear_matrix[start:, start:]
        translate = np.array(layer.translate, float)[start:] + linear @ shift
        scale = scale[start:]
        if "c" in self.axes:
            scale[at] *= self._channels
        affine = np.delete(np.array(layer.affine.affine_matrix), range(start), 0)
        return {
            "scale": scale,
            "translate": translate,
            "rotate": np.array(layer.rotate)[start:, start:],
            "shear": _without(layer.shear, start),
            "affine": np.delete(affine, range(start), 1),
            "units": tuple(layer.units)[start:],
            "axis_labels": tuple(layer.axis_labels)[start:],
        }

    def frame_of(self, position: ArrayLike) -> int | None:
        """Return the plane that a position on our layers is in; None outside."""
        at = np.asarray(position, float)
        where: dict[str, int] = {}
        for axis, size in self.frames.sizes.items():
            where[axis] = int(np.floor(at[self.axes.index(axis)] + 0.5))
            if not 0 <= where[axis] < size:
                return None
        return self.frames.ravel(where)

    def to_data(self, frame: int, plane: ArrayLike) -> NDArray[np.float64]:
        """Return positions ``(n, 2)`` of a plane in data coordinates of our layers."""
        positions = np.reshape(np.asarray(plane, float), (-1, 2))
        found = np.zeros((len(positions), self.ndim))
        for axis, index in self.frames.unravel(frame).items():
            found[:, self.axes.index(axis)] = index
        found[:, self.plane_axes] = positions
        return found

    def of_world(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Return positions ``(n, ndim)`` of the world in our data coordinates.

        Positions with more dimensions than the image are taken by their last ones.
        """
        world = np.atleast_2d(np.asarray(positions, float))
        lacking = max(self.layer.ndim - world.shape[1], 0)
        world = np.pad(world, ((0, 0), (lacking, 0)))
        found = np.array([self.layer.world_to_data(p) for p in world])
        found = found.reshape(len(world), self.layer.ndim)
        found = found[:, self.layer.ndim - self.ndim :]
        if "c" in self.axes:
            found[:, self.axes.index("c")] = 0
        return found

    def to_world(self, frame: int, plane: ArrayLike) -> NDArray[np.float64]:
        """Return positions ``(n, 2)`` of a plane in the world of the image layer.

        Along channels, that is the middle.
        """
        data = self.to_data(frame, plane)
        if "c" in self.axes:
            data[:, self.axes.index("c")] = (self._channels - 1) / 2
        data = np.pad(data, ((0, 0), (self.layer.ndim - self.ndim, 0)))
        world = [self.layer.data_to_world(p) for p in data]
        return np.array(world, float).reshape(len(data), self.layer.ndim)

    def view(self, labels: Any) -> Any:
        """Return labels of a session as our layers have them; a view, not a copy."""
        own = [a for a in self.axes if a != "c"]
        order = [*self.frames.sizes, "y", "x"]
        if own != order:
            labels = np.transpose(labels, [order.index(a) for a in own])
        if "c" in self.axes:
            labels = np.expand_dims(labels, self.axes.index("c"))
        return labels

    def shaped(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Give a part of a plane the dimensions of our layers."""
        down, across = self.plane_axes
        turned = plane if down < across else plane.T
        others = [i for i in range(self.ndim) if i not in (down, across)]
        return np.expand_dims(turned, tuple(others))

    def window(self, frame: int, region: Region) -> tuple[slice, ...]:
        """Return the index of a part of a plane in our layers."""
        start = self.frames.unravel(frame)
        parts = {a: slice(i, i + 1) for a, i in start.items()}
        parts["y"], parts["x"] = region.slices
        return tuple(parts.get(a, slice(0, 1)) for a in self.axes)

    def planes(
        self,
        window: Sequence[slice],
        offset: Sequence[int],
        *parts: NDArray[Any],
    ) -> list[tuple[Any, ...]]:
        """Take parts of our layers apart into planes.

        Parameters
        ----------
        window
            Where the parts are, in data coordinates of a layer.
        offset
            Its first pixel, on the whole image.
        parts
            Arrays with the dimensions of our layers.

        Returns
        -------
        list of tuples
            Frame and region, and of each of the parts what it has there.
        """
        starts = {
            axis: part.start + first
            for axis, part, first in zip(self.axes, window, offset, strict=True)
        }
        along = [*self.frames.sizes, *("c" if "c" in self.axes else ""), "y", "x"]
        order = [self.axes.index(axis) for axis in along]
        turned = [np.transpose(part, order) for part in parts]
        rows, cols = turned[0].shape[-2:]
        region = Region(
            starts["y"], starts["x"], starts["y"] + rows, starts["x"] + cols
        )
        found: list[tuple[Any, ...]] = []
        for index in np.ndindex(turned[0].shape[:-2]):
            where = {a: starts[a] + i for a, i in zip(along, index, strict=False)}
            frame = self.frames.ravel(where)
            found.append((frame, region, *(part[index] for part in turned)))
        return found

    @property
    def _channels(self) -> int:
        return self.frames.n_channels or 1


def named_axes(layer: Layer) -> str | None:
    """Return the axes that a layer's labels name, or that need not be said."""
    last = {"-2": "y", "-1": "x"}
    names = [last.get(str(name), str(name)) for name in layer.axis_labels]
    if layer.rgb:
        names.append("c")
    return axes_of(names)


def possible_axes(layer: Layer) -> tuple[str, ...]:
    """Return what a layer's axes may be, the likely first."""
    count = int(layer.ndim)
    first = [axes for axes in _LIKELY if len(axes) == count]
    others = ("".join(some) for some in permutations("tzcyx", count))
    found = dict.fromkeys((*first, *(a for a in others if a.endswith("yx"))))
    if layer.rgb:
        return tuple(f"{axes}c" for axes in found if "c" not in axes)
    return tuple(found)


def _without(shear: ArrayLike, start: int) -> NDArray[np.float64]:
    """Leave the first dimensions out of a shear: a triangle as a row, or a matrix."""
    given = np.asarray(shear, float)
    if given.ndim == 2:
        return given[start:, start:]
    size = int((1 + np.sqrt(1 + 8 * len(given))) / 2)
    rows, _ = np.triu_indices(size, 1)
    return given[rows >= start]
