"""The address of an object: its frame and its id."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.core.errors import PromptError

#: The largest number that labels of uint32 can have.
_LARGEST_ID = 2**32 - 1


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """The address of an object: which one, in which frame.

    `frame` counts from 0, `object_id` from 1, since 0 is the background of labels.
    """

    frame: int
    object_id: int

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise PromptError(f"frame={self.frame}: frames are counted from 0.")
        if not 1 <= self.object_id <= _LARGEST_ID:
            raise PromptError(
                f"object={self.object_id}: a label is a number from 1 to {_LARGEST_ID}."
            )
