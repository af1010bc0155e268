"""How the image is shown on the screen: channels, contrast, gamma; never to a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_sam.image.fitting import default_channels
from napari_sam.image.screen_pixels import screen_appearance

if TYPE_CHECKING:
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a person chose: channels, and how far the limits are moved.

    Attributes
    ----------
    channels
        Those that are shown, or None for the usual ones.
    low, high
        Black and white as shares of the limits that were fitted, 0 and 1 as they are.
    gamma
        Below 1 brightens what is dark.
    """

    channels: tuple[int, ...] | None = None
    low: float = 0.0
    high: float = 1.0
    gamma: float = 1.0


class Screen:
    """The appearance of an image on the screen; fitted when it is first needed.

    Attributes
    ----------
    contrast
        What the person chose.
    version
        Another number whenever tiles look different.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.contrast = Contrast(default_channels(frames))
        self.version = 0
        self._fitted: dict[tuple[int, ...] | None, Appearance] = {}

    @property
    def appearance(self) -> Appearance:
        """How tiles are rendered now. Slow at first: pixels are sampled."""
        chosen = self.contrast
        fitted = self._fitted.get(chosen.channels)
        if fitted is None:
            fitted = screen_appearance(self._frames, chosen.channels)
            self._fitted[chosen.channels] = fitted
        moved = tuple(
            (low + (high - low) * chosen.low, low + (high - low) * chosen.high)
            for low, high in fitted.limits or ((0.0, 255.0),)
        )
        return replace(fitted, limits=moved, gamma=chosen.gamma)

    def choose(self, contrast: Contrast) -> None:
        """Show the image otherwise from now on."""
        if contrast != self.contrast:
            self.contrast = contrast
            self.version += 1

    def forget(self) -> None:
        """Fit anew: the pixels are others."""
        self._fitted.clear()
        self.version += 1

    def describe(self) -> JsonDict:
        """Return what was chosen, as a message has it."""
        chosen = self.contrast
        return {
            "channels": None if chosen.channels is None else list(chosen.channels),
            "low": chosen.low,
            "high": chosen.high,
            "gamma": chosen.gamma,
        }
