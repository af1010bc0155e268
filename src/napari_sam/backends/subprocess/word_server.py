"""Models of words in the process of a model."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from napari_sam.core.errors import ModelError
from napari_sam.core.images.concepts import (
    SupportsConcepts,
    SupportsExamples,
    SupportsMatching,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What can be asked of models of words.
_METHODS = ("find_concepts", "find_by_examples", "match_words")


class WordServer:
    """The model of words that was used last, opened from its folder.

    Parameters
    ----------
    load
        Opens a folder; None where no words are served.
    """

    def __init__(self, load: Callable[[Path], object] | None) -> None:
        self._load, self._lock = load, threading.Lock()
        self._folder: Path | None = None
        self._opened: object = None

    def model(self, folder: Path) -> object:
        """Return the model of a folder, opened unless it is already.

        Raises
        ------
        ModelError
            If no words are served here.
        """
        with self._lock:
            if self._load is None:
                raise ModelError("This process opens no models of words.")
            if self._folder != folder:
                # The other one is gone before this one needs its memory.
                self._opened, self._folder = None, None
                self._opened, self._folder = self._load(folder), folder
            return self._opened


def kind_of(model: object) -> str:
    """Return what a model can do about words; empty if nothing."""
    if isinstance(model, SupportsMatching):
        return "matching"
    if isinstance(model, SupportsExamples):
        return "examples"
    return "concepts" if isinstance(model, SupportsConcepts) else ""


def name_of(model: object) -> str:
    """Return what a model of words is called; empty if it knows none."""
    if isinstance(model, SupportsConcepts | SupportsMatching):
        return model.concept_model
    return ""


def call_method(model: object, method: str, arguments: list[object]) -> object:
    """Call a method of a model of words.

    Raises
    ------
    ModelError
        If it has no such method.
    """
    if method not in _METHODS or not hasattr(model, method):
        raise ModelError(f"This model of words has no {method}.")
    return getattr(model, method)(*arguments)
