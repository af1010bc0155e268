"""Settings of appearance, tiling and embedding of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.errors import AxesError, ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.settings import check, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend


@dataclass(frozen=True, slots=True)
class AppearanceSettings:
    """Settings of the appearance: how pixels are rendered for the model."""

    channels: tuple[int | str, ...] | None = setting(
        None, label="Channels", tip="Channels to show to the model, from 0, or by name."
    )
    index: tuple[int | str, int | str] | None = setting(
        None,
        label="Index",
        tip="Show (A - B) / (A + B) of two channels, e.g. NDVI.",
    )
    limits: tuple[float, ...] | None = setting(
        None,
        label="Limits",
        tip="What is black and what is white, for all channels or each.",
    )
    percentiles: tuple[float, float] | None = setting(
        None, label="Percentiles", tip="Percentiles of the pixels as limits."
    )
    gamma: float | None = setting(
        None, label="Gamma", tip="Below 1 brightens what is dark.", step=0.1
    )

    def __post_init__(self) -> None:
        check(self)
        cut = self.percentiles
        if cut and not 0 <= cut[0] < cut[1] <= 100:
            raise ImageError(f"percentiles={cut}: expected e.g. 1,99.")
        if self.limits and cut:
            raise ImageError("Give either limits or percentiles, not both.")

    def fit(
        self, frames: Frames, backend: Backend | None, names: Sequence[str] = ()
    ) -> Appearance:
        """Fit an appearance to an image, for a model, with what is set.

        `names` are those of the image's channels, where it has any. Without a model,
        limits are those of a picture for people.
        """
        limits, pair = self.limits, self.index
        percentiles = backend_spec(backend).percentiles if backend else None
        return Appearance.fit(
            frames,
            channels=_numbers(self.channels, names) if self.channels else None,
            index=(_number(pair[0], names), _number(pair[1], names)) if pair else None,
            limits=list(zip(limits[::2], limits[1::2], strict=True))
            if limits
            else None,
            percentiles=self.percentiles or percentiles,
            gamma=1.0 if self.gamma is None else self.gamma,
        )


def _numbers(channels: Sequence[int | str], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(_number(channel, names) for channel in channels)


def _number(channel: int | str, names: Sequence[str]) -> int:
    """Return the number of a channel by its name, whatever its capitals."""
    if isinstance(channel, int):
        return channel
    lower = [name.lower() for name in names]
    if lower.count(channel.lower()) != 1:
        there = ", ".join(names) or "no names"
        raise AxesError(
            f"There is no one channel called {channel!r}: the channels of the image "
            f"have {there}. Give its number, counted from 0."
        )
    return lower.index(channel.lower())


@dataclass(frozen=True, slots=True)
class TilingSettings:
    """Settings of the tiling: how planes are cut into tiles."""

    tile: int | None = setting(
        None,
        label="Tile",
        tip="Pixels from one tile to the next; 0 never cuts.",
        unit="px",
        minimum=0,
        automatic="as the model sees best",
    )
    halo: int | None = setting(
        None,
        label="Halo",
        tip="Pixels that a tile sees beyond that, on each side.",
        unit="px",
        minimum=0,
        automatic="a sixth",
    )

    def __post_init__(self) -> None:
        check(self)
        if not self.tile and self.halo is not None:
            raise ImageError("A halo goes with a tile: give both, or neither.")

    @property
    def tiling(self) -> Tiling | None:
        """The tiling; None leaves it to the model."""
        if self.tile is None:
            return None
        if self.tile == 0:
            return Tiling()
        halo = self.tile // 6 if self.halo is None else self.halo
        return Tiling((self.tile, self.tile), (halo, halo))


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """Settings of embedding ahead of time: which tiles."""

    region: tuple[int, int, int, int] | None = setting(
        None,
        label="Region",
        tip="Only tiles that answer for a part of this.",
        unit="px",
    )
    frames: tuple[int, int] | None = setting(
        None, label="Frames", tip="Only these frames, counted from 0."
    )
    background: float | None = setting(
        None,
        label="Background",
        tip="Skip tiles in which no pixel is above this.",
        automatic="none is skipped",
    )
    batch: int | None = setting(
        None,
        label="Batch",
        tip="Tiles that the model encodes at once.",
        minimum=1,
        automatic="as its device takes",
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def window(self) -> Region | None:
        """The region, where only a part of a plane is embedded."""
        return None if self.region is None else Region(*self.region)

    @property
    def frame_range(self) -> range | None:
        """The frames, from the first to the last, both included."""
        return (
            None if self.frames is None else range(self.frames[0], self.frames[1] + 1)
        )
