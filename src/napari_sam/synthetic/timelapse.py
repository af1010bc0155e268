"""A synthetic time-lapse of cells that move, grow and divide, with their lineage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import TrainingError
from napari_sam.synthetic.noise import cloud
from napari_sam.synthetic.stack import Stack, camera_counts, place_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["draw_timelapse"]

_LEAST = 64
#: Radius of a newborn cell in pixels, and frames until it divides.
_RADIUS, _CYCLE = 10.0, 15
#: Photons of a pixel of a cell, and of the background.
_BRIGHT, _DIM = 420, 30


@dataclass(frozen=True, slots=True)
class _Cell:
    number: int
    row: float
    col: float
    angle: float
    age: float
    cycle: float
    bright: float
    bend: float

    @property
    def ripe(self) -> float:
        """From 0 to 1 over the last frames before it divides."""
        return min(max(self.age - self.cycle + 3, 0) / 3, 1)

    @property
    def radius(self) -> float:
        return _RADIUS * float(np.sqrt(1 + min(self.age / self.cycle, 1)))

    @property
    def axes(self) -> tuple[float, float]:
        """Half its length and half its width; a cell about to divide is long."""
        stretch = float(np.sqrt(1.2 + 0.7 * self.ripe))
        return self.radius * stretch, self.radius / stretch


def draw_timelapse(
    seed: int | np.random.Generator = 0,
    *,
    frames: int = 20,
    size: int = 256,
    cells: int = 8,
) -> Stack:
    """Draw a time-lapse of cells as in a fluorescence microscope.

    Parameters
    ----------
    seed
        A number, or a random generator.
    frames
        Number of frames.
    size
        Rows and columns, at least 64.
    cells
        Number of cells in the first frame. A daughter has a number of its own.

    Returns
    -------
    Stack
        The same for the same seed, frames, size and cells.

    Raises
    ------
    TrainingError
        If there are no frames or no cells, or the planes are too small.
    """
    if frames < 1 or cells < 1 or size < _LEAST:
        raise TrainingError(
            f"A time-lapse has a frame and a cell at least, and {_LEAST} rows and "
            f"columns: not frames={frames}, cells={cells}, size={size}."
        )
    rng = np.random.default_rng(seed)
    colony = [_first_cell(rng, i + 1, size) for i in range(cells)]
    for _ in range(30):
        colony = _separated(colony, size)
    parents: dict[int, int] = {}
    labels = np.zeros((frames, size, size), np.int32)
    image = np.zeros((frames, size, size), np.uint16)
    grain, haze = cloud(rng, size, 4, smooth=True), cloud(rng, size, 60, smooth=True)
    for frame in range(frames):
        if frame:
            colony = _next_frame(rng, colony, parents, size)
        light = _draw_cells(colony, labels[frame], grain) + _DIM * (1 + 0.25 * haze)
        image[frame] = camera_counts(rng, ndimage.gaussian_filter(light, 1.2))
    return Stack(image, labels, parents)


def _first_cell(rng: np.random.Generator, number: int, size: int) -> _Cell:
    cycle = rng.uniform(0.8, 1.2) * _CYCLE
    row, col = rng.uniform(0.25, 0.75, 2) * size
    return _Cell(
        number, row, col, rng.uniform(0, pi), rng.uniform(0, 0.9) * cycle, cycle,
        rng.uniform(0.7, 1.3), rng.uniform(0, 2 * pi),
    )  # fmt: skip


def _next_frame(
    rng: np.random.Generator,
    colony: Sequence[_Cell],
    parents: dict[int, int],
    size: int,
) -> list[_Cell]:
    """Return the cells one frame later, and enter those that divided as parents."""
    found: list[_Cell] = []
    number = max(cell.number for cell in colony)
    for cell in colony:
        if cell.age < cell.cycle:
            row, col = rng.normal((cell.row, cell.col), 1.5)
            rotated = cell.angle + rng.normal(0, 0.06 * (1 - cell.ripe))
            moved = replace(cell, row=row, col=col, angle=rotated, age=cell.age + 1)
            found.append(moved)
            continue
        for side in (-1, 1):
            number += 1
            parents[number] = cell.number
            found.append(_daughter(rng, cell, number, side))
    for _ in range(4):
        found = _separated(found, size)
    return found


def _daughter(rng: np.random.Generator, cell: _Cell, number: int, side: int) -> _Cell:
    step = side * 0.55 * cell.axes[0]
    return _Cell(
        number, cell.row + step * np.sin(cell.angle),
        cell.col + step * np.cos(cell.angle),
        cell.angle + pi / 2 + rng.normal(0, 0.2), 0, rng.uniform(0.8, 1.2) * _CYCLE,
        cell.bright * rng.uniform(0.9, 1.1), rng.uniform(0, 2 * pi),
    )  # fmt: skip


def _separated(colony: Sequence[_Cell], size: int) -> list[_Cell]:
    """Return the cells moved away from those that they overlap, within the plane."""
    at = np.array([(cell.row, cell.col) for cell in colony])
    reach = np.array([cell.radius for cell in colony])
    between = at[:, None] - at[None]
    distance = np.linalg.norm(between, axis=-1) + np.eye(len(at))
    lacking = np.maximum(1.05 * (reach[:, None] + reach[None]) - distance, 0)
    np.fill_diagonal(lacking, 0)
    at = at + (between / distance[..., None] * lacking[..., None] * 0.3).sum(1)
    at = np.clip(at, reach[:, None], size - 1 - reach[:, None])
    return [
        replace(cell, row=float(row), col=float(col))
        for cell, (row, col) in zip(colony, at, strict=True)
    ]


def _draw_cells(
    colony: Sequence[_Cell], labels: NDArray[np.int32], grain: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Draw the labels of cells, and return their light, brighter before division."""
    light = np.zeros(labels.shape, np.float32)
    depth = np.full(labels.shape, np.inf, np.float32)
    size = len(labels)
    for cell in colony:
        reach = 1.2 * cell.axes[0]
        rows, cols = (
            np.arange(max(int(x - reach), 0), min(int(x + reach) + 2, size))
            for x in (cell.row, cell.col)
        )
        window = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        down, right = rows[:, None] - cell.row, cols[None] - cell.col
        place_object(
            labels, depth, window, _relative_depth(cell, down, right), cell.number
        )
        own = labels[window] == cell.number
        mottled = grain[np.ix_(*(_texture_index(cell, d, size) for d in (down, right)))]
        bright = _BRIGHT * cell.bright * (1 + 0.5 * cell.ripe)
        light[window] = np.where(own, bright * (1 + 0.12 * mottled), light[window])
    return light


def _relative_depth(
    cell: _Cell, down: NDArray[np.floating], right: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Return the relative depth of pixels in a cell: 0 in its middle, 1 at its rim."""
    sin, cos = np.sin(cell.angle), np.cos(cell.angle)
    along, across = down * sin + right * cos, down * cos - right * sin
    long, wide = cell.axes
    inside = np.hypot(along / long, across / wide)
    bent = 1 + 0.05 * np.cos(3 * np.arctan2(across, along) + cell.bend)
    return (inside / bent).astype(np.float32)


def _texture_index(
    cell: _Cell, offset: NDArray[np.floating], size: int
) -> NDArray[np.intp]:
    """Return positions in the texture, which moves with a cell."""
    return (offset.ravel().round().astype(np.intp) + 37 * cell.number) % size
