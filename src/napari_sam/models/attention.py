"""Attention with decomposed relative positions, exactly, in three ways.

Appendix A of "Segment Anything" takes from Li et al. 2022 ("MViTv2") the score of a
query at (i, j) for a key at (k, l):

    scale * q . k  +  q . R_h[i - k]  +  q . R_w[j - l]

All functions here compute softmax(score) v. They differ in what they hold in memory:

* `attend_plain` says it as above and builds every score at once;
* `attend_in_chunks` handles one head and a few rows of queries at a time, so that the
  scores stay in the processor's cache: for CPUs without gradients;
* `attend_folded` appends the position terms to queries and keys, so that one fused
  kernel does it all: for GPUs, and for training.

Shapes: N windows (or images), A heads, H W rows and columns, L = H W tokens,
D width of a head.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

#: Rows of scores computed at once: with 4096 keys, 4 MB that stay in the cache.
CHUNK = 256


class RelativePositions(NamedTuple):
    """Position embeddings for every pair of rows, and for every pair of columns."""

    rows_HHD: Tensor
    columns_WWD: Tensor


@lru_cache(maxsize=32)
def _offsets(n: int, device: torch.device) -> Tensor:
    """Index of the offset of query i from key j among the 2n - 1 there are."""
    at = torch.arange(n, device=device)
    return at[:, None] - at[None, :] + n - 1


def gather_positions(rel_pos_h: Tensor, rel_pos_w: Tensor) -> RelativePositions:
    """Look up the embedding of every pair, from tables of 2n - 1 offsets."""
    h, w = ((len(table) + 1) // 2 for table in (rel_pos_h, rel_pos_w))
    with torch.inference_mode(False):  # a cached inference tensor would bar training
        rows, columns = _offsets(h, rel_pos_h.device), _offsets(w, rel_pos_w.device)
    return RelativePositions(rel_pos_h[rows], rel_pos_w[columns])


def position_scores(q_NALD: Tensor, at: RelativePositions) -> tuple[Tensor, Tensor]:
    """Scores of each query for each row (N, A, H, W, H) and column (N, A, H, W, W)."""
    n, a, _, d = q_NALD.shape
    q_NAHWD = q_NALD.reshape(n, a, len(at.rows_HHD), len(at.columns_WWD), d)
    rows = torch.einsum("nahwd,hkd->nahwk", q_NAHWD, at.rows_HHD)
    columns = torch.einsum("nahwd,wkd->nahwk", q_NAHWD, at.columns_WWD)
    return rows.contiguous(), columns.contiguous()


def attend_plain(q: Tensor, k: Tensor, v: Tensor, at: RelativePositions) -> Tensor:
    """Attend with all scores at once; q, k, v are NALD, the result is NLAD.

    The position terms are written first and the products of queries and keys are
    accumulated on top, which saves a pass over the scores.
    """
    n, a, length, d = q.shape
    rows, columns = position_scores(q, at)
    indices = rows[..., :, None] + columns[..., None, :]
    q, k, v = (x.reshape(n * a, length, d) for x in (q * d**-0.5, k, v))
    indices = indices.view(n * a, length, length)
    scores = torch.baddbmm(indices, q, k.transpose(1, 2))
    y = torch.bmm(scores.softmax(-1), v)
    return y.view(n, a, length, d).transpose(1, 2)


def attend_in_chunks(
    q: Tensor, k: Tensor, v: Tensor, at: RelativePositions, chunk: int = CHUNK
) -> Tensor:
    """Attend a few rows of queries of one head at a time; as `attend_plain`."""
    n, a, length, d = q.shape
    out_NLAD = q.new_empty(n, length, a, d)
    block = q.new_empty(min(chunk, length), len(at.rows_HHD), len(at.columns_WWD))
    for i in range(n):
        for j in range(a):
            _attend_one_head(q[i, j], k[i, j], v[i, j], at, block, out_NLAD[i, :, j])
    return out_NLAD


def _attend_one_head(
    q: Tensor, k: Tensor, v: Tensor, at: RelativePositions, block: Tensor, out: Tensor
) -> None:
    """Fill `out` from q, k and v (all LD), computing scores in `block`."""
    length, d = q.shape
    q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
    rows, columns = (x.reshape(length, -1) for x in position_scores(q[None, None], at))
    q = q * d**-0.5
    for start in range(0, length, len(block)):
        part = slice(start, min(start + len(block), length))
        indices = block[: part.stop - start]
        torch.add(rows[part, :, None], columns[part, None, :], out=indices)
        scores = indices.view(-1, length).addmm_(q[part], k.t())
        torch.mm(scores.softmax(-1), v, out=out[part])


def fold_positions(
    q: Tensor, k: Tensor, at: RelativePositions
) -> tuple[Tensor, Tensor]:
    """Return queries and keys whose plain products are the scores with positions.

    A query grows by its scores for every row and column; a key by a one in the place
    of its own row and column.
    """
    n, a, length, d = q.shape
    h, w = len(at.rows_HHD), len(at.columns_WWD)
    rows, columns = (x.reshape(n, a, length, -1) for x in position_scores(q, at))
    eye_h = torch.eye(h, dtype=k.dtype, device=k.device)[:, None].expand(h, w, h)
    eye_w = torch.eye(w, dtype=k.dtype, device=k.device)[None].expand(h, w, w)
    where = torch.cat([eye_h, eye_w], -1).reshape(length, h + w).expand(n, a, -1, -1)
    return torch.cat([q * d**-0.5, rows, columns], -1), torch.cat([k, where], -1)


def attend_folded(q: Tensor, k: Tensor, v: Tensor, at: RelativePositions) -> Tensor:
    """Attend by one fused kernel; shapes as `attend_plain`."""
    d = v.shape[-1]
    q, k = fold_positions(q, k, at)
    if v.device.type == "cpu":  # its fused kernel wants equal widths
        v = F.pad(v, (0, q.shape[-1] - d))
    y_NALD = F.scaled_dot_product_attention(q, k, v, scale=1.0)[..., :d]
    return y_NALD.transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, at: RelativePositions) -> Tensor:
    """Attend in the way that suits the device, the size, and whether one trains."""
    if q.device.type != "cpu":
        return attend_folded(q, k, v, at)
    if q.shape[-2] <= CHUNK:
        return attend_plain(q, k, v, at)
    return (attend_folded if q.requires_grad else attend_in_chunks)(q, k, v, at)
