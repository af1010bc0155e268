"""The linear assignment problem: which of many candidate pairs are chosen together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

if TYPE_CHECKING:
    from numpy.typing import NDArray


def assign(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    costs: NDArray[np.float64],
    limit: float,
) -> NDArray[np.intp]:
    """Choose pairs of the least total cost, each row and each column at most once.

    What is in no pair costs `limit`, so that a pair that costs more is never chosen.
    Solved by the sparse Jonker-Volgenant algorithm of SciPy: each row has a column of
    its own besides, which stands for having no partner.

    Parameters
    ----------
    rows, columns, costs
        Candidate pairs, each at most once; costs from 0.
    limit
        Cost of a row without partner.

    Returns
    -------
    array
        Positions of the chosen candidates, ascending.
    """
    good = np.flatnonzero(costs < limit)
    if not len(good):
        return good
    own, row = np.unique(rows[good], return_inverse=True)
    others, column = np.unique(columns[good], return_inverse=True)
    alone = np.arange(len(own))
    graph = coo_array(
        (
            1 + np.concatenate([costs[good], np.full(len(own), limit)]),
            (
                np.concatenate([row, alone]),
                np.concatenate([column, len(others) + alone]),
            ),
        ),
        shape=(len(own), len(others) + len(own)),
    ).tocsr()
    _, chosen = min_weight_full_bipartite_matching(graph)
    return np.asarray(good[chosen[row] == column])
