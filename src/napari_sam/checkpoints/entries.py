"""Entries of the catalogue: a checkpoint, its files and its preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The kinds of hash that a file may be known by.
HASHES = ("sha256", "md5", "xxh128")


@dataclass(frozen=True, slots=True)
class Download:
    """A file, where it is published, and how to know that it is the right one.

    Attributes
    ----------
    file
        Its name in the folder of models.
    url
        Where it is published; empty for a model of one's own.
    hash
        ``kind:hexadecimal digits``; the kinds are `HASHES`.
    size
        Bytes, where that is known exactly.
    """

    file: str
    url: str
    hash: str
    size: int | None = None

    @property
    def hash_kind(self) -> str:
        """Which of `HASHES`."""
        return self.hash.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Preprocessing of pixels as a model was trained with it.

    Attributes
    ----------
    fit
        ``pad``: the longer side fills the square; ``stretch``: both sides do.
    values
        ``normalised``: by mean and spread of photographs; ``unit``: 0 to 1.
    percentiles
        Of the pixels: the limits of contrast. None leaves them to `Appearance.fit`.
    """

    fit: Literal["pad", "stretch"] = "pad"
    values: Literal["normalised", "unit"] = "normalised"
    percentiles: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be opened by its name.

    Attributes
    ----------
    name
        What ``--model`` takes.
    architecture
        ``pocket``, ``vit_t``, ``vit_b``, ``vit_l``, ``vit_h``, ``sam`` for other
        sizes; ``sam2.1_t``, ``sam2_t`` and so on; or None where only the file knows.
    good_for
        One short line.
    weights
        None for what is in the package.
    decoder
        A second file, for segmenting everything at once.
    preprocessing
        What it was trained with.
    licence
        Of the weights.
    data
        What it learnt from, and the licence of that where it is known.
    citations
        The papers to cite.
    note
        What else to know.
    own
        Whether it was added on this machine.
    files
        Of a model of words, what belongs to its weights: they are all in one folder.
    """

    name: str
    architecture: str | None
    good_for: str
    weights: Download | None = None
    decoder: Download | None = None
    preprocessing: Preprocessing = Preprocessing()
    licence: str = "not stated"
    data: str = "not stated"
    citations: tuple[str, ...] = ()
    note: str = ""
    own: bool = False
    files: tuple[Download, ...] = ()

    @property
    def downloads(self) -> tuple[Download, ...]:
        """Its files, the weights first; none for what is in the package."""
        with_decoder = (d for d in (self.weights, self.decoder) if d is not None)
        return (*with_decoder, *self.files)

    @property
    def needed(self) -> tuple[Download, ...]:
        """Those of its files without which it does not open."""
        return (() if self.weights is None else (self.weights,)) + self.files
