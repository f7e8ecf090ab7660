"""Weights on the simplex: the average of donors that comes nearest to a unit, exactly, and the flattest such average.

Every problem is first moved and scaled: the columns of C are the donors minus the unit, in units of the nearest donor's
distance, so that C w is the distance left. Non-negative least squares (``scipy.optimize.nnls``) does the work:

* the nearest average: for x = t w with w on the simplex, ||C x||^2 + (1'x - 1)^2 is least over t at d^2 / (1 + d^2),
  d = ||C w||, which rises with d: so x / sum(x) is the nearest point of the hull (Wolfe 1976), with no penalty to
  choose. A ridge is further rows of C;
* the flattest of several that are as near: least distance programming (Lawson & Hanson 1974, ch. 23), where Newton's
  method on the dual, which has as few unknowns as there are years, does not settle;
* a ridge that is not small: the same dual, for many problems at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from papi_analysis.arrays import Bools, Floats
from papi_analysis.errors import SpecError

#: Distances are in units of the nearest donor's. Below this a unit is matched exactly.
EXACT = 1e-7

#: How far rounding may move the point that weights reach, in the same units, and as a share of the longest way.
REACHED, ROUNDING = 1e-9, 1e-13

#: Ridge, in squared units of that distance, below which the dual loses digits.
SMALL_RIDGE = 1e-3

#: Rounds of Newton's method; where it settles it takes about ten.
ROUNDS = 50


def simplex_weights(
    A: ArrayLike, b: ArrayLike, *, donors: ArrayLike | None = None, ridge: ArrayLike = 0.0, intercept: bool = False
) -> Floats:
    """Weights w >= 0 with sum 1 that minimise ||b - a - A w||^2 + ridge ||w||^2.

    The exact minimiser; where there are several, the one of least Euclidean norm, which is unique and therefore the
    same on every machine and does not depend on the order of the donors.

    Parameters
    ----------
    A : (..., T, n)
        Donors in columns; leading axes are a stack of problems and broadcast.
    b : (..., T)
        The unit to be matched.
    donors : (..., n) bool, optional
        Columns that may be used; all unless given.
    ridge : (...)
        Price of ||w||^2, in squared units of A; 0 or more.
    intercept : bool
        Whether a constant ``a`` is free: columns and unit are then compared net of their means over the rows.

    Returns
    -------
    (..., n), zero where a column may not be used.

    Raises
    ------
    SpecError
        A value that is missing, a problem without donors, a negative ridge; donors so far apart that the numbers of
        a computer do not tell which weights are flattest.

    Examples
    --------
    >>> simplex_weights([[0.0, 4.0]], [1.0]).round(12).tolist()
    [0.75, 0.25]
    >>> simplex_weights([[0.0, 1.0, 2.0]], [1.0]).round(12).tolist()  # 1 alone fits too: least norm spreads
    [0.333333333333, 0.333333333333, 0.333333333333]

    """
    price = np.asarray(ridge, dtype=float)
    if not (price >= 0).all():  # a missing ridge fails this too
        raise SpecError("ridge must be 0 or more: it is the price of uneven weights.")
    return _solved(*_problems(A, b, donors, price), intercept, flattest=True)


def vertex_weights(A: ArrayLike, b: ArrayLike, *, donors: ArrayLike | None = None, intercept: bool = False) -> Floats:
    """Weights on as few donors as an exact minimiser needs (at most T + 1): what most software returns.

    Where the minimiser is not unique this is one corner of many, which the order of the donors may decide. For
    showing how much hangs on the choice; otherwise as ``simplex_weights`` without a ridge.

    >>> vertex_weights([[0.0, 1.0, 2.0]], [1.0]).tolist()
    [0.0, 1.0, 0.0]
    """
    return _solved(*_problems(A, b, donors, np.zeros(())), intercept, flattest=False)


def _problems(
    A: ArrayLike, b: ArrayLike, donors: ArrayLike | None, price: Floats
) -> tuple[Floats, Floats, Bools, Floats]:
    """Arrays of the right kind, checked, each as large as the stack of problems."""
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    if A.ndim < 2 or b.ndim < 1 or A.shape[-2] != b.shape[-1] or not A.shape[-2]:
        raise SpecError(
            "Donors of shape {shape} do not fit a unit of shape {shape_2}: rows are the same years.",
            shape=A.shape,
            shape_2=b.shape,
        )
    allowed = np.ones(A.shape[-1], dtype=bool) if donors is None else np.asarray(donors, dtype=bool)
    if allowed.shape[-1:] != A.shape[-1:]:
        raise SpecError(
            "donors marks {shape} columns, but there are {shape_2}.", shape=allowed.shape[-1:], shape_2=A.shape[-1]
        )
    if not allowed.any(axis=-1).all():
        raise SpecError("There are no donors to weight; allow more units as donors.")
    if not (np.isfinite(A).all() and np.isfinite(b).all()):
        raise SpecError("A value is missing or not finite; leave such years or units out before weighting.")
    stack = np.broadcast_shapes(A.shape[:-2], b.shape[:-1], allowed.shape[:-1], price.shape)
    return (
        np.broadcast_to(A, (*stack, *A.shape[-2:])),
        np.broadcast_to(b, (*stack, b.shape[-1])),
        np.broadcast_to(allowed, (*stack, A.shape[-1])),
        np.broadcast_to(price, stack),
    )


def _solved(A: Floats, b: Floats, allowed: Bools, price: Floats, intercept: bool, flattest: bool) -> Floats:
    """Solve a stack of problems; those of its last axis lie in memory at once."""
    out = np.zeros(allowed.shape)
    for place in np.ndindex(price.shape[:-1]):
        some = (*place, None) if not price.ndim else place
        C, usable, scale = _distances(A[some], b[some], allowed[some], intercept)
        gamma = price[some] / scale**2
        w = np.zeros(usable.shape)
        sharp = gamma >= SMALL_RIDGE
        if sharp.any():
            w[sharp] = _ridged(C[sharp], usable[sharp], gamma[sharp])
        for i in np.flatnonzero(~w.any(axis=1)):
            use = usable[i]
            w[i, use] = _one(C[i][:, use], gamma[i], flattest)
        out[some] = w / w.sum(axis=1, keepdims=True)
    return out


def _distances(A: Floats, b: Floats, usable: Bools, intercept: bool) -> tuple[Floats, Bools, Floats]:
    """Donors minus unit (p, T, n), scaled, zero where not usable; which are usable (p, n); and the scale (p,)."""
    C = A - b[:, :, None]
    if intercept:
        C = C - C.mean(axis=1, keepdims=True)
    C = np.where(usable[:, None, :], C, 0.0)
    length = np.sqrt((C**2).sum(axis=1))
    apart = length > 1e-12 * length.max(axis=1, keepdims=True)  # a twin of the unit is no yardstick
    scale = np.where(apart, length, np.inf).min(axis=1)
    scale[np.isinf(scale)] = 1.0  # every donor equals the unit
    return C / scale[:, None, None], usable, scale


def _one(C: Floats, gamma: float, flattest: bool) -> Floats:
    """A vertex solution (n,) of min ||C w||^2 + gamma ||w||^2 over the simplex, or without a ridge the flattest."""
    n = C.shape[1]
    rows = np.sqrt(gamma) * np.eye(n) if gamma else np.empty((0, n))
    nearest = np.argsort((C**2).sum(axis=0), kind="stable")  # of columns that are as steep the first is taken
    w = np.empty(n)
    w[nearest] = _nnls(np.vstack([C, rows, np.ones(n)])[:, nearest])
    w = w / w.sum()
    return _flattest(C, w) if flattest and not gamma else w


def _nnls(E: Floats) -> Floats:
    """The x >= 0 that brings E x nearest to (0, .., 0, 1)."""
    target = np.zeros(len(E))
    target[-1] = 1.0
    try:
        x: Floats = nnls(E, target, maxiter=100 + 50 * E.shape[1])[0]  # more rounds than a problem has ever needed
    except RuntimeError:
        raise SpecError(
            "No weights were found: the rounds ran out. Leave out donors that lie far from all others."
        ) from None
    return x


def _flattest(C: Floats, w: Floats) -> Floats:
    """Of all weights that reach the same nearest point as ``w``, those of least norm."""
    z = C @ w
    d, length = np.sqrt(z @ z), np.sqrt((C**2).sum(axis=0))
    # Only columns on the face that z is nearest to can take part: C_j'z = z'z. An exact fit lets all take part.
    face = (z @ C - d**2 <= 1e-8 * d * length) | (d <= EXACT) | (w > 0)
    if not (face & (w == 0)).any():
        return w
    E = np.vstack([C, np.ones(C.shape[1])])
    # An orthonormal basis of the rows of E asks for the same point, whatever the lengths and ranks of its columns.
    _, size, rows = np.linalg.svd(E[:, face], full_matrices=False)
    rows = rows[size > 1e-11 * size[0]]
    f = rows @ w[face]
    for which in (_positive_by_newton, _positive_by_distance):
        positive, flat = face.copy(), np.zeros_like(w)
        positive[face] = which(rows, f)
        flat[positive] = np.linalg.pinv(E[:, positive], rcond=1e-11) @ (E @ w)  # the shortest on these columns
        moved, rounding = np.abs(E @ (flat - w)).max(), ROUNDING * (length * np.abs(flat)).max()
        if flat.min() >= -1e-12 and moved <= REACHED + rounding:
            return np.maximum(flat, 0.0)
    raise SpecError(
        "Of weights that fit equally well the flattest cannot be told: some donors lie so many times farther from the "
        "unit than others that the digits of a computer do not suffice. Leave donors of another order of magnitude out."
    )


def _positive_by_newton(rows: Floats, f: Floats) -> Bools:
    """Which weights are positive in the flattest solution of rows w = f: quick, right wherever the rounds settle."""
    price = np.full((1, len(f)), 1e-10)
    equal = rows.sum(axis=1) / rows.shape[1]
    return np.asarray(rows.T @ _dual(rows[None], f[None], price, equal[None])[0] > 0)


def _positive_by_distance(rows: Floats, f: Floats) -> Bools:
    """Which weights are positive in the flattest solution of rows w = f, in all cases.

    w = y + N u >= 0 with the least ||u||: y the shortest solution whatever its signs, N a basis of what the rows do not
    see. Where the x >= 0 nearest to solving N'x = 0, -y'x = 1 is positive, w is 0 (Lawson & Hanson 1974, ch. 23).
    """
    unseen = np.linalg.svd(rows)[2][len(rows) :]
    return np.asarray(_nnls(np.vstack([unseen, -f @ rows])) == 0)


def _ridged(C: Floats, usable: Bools, gamma: Floats) -> Floats:
    """The minimisers (p, n) of ||C w||^2 + gamma ||w||^2 over the simplex; zero where the rounds did not suffice."""
    E = np.concatenate([C, usable[:, None, :].astype(float)], axis=1)
    price, target = np.repeat(gamma[:, None], E.shape[1], axis=1), np.zeros(E.shape[:2])
    price[:, -1], target[:, -1] = 0.0, 1.0  # the sum is one, at any price
    v = _dual(E, target, price, target / usable.sum(axis=1, keepdims=True))
    return np.asarray(np.maximum((v[:, None, :] @ E)[:, 0], 0.0))


def _dual(E: Floats, f: Floats, price: Floats, v: Floats) -> Floats:
    """Minimise ||w||^2 + sum of (E w - f)^2 / price over w >= 0: w = max(0, E'v) for the v (p, m) that this returns.

    v solves E max(0, E'v) + price v = f, by Newton's method, with as few unknowns as E has rows; zero where the rounds
    did not suffice.
    """
    k, v = np.arange(E.shape[1]), v.copy()
    close = 1e-13 * np.maximum(np.abs(E).max(axis=(1, 2)), 1.0)
    left = np.arange(len(E))
    for _ in range(ROUNDS):
        e = E[left]
        w = np.maximum((v[left][:, None, :] @ e)[:, 0], 0.0)
        miss = (e @ w[:, :, None])[:, :, 0] + price[left] * v[left] - f[left]
        far = np.abs(miss).max(axis=1) > close[left]
        left, e, w, miss = (value[far] for value in (left, e, w, miss))
        if not len(left):
            break
        H = (e * (w > 0)[:, None, :]) @ np.swapaxes(e, 1, 2)
        H[:, k, k] += price[left] + 1e-14 * np.trace(H, axis1=1, axis2=2)[:, None]
        v[left] -= np.linalg.solve(H, miss[:, :, None])[:, :, 0]
    v[left] = 0.0
    return v
