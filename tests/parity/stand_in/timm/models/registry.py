from __future__ import annotations

from typing import TypeVar

F = TypeVar("F")


def register_model(function: F) -> F:
    return function
