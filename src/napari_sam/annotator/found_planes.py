"""What was found in the planes of an image, and what of it would be accepted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from napari_sam.annotator.drawn_shapes import pixels_along
from napari_sam.annotator.found_masks import Limits
from napari_sam.automatic import AutomaticMasks, number_masks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_sam.automatic import AutomaticMask, Examples
    from napari_sam.core.address import Address
    from napari_sam.core.mask import Mask

#: A mask, and the plane that it is in.
Place: TypeAlias = "tuple[int, Mask]"


class FoundInPlane(Protocol):
    """What was found in one plane, whichever way."""

    @property
    def frame(self) -> int:
        """The plane."""

    def __len__(self) -> int:
        """Return how many there are, before they are filtered."""

    def filtered(self, limits: Limits) -> AutomaticMasks:
        """Return the masks that stay, and that are not objects already."""

    def word_of(self, mask: Mask) -> str:
        """Return the word that a mask was found by; ``""`` for none."""

    def replaced(
        self, old: Sequence[AutomaticMask], new: Sequence[Mask]
    ) -> FoundInPlane:
        """Put masks that a person made in place of others."""


class NumberedMask(NamedTuple):
    """A mask that is to be committed.

    Attributes
    ----------
    at
        Its plane and number.
    mask
        Its pixels.
    word
        The word that it was found by, which is its class; ``""`` for none.
    score
        How sure that is.
    """

    at: Address
    mask: Mask
    word: str
    score: float


class FoundPlanes:
    """What was found, plane by plane, and what of it a person sees.

    Attributes
    ----------
    limits
        Which of the masks are shown.
    rejected
        Masks that the person does not want, each with its plane.
    found_by
        Which models found what is shown, where words did; else empty.
    """

    def __init__(self) -> None:
        self._found: dict[int, FoundInPlane] = {}
        self._stay: dict[int, AutomaticMasks] = {}
        self.limits = Limits()
        self.rejected: set[Place] = set()
        self.found_by = ""

    @property
    def frames(self) -> tuple[int, ...]:
        """The planes that were searched."""
        return tuple(self._found)

    @property
    def count(self) -> int:
        """How many masks of all planes would be accepted."""
        return sum(1 for frame in self._stay for _ in self.accepted(frame))

    @property
    def total(self) -> int:
        """Number of masks before they are filtered."""
        return sum(map(len, self._found.values()))

    @property
    def summary(self) -> str:
        """The number of masks that were found, as a sentence."""
        count, total = self.count, self.total
        if total and not count:
            return f"{total} masks found, but none passes the filters."
        return f"{count} object{'s' * (count != 1)} found."

    def show(
        self, planes: Sequence[FoundInPlane], *, examples: Examples | None = None
    ) -> None:
        """Show other masks in place of those that were found before."""
        self._found = {one.frame: one for one in planes}
        self.filter(replace(self.limits, examples=examples))

    def filter(self, limits: Limits) -> None:
        """Show the masks that stay within other limits."""
        self.limits = limits
        self._stay = {k: found.filtered(limits) for k, found in self._found.items()}

    def clear(self) -> None:
        """Drop all masks and examples; the other limits stay."""
        self._found, self._stay, self.found_by = {}, {}, ""
        self.limits = replace(self.limits, examples=None)
        self.rejected.clear()

    def accepted(self, frame: int) -> Iterator[AutomaticMask]:
        """Yield the masks of a plane that would be accepted."""
        for one in self._stay[frame].masks:
            if (frame, one.mask) not in self.rejected:
                yield one

    def word_of(self, frame: int, mask: Mask) -> str:
        """Return the word that a mask was found by; ``""`` for none."""
        return self._found[frame].word_of(mask)

    def word_counts(self) -> dict[str, int]:
        """Return how many masks would be accepted by the word that found them."""
        return dict(
            Counter(
                self.word_of(frame, one.mask)
                for frame in self._stay
                for one in self.accepted(frame)
            )
        )

    def toggle(self, frame: int, row: float, col: float) -> bool:
        """Reject the smallest mask at a position, or take it again; False for none."""
        under = [m.mask for m in self._stay[frame].masks if m.mask.contains(row, col)]
        if under:
            self.rejected ^= {(frame, min(under, key=lambda mask: mask.area))}
        return bool(under)

    def under(
        self, frame: int, path: Sequence[tuple[float, float]]
    ) -> list[AutomaticMask]:
        """Return the masks that a line runs through, the longest way first."""
        pixels = list(pixels_along(path))
        ways = [
            (sum(one.mask.contains(row, col) for row, col in pixels), one)
            for one in self.accepted(frame)
        ]
        return [one for way, one in sorted(ways, key=lambda pair: -pair[0]) if way]

    def replace(
        self, frame: int, old: Sequence[AutomaticMask], new: Sequence[Mask]
    ) -> None:
        """Put masks that a person made in place of others of a plane."""
        self._found[frame] = self._found[frame].replaced(old, new)
        self.filter(self.limits)

    def numbered(self, first: int) -> Iterator[NumberedMask]:
        """Yield what is to be committed, plane by plane, numbered from `first`.

        What is there keeps its pixels, and so do smaller masks: they come first.
        """
        for frame, stay in self._stay.items():
            chosen = AutomaticMasks(tuple(self.accepted(frame)), stay.plane_shape)
            numbered = number_masks(chosen, frame=frame, first=first)
            first += len(numbered)
            for at, one in reversed(numbered.items()):
                word = self.word_of(frame, one.mask)
                yield NumberedMask(at, one.mask, word, one.score)
