"""Bodies: large objects that move as one, outline and inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Radius in pixels from which an object shows its own motion well enough.
LEAST_RADIUS = 16.0
#: Share of its radius that what lies deep inside may move away from a body's motion: up
#: to the first an object is a body, from the second on it is none.
_STIFF, _SOFT = 0.015, 0.03
#: Pixels that flow is off anyway.
_NOISE = 1.0
#: Rounds of the robust fit.
_ROUNDS = 4


def flow_of_body(
    vectors: NDArray[np.float32], depth: NDArray[np.float32], radius: float
) -> NDArray[np.float32]:
    """Return a flow that is that of a body as far as the object moves like one.

    What comes to light behind an object that moves looks like nothing on the frame
    before, and flow there leads into the object: a warped mask would grow a trail,
    which then stays with the background. The inside of a body tells better where its
    outline is: one affine motion, fitted to it robustly. Cells that change their shape
    keep the flow as it is.

    Parameters
    ----------
    vectors
        Backward flow ``(2, rows, cols)`` in pixels.
    depth
        ``(rows, cols)``: distance to the outline of the mask that this flow warps, in
        pixels, positive inside.
    radius
        Of the object, in pixels.

    Returns
    -------
    NDArray
        Flow of the same shape.
    """
    inside = depth > 0
    if radius < LEAST_RADIUS or not inside.any():
        return vectors
    at = _terms(depth.shape, radius)
    terms, weights = at[:, inside].T, depth[inside]
    motion, away = _fitted(terms, vectors[:, inside].T, weights)
    deep = weights >= np.median(weights)
    softness = float(np.median(away[deep])) / radius
    share = float(np.interp(softness, (_STIFF, _SOFT), (1.0, 0.0)))
    if not share:
        return vectors
    body = np.tensordot(motion.T, at, 1)
    return np.asarray(vectors + share * (body - vectors), np.float32)


def _terms(shape: tuple[int, ...], radius: float) -> NDArray[np.float64]:
    """Return what an affine motion is linear in, ``(3, rows, cols)``."""
    rows, cols = np.indices(shape) / radius
    return np.stack([np.ones(shape), rows - rows.mean(), cols - cols.mean()])


def _fitted(
    terms: NDArray[np.float64],
    vectors: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit an affine motion; return it, and how far each vector is away from it."""
    own = weights
    for _ in range(_ROUNDS):
        normal = terms.T @ (terms * own[:, None])
        normal += 1e-6 * own.sum() * np.eye(3)
        motion = np.linalg.solve(normal, terms.T @ (vectors * own[:, None]))
        away = np.hypot(*(vectors - terms @ motion).T)
        own = weights / (1 + (away / max(_NOISE, float(np.median(away)))) ** 2)
    return np.asarray(motion, np.float64), np.asarray(away, np.float64)
