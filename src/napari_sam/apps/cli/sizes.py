"""Bytes and times as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def as_bytes(text: str) -> int:
    """Read a number of bytes, such as ``10GB``."""
    return int(_amount(text, _BYTES, "10GB"))


def as_seconds(text: str) -> float:
    """Read a time in seconds, such as ``30d``."""
    return _amount(text, _SECONDS, "30d")


def text_of_bytes(n: float) -> str:
    """Return a number of bytes as text, such as ``34.2 MB``."""
    for unit, size in reversed(_BYTES.items()):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return "0 B"


def _amount(text: str, units: Mapping[str, int], example: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]+)", text.strip())
    known = {unit.lower(): n for unit, n in units.items()}
    if match is None or match[2].lower() not in known:
        raise click.BadParameter(
            f"{text!r}: expected a number and one of {', '.join(units)}, such as "
            f"{example}."
        )
    return float(match[1]) * known[match[2].lower()]
