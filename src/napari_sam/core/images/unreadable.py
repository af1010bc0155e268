"""Pixels that cannot be read, whatever library was reading them."""

from __future__ import annotations

from napari_sam.core.errors import (
    MissingPackageError,
    NapariSamError,
    NotAnImageError,
)


def unreadable(wrong: Exception, frame: int) -> NapariSamError:
    """Return an error for pixels that could not be read, in one sentence."""
    reason = " ".join(str(wrong).split())[:200]
    reason = f"{type(wrong).__name__}: {reason}" if reason else type(wrong).__name__
    if "imagecodecs" in reason:
        return MissingPackageError(
            f"The pixels of frame {frame} need imagecodecs: pip install imagecodecs "
            f"({reason})"
        )
    return NotAnImageError(
        f"The pixels of frame {frame} cannot be read: {reason}. Is a part of the image "
        "damaged, or out of reach?"
    )
