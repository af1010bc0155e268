"""What motion is found by: pictures and features of tiles, some of them cached."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.backend_spec import with_features
from napari_sam.tracking.motion.drift import Spectrum, spectrum
from napari_sam.tracking.motion.feature_flow import MatchingMap

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.protocols import FeatureMap
    from napari_sam.image import PromptableImage

T = TypeVar("T")
#: Tiles of which pictures and features are cached: those of some frames.
_CACHED = 8


class TileViews:
    """Grey pictures and features of the tiles of an image.

    Parameters
    ----------
    image
        The frames, with their model and embeddings.
    """

    def __init__(self, image: PromptableImage) -> None:
        self._image = image
        self._grey: OrderedDict[object, NDArray[np.float32]] = OrderedDict()
        self._spectra: OrderedDict[object, Spectrum] = OrderedDict()
        self._features: OrderedDict[object, list[FeatureMap]] = OrderedDict()
        self._matching: OrderedDict[object, list[MatchingMap]] = OrderedDict()

    @property
    def has_features(self) -> bool:
        """Whether the backend has features to match."""
        return with_features(self._image.backend) is not None

    def grey(self, frame: int, tile: Tile) -> NDArray[np.float32]:
        """Return a tile as a grey picture from 0 to 1, without its padding."""

        def make() -> NDArray[np.float32]:
            return self._image.appearance.grey(self._image.read_tile(frame, tile))

        return _cached(self._grey, (frame, tile), make)

    def spectrum(self, frame: int, tile: Tile) -> Spectrum:
        """Return the spectrum of the grey picture of a tile."""

        def make() -> Spectrum:
            return spectrum(self.grey(frame, tile))

        return _cached(self._spectra, (frame, tile), make)

    def features(self, frame: int, tile: Tile) -> list[FeatureMap]:
        """Return the features of a tile, coarsest first; read once for all uses."""
        backend = with_features(self._image.backend)
        assert backend is not None

        def make() -> list[FeatureMap]:
            return list(backend.features(self._image.embedding(frame, tile)))

        return _cached(self._features, (frame, tile), make)

    def matching(self, frame: int, tile: Tile) -> list[MatchingMap]:
        """Return the features of a tile as they are matched, coarsest first."""

        def make() -> list[MatchingMap]:
            return [MatchingMap(f) for f in self.features(frame, tile)]

        return _cached(self._matching, (frame, tile), make)


def _cached(known: OrderedDict[object, T], key: object, make: Callable[[], T]) -> T:
    if key not in known:
        known[key] = make()
        while len(known) > _CACHED:
            known.popitem(last=False)
    known.move_to_end(key)
    return known[key]
