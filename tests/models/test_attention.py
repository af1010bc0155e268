"""Every way to attend is the same function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from napari_sam.models.attention import (
    attend_folded,
    attend_in_chunks,
    attend_plain,
    gather_positions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def literal(q: Tensor, k: Tensor, v: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """The formula, place by place."""
    n, a, length, d = q.shape
    h, w = ((len(table) + 1) // 2 for table in tables)
    scores = q.new_empty(n, a, length, length)
    for i in range(length):
        for j in range(length):
            rows, columns = i // w - j // w + h - 1, i % w - j % w + w - 1
            place = tables[0][rows] + tables[1][columns]
            scores[..., i, j] = (q[..., i, :] * (k[..., j, :] * d**-0.5 + place)).sum(
                -1
            )
    return (scores.softmax(-1) @ v).transpose(1, 2)


@pytest.mark.parametrize("way", [attend_plain, attend_in_chunks, attend_folded])
@pytest.mark.parametrize(("h", "w"), [(4, 4), (3, 5), (1, 7)])
def test_attention_is_the_formula_of_the_paper(
    way: Callable[..., Tensor], h: int, w: int
) -> None:
    generator = torch.Generator().manual_seed(h)
    q, k, v = torch.randn(3, 2, 3, h * w, 8, generator=generator)
    tables = tuple(torch.randn(2 * n - 1, 8, generator=generator) for n in (h, w))
    answer = way(q, k, v, gather_positions(*tables))
    torch.testing.assert_close(answer, literal(q, k, v, tables), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 100, 1000])
def test_the_size_of_chunks_changes_nothing(chunk: int) -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 1, 2, 100, 16, generator=generator)
    at = gather_positions(*torch.randn(2, 19, 16, generator=generator))
    torch.testing.assert_close(
        attend_in_chunks(q, k, v, at, chunk), attend_plain(q, k, v, at)
    )


def test_folding_is_exact_where_chunks_are_used() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 1, 1, 32 * 32, 64, generator=generator)
    at = gather_positions(*torch.randn(2, 63, 64, generator=generator) * 0.1)
    torch.testing.assert_close(
        attend_folded(q, k, v, at),
        attend_in_chunks(q, k, v, at),
        atol=1e-5,
        rtol=0,
    )
