"""Only for automatic masks of the reference, which no test asks for."""

from __future__ import annotations


def batched_nms(*_: object) -> None:
    raise NotImplementedError


def box_area(*_: object) -> None:
    raise NotImplementedError
