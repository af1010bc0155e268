"""What may happen to other objects where a new mask lies on them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from napari_sam.core.errors import PromptError

#: Pixels of other objects stay theirs, or go to the new mask.
Overlap: TypeAlias = Literal["keep", "overwrite"]

OVERLAPS: tuple[Overlap, ...] = ("keep", "overwrite")


def check_overlap(overlap: str) -> None:
    """Refuse a word that is no `Overlap`.

    Raises
    ------
    PromptError
        If it is none.
    """
    if overlap not in OVERLAPS:
        raise PromptError(f"overlap={overlap!r}: expected one of {OVERLAPS}.")
