"""A target model: what the objects of one film look like, fitted to known masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from napari_sam.core.backend_spec import with_features
from napari_sam.core.geometry.resampling import upsample
from napari_sam.tracking.motion.moving import tile_of_mask, windows_around
from napari_sam.tracking.motion.warp import signed_distance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import FeatureMap
    from napari_sam.image import PromptableImage

#: Share of an object's radius within which its boundary is learnt, and least pixels.
_BAND, _THINNEST = 0.2, 1.5
#: Share of an object's radius that is looked at around it, and least pixels.
_AROUND, _NEAREST = 1.0, 4
#: Pixels of an object, and objects, that are learnt from.
_PIXELS, _OBJECTS = 600, 64
#: Parts that are left out in turn, and strengths of the penalty that are tried so.
_PARTS, _PENALTIES = 5, (1e-3, 1e-2, 1e-1, 1.0)
#: Difference within a region below which nothing is to be seen on it, of -1 to 1.
_CONTRAST = 0.5
#: Log-odds of what the model is sure of, and the share of the variance that it has to
#: explain of objects that it was not fitted to, to be taken in full.
_GAIN, _EXPLAINED = 4.0, 0.5


@dataclass(frozen=True, eq=False)
class TargetModel:
    """A linear model of how deep inside an object a pixel is, by features of a backend.

    A light model that is fitted to the objects of one film, and works beside a network
    that knows objects in general: the target model of Robinson et al. 2020, "Learning
    fast and robust target models for video object segmentation". Ours is a ridge
    regression in closed form, for all objects together, and its target is the distance
    to the nearest boundary, so that objects which touch are told apart.

    Attributes
    ----------
    weights
        Of each channel of the features, coarsest first, float32.
    bias
        Added to their sum.
    gain
        Log-odds of 1, where the sum is cut.
    """

    weights: NDArray[np.float32]
    bias: float
    gain: float

    def log_odds(
        self,
        features: Sequence[FeatureMap],
        tile: Tile,
        regions: Mapping[int, Region],
    ) -> dict[int, NDArray[np.float32]]:
        """Return the log-odds of being inside an object, for pixels of regions.

        Parameters
        ----------
        features
            Of the tile, coarsest first.
        tile
            Where they lie.
        regions
            Of the plane, by object; what lies beyond the tile is as its nearest pixel.
        """
        found: dict[int, NDArray[np.float32]] = {}
        for window, ids in windows_around(regions):
            depth = self._depths(features, tile, window)
            for i in ids:
                part = regions[i].shifted(-window.top, -window.left)
                found[i] = self._clipped(depth[part.slices])
        return found

    def _depths(
        self, features: Sequence[FeatureMap], tile: Tile, window: Region
    ) -> NDArray[np.float32]:
        """Return how deep inside an object the pixels of a window are."""
        first, depth = 0, np.full(window.shape, self.bias, np.float32)
        for level in features:
            grid = _Grid(level, tile)
            rows, cols = grid.cells(window)
            part = np.asarray(level.array[:, rows, cols], np.float32)
            cells = np.tensordot(self.weights[first : first + len(part)], part, 1)
            start = grid.start_of(rows.start, cols.start)
            depth += upsample(cells, window.slices, grid.stride, start)
            first += len(part)
        return depth

    def _clipped(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-odds of depths, none where nothing is to be seen."""
        if depth.max() - depth.min() < _CONTRAST:
            return np.zeros(depth.shape, np.float32)
        return np.asarray(np.float32(self.gain) * depth.clip(-1, 1), np.float32)


def tile_features(
    image: PromptableImage, frame: int, tile: Tile
) -> list[FeatureMap] | None:
    """Return the features of a tile, or None of a backend without features."""
    backend = with_features(image.backend)
    if backend is None:
        return None
    found = backend.features(image.embedding(frame, tile))
    return [f._replace(array=np.asarray(f.array, np.float32)) for f in found]


def fit_target_model(
    image: PromptableImage, known: Mapping[int, Mapping[int, Mask]]
) -> TargetModel | None:
    """Fit the target model of a film.

    Parameters
    ----------
    image
        With a backend and embeddings.
    known
        Masks that are right, by frame, then by object.

    Returns
    -------
    TargetModel or None
        None if the backend has no features, or they say nothing of the objects.
    """
    if with_features(image.backend) is None:
        return None
    samples = [
        s for frame, masks in known.items() for s in _samples(image, frame, masks)
    ]
    samples = samples[:: max(1, -(-len(samples) // _OBJECTS))]
    return _fitted(samples) if samples else None


class _Samples(NamedTuple):
    """Pixels in and around one object: features, depths, and weights."""

    features: NDArray[np.float64]
    depths: NDArray[np.float64]
    weights: NDArray[np.float64]


class _Grid:
    """Where the cells of features of a tile lie on the plane."""

    def __init__(self, features: FeatureMap, tile: Tile) -> None:
        down, right = features.stride
        self.shape = features.array.shape[1:]
        self.stride = down * tile.scale, right * tile.scale
        self._start = tile.window.top * tile.scale, tile.window.left * tile.scale

    def start_of(self, row: int, col: int) -> tuple[float, float]:
        """Return where a cell starts on the plane."""
        (top, left), (down, right) = self._start, self.stride
        return top + row * down, left + col * right

    def at(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return where pixels of the plane lie, in cells ``(2, n)``."""
        pairs = zip((rows, cols), self._start, self.stride, strict=True)
        return np.stack([(at + 0.5 - start) / step - 0.5 for at, start, step in pairs])

    def cells(self, region: Region) -> tuple[slice, slice]:
        """Return the cells that pixels of a region are between, at least one."""
        corners = np.array([[region.top, region.bottom], [region.left, region.right]])
        first = np.floor(self.at(*corners[:, :1])).astype(int).ravel()
        last = np.ceil(self.at(*corners[:, 1:])).astype(int).ravel()
        rows, cols = (
            _between(int(low), int(high), n)
            for low, high, n in zip(first, last, self.shape, strict=True)
        )
        return rows, cols


def _between(low: int, high: int, count: int) -> slice:
    """Return what there is of cells from a first to a last one, at least one."""
    first = min(max(low, 0), count - 1)
    return slice(first, max(min(high + 1, count), first + 1))


def _samples(
    image: PromptableImage, frame: int, masks: Mapping[int, Mask]
) -> Iterable[_Samples]:
    features: dict[Tile, list[FeatureMap]] = {}
    for i, mask in sorted(masks.items()):
        tile = tile_of_mask(image, mask)
        if tile not in features:
            found = tile_features(image, frame, tile)
            assert found is not None
            features[tile] = found
        yield _of_object(features[tile], tile, i, masks, image.frames.plane_shape)


def _of_object(
    features: Sequence[FeatureMap],
    tile: Tile,
    i: int,
    masks: Mapping[int, Mask],
    plane: tuple[int, int],
) -> _Samples:
    """Sample pixels evenly, in and around an object; both count the same."""
    radius = float(np.sqrt(masks[i].area / np.pi))
    around = int(np.ceil(max(_NEAREST, _AROUND * radius)))
    region = masks[i].region.grown(around).intersection(tile.region(plane))
    own, depth = _depths(i, masks, region)
    rows, cols = np.nonzero(own > -around)
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), _PIXELS)).astype(int)
    rows, cols = rows[chosen], cols[chosen]
    depths = np.clip(depth[rows, cols] / max(_THINNEST, _BAND * radius), -1, 1)
    values = _sampled(features, tile, rows + region.top, cols + region.left)
    inside = float(np.mean(depths > 0)) if len(depths) else 0.0
    shares = (0.5 / inside, 0.5 / (1 - inside)) if 0 < inside < 1 else (1.0, 1.0)
    weights = np.where(depths > 0, *shares)
    return _Samples(values, depths.astype(np.float64), weights)


def _sampled(
    features: Sequence[FeatureMap],
    tile: Tile,
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return features ``(n, channels)`` at pixels of the plane."""
    values: list[NDArray[np.float32]] = []
    for level in features:
        at = _Grid(level, tile).at(rows, cols)
        values += [
            ndimage.map_coordinates(channel, at, order=1, mode="nearest")
            for channel in np.asarray(level.array)
        ]
    return np.asarray(np.stack(values).T, np.float64)


def _depths(
    i: int, masks: Mapping[int, Mask], region: Region
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return distances to the outline of an object, and to that of any, in a region."""
    own = signed_distance(masks[i].in_window(region))
    depth = own
    for j, other in masks.items():
        if j != i and min(other.region.intersection(region).shape) > 0:
            depth = np.maximum(depth, signed_distance(other.in_window(region)))
    return own, depth


def _fitted(samples: list[_Samples]) -> TargetModel | None:
    """Fit a model with the penalty that explains most of what is left out."""
    features, depths, weights = (np.concatenate(c) for c in zip(*samples, strict=True))
    mean, scale = features.mean(0), features.std(0) + 1e-6
    every = _Samples((features - mean) / scale, depths, weights)
    part = _parts(samples)
    explained = {p: _explained(every, part, p) for p in _PENALTIES}
    best = max(explained, key=lambda penalty: explained[penalty])
    gain = _GAIN * min(1.0, max(0.0, explained[best]) / _EXPLAINED)
    if not gain:
        return None
    own, bias = _ridge(*every, best)
    own = own / scale
    return TargetModel(own.astype(np.float32), float(bias - mean @ own), gain)


def _explained(every: _Samples, part: NDArray[np.intp], penalty: float) -> float:
    """Return the share of the variance that is explained of parts left out in turn."""
    terms, depths, weights = every
    middle = float(np.average(depths, weights=weights))
    spread = float((weights * (depths - middle) ** 2).sum())
    left = 0.0
    for n in range(_PARTS):
        out = part == n
        own, bias = _ridge(terms[~out], depths[~out], weights[~out], penalty)
        left += float((weights * (depths - terms @ own - bias) ** 2)[out].sum())
    return 1 - left / spread if spread else 0.0


def _parts(samples: list[_Samples]) -> NDArray[np.intp]:
    """Return which part each pixel is in: whole objects, or bands of a few."""
    sizes = [len(s.depths) for s in samples]
    if len(samples) >= _PARTS:
        return np.repeat(np.arange(len(samples)) % _PARTS, sizes)
    total = sum(sizes)
    return np.asarray(np.arange(total) * _PARTS // max(total, 1), np.intp)


def _ridge(
    terms: NDArray[np.float64],
    depths: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float,
) -> tuple[NDArray[np.float64], float]:
    """Return the weights and the bias of a ridge regression."""
    total = max(float(weights.sum()), 1e-9)
    middle, mean = weights @ terms / total, float(weights @ depths) / total
    away = terms - middle
    normal = (away * weights[:, None]).T @ away
    normal += penalty * total * np.eye(terms.shape[1])
    own = np.linalg.solve(normal, (away * weights[:, None]).T @ (depths - mean))
    return np.asarray(own, np.float64), mean - float(middle @ own)
