"""Weights on the simplex: the average of donors that comes nearest to a unit, exactly, and the flattest such average.

Every problem is first moved and scaled: the columns of C are the donors minus the unit, in units of their typical
length, so that C w is the distance left. One of three finite methods solves it, for a whole stack at once:

* no ridge: Lawson & Hanson's (1974, ch. 23) active set on C with a row of ones below it. For x = t w with w on the
  simplex, ||C x||^2 + (1'x - 1)^2 is least over t at d^2 / (1 + d^2), d = ||C w||, which rises with d: so x / sum(x)
  is the nearest point of the hull (Wolfe 1976), with no penalty to choose;
* where that point has more than one representation, and wherever there is a ridge: Newton's method on the dual of
  "least norm of w >= 0 subject to E w = f, misses being priced", a smooth, piecewise quadratic, concave function of as
  many variables as E has rows;
* a ridge too small for the dual to be sharp: the active set again, with the ridge as further rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from papi_analysis.errors import SpecError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Numbers in one block of problems (16 MB).
BLOCK = 2_000_000

#: Distances are in units of the donors' typical distance. Below this a unit is matched exactly.
EXACT = 1e-7

#: Ridge, in squared units of that distance, below which the dual loses digits.
SMALL_RIDGE = 1e-3


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
        A value that is missing, a problem without donors, a negative ridge.

    Examples
    --------
    >>> simplex_weights([[0.0, 4.0]], [1.0]).tolist()
    [0.75, 0.25]
    >>> simplex_weights([[0.0, 1.0, 2.0]], [1.0]).round(12).tolist()  # 1 alone fits too: least norm spreads
    [0.333333333333, 0.333333333333, 0.333333333333]

    """
    price = np.asarray(ridge, dtype=float)
    if not (price >= 0).all():  # a missing ridge fails this too
        raise SpecError("ridge must be 0 or more: it is the price of uneven weights.")
    A, b, allowed = _problems(A, b, donors)
    stack = (1, *np.broadcast_shapes(A.shape[:-2], b.shape[:-1], allowed.shape[:-1], price.shape))
    out = np.empty((*stack, A.shape[-1]))
    for place in _blocks(stack, A.shape[-2:]):
        C, usable, scale = _distances(A, b, allowed, stack, place, intercept)
        gamma = np.broadcast_to(price, stack)[place] / scale**2
        w = np.empty((len(scale), A.shape[-1]))
        free, sharp = gamma == 0, gamma >= SMALL_RIDGE
        w[free] = _flattest(C[free], usable[free], _nearest(C[free], usable[free]))
        w[sharp] = _ridged(C[sharp], usable[sharp], gamma[sharp])
        small = ~(free | sharp)
        if small.any():
            rows = np.sqrt(gamma[small])[:, None, None] * np.eye(A.shape[-1])
            w[small] = _nearest(np.concatenate([C[small], rows], axis=1), usable[small])
        out[place] = w / w.sum(axis=1, keepdims=True)
    return np.asarray(out[0])


def vertex_weights(A: ArrayLike, b: ArrayLike, *, donors: ArrayLike | None = None, intercept: bool = False) -> Floats:
    """Weights on as few donors as an exact minimiser needs (at most T + 1): what most software returns.

    Where the minimiser is not unique this is one corner of many, which the order of the donors may decide. For
    showing how much hangs on the choice; otherwise as ``simplex_weights`` without a ridge.

    >>> vertex_weights([[0.0, 1.0, 2.0]], [1.0]).tolist()
    [0.0, 1.0, 0.0]
    """
    A, b, allowed = _problems(A, b, donors)
    stack = (1, *np.broadcast_shapes(A.shape[:-2], b.shape[:-1], allowed.shape[:-1]))
    out = np.empty((*stack, A.shape[-1]))
    for place in _blocks(stack, A.shape[-2:]):
        C, usable, _ = _distances(A, b, allowed, stack, place, intercept)
        out[place] = _nearest(C, usable)
    return np.asarray(out[0])


def _problems(A: ArrayLike, b: ArrayLike, donors: ArrayLike | None) -> tuple[Floats, Floats, Bools]:
    """Arrays of the right kind, checked."""
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    if A.ndim < 2 or b.ndim < 1 or A.shape[-2] != b.shape[-1] or not A.shape[-2]:
        raise SpecError(f"Donors of shape {A.shape} do not fit a unit of shape {b.shape}: rows are the same years.")
    allowed = np.ones(A.shape[-1], dtype=bool) if donors is None else np.asarray(donors, dtype=bool)
    if allowed.shape[-1:] != A.shape[-1:]:
        raise SpecError(f"donors marks {allowed.shape[-1:]} columns, but there are {A.shape[-1]}.")
    if not allowed.any(axis=-1).all():
        raise SpecError("There are no donors to weight; allow more units as donors.")
    if not (np.isfinite(A).all() and np.isfinite(b).all()):
        raise SpecError("A value is missing or not finite; leave such years or units out before weighting.")
    return A, b, allowed


def _blocks(stack: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[tuple[NDArray[np.intp], ...]]:
    """Places in the stack, a block at a time, so that memory does not grow with the number of problems."""
    total = int(np.prod(stack))
    step = max(1, BLOCK // max(1, int(np.prod(shape))))
    for start in range(0, total, step):
        yield np.unravel_index(np.arange(start, min(start + step, total)), stack)


def _distances(
    A: Floats,
    b: Floats,
    allowed: Bools,
    stack: tuple[int, ...],
    place: tuple[NDArray[np.intp], ...],
    intercept: bool,
) -> tuple[Floats, Bools, Floats]:
    """Donors minus unit (p, T, n), scaled, zero where not usable; which are usable (p, n); and the scale (p,)."""
    usable = np.broadcast_to(allowed, (*stack, A.shape[-1]))[place]
    C = (
        np.broadcast_to(A, (*stack, *A.shape[-2:]))[place]
        - np.broadcast_to(b, (*stack, b.shape[-1]))[place][:, :, None]
    )
    if intercept:
        C = C - C.mean(axis=1, keepdims=True)
    C = np.where(usable[:, None, :], C, 0.0)
    length = np.sqrt((C**2).sum(axis=1))
    apart = length > 1e-12 * length.max(axis=1, keepdims=True)  # a twin of the unit is no yardstick
    scale = np.where(apart, length, np.inf).min(axis=1)
    scale[np.isinf(scale)] = 1.0  # every donor equals the unit
    return C / scale[:, None, None], usable, scale


def _nearest(C: Floats, usable: Bools) -> Floats:
    """A vertex solution (p, n) of min ||C w|| over the simplex: Lawson & Hanson's active set, all problems at once.

    Each round solves least squares on the passive columns S of every open problem. A solution inside the orthant is
    taken, and the column with the steepest gradient joins S; otherwise x goes as far as it can towards it, and the
    columns that reach zero leave.
    """
    E = np.concatenate([C, usable[:, None, :].astype(float)], axis=1)
    length = (E**2).sum(axis=1)
    steep = 1e-13 * np.sqrt(length.max(axis=1))
    result, x, left = np.zeros(usable.shape), np.zeros(usable.shape), np.arange(len(E))
    S = np.arange(E.shape[2]) == np.where(usable, length, np.inf).argmin(axis=1)[:, None]  # from the nearest donor
    waits, newest = ~usable, np.full(len(E), -1)
    for _ in range(100 + 50 * E.shape[2]):  # far more rounds than a problem has ever needed
        if not len(left):
            break
        s = _least_squares(E, S)
        every = np.arange(len(E))
        # A column that joins must gain weight; if rounding says otherwise it depends on S, and waits its turn.
        refused = (newest >= 0) & (s[every, newest] <= 0)
        S[refused, newest[refused]], waits[refused, newest[refused]] = False, True
        s[refused] = x[refused]
        falls = S & (s <= 0)
        inside = ~falls.any(axis=1)
        share = np.divide(x, x - s, out=np.ones_like(x), where=falls).min(axis=1)
        x = np.where(falls & (x <= share[:, None] * (x - s) + 1e-15), 0.0, x + share[:, None] * (s - x))
        S &= ~(falls & (x == 0))
        waits = np.where((inside & ~refused)[:, None], E[:, -1] == 0, waits)
        gradient = ((_target(E) - (E @ x[:, :, None])[:, :, 0])[:, None, :] @ E)[:, 0]
        gradient[S | waits] = -np.inf
        best = gradient.argmax(axis=1)
        done = inside & (gradient[every, best] <= steep)
        newest = np.where(inside & ~done, best, -1)
        S[newest >= 0, newest[newest >= 0]] = True
        result[left] = x
        if done.any():
            left, E, S, x, waits, newest, steep = (value[~done] for value in (left, E, S, x, waits, newest, steep))
    return np.asarray(result / result.sum(axis=1, keepdims=True))


def _target(E: Floats) -> Floats:
    """Zero distance, sum one: the right-hand side (p, m) of every problem."""
    f = np.zeros(E.shape[:2])
    f[:, -1] = 1.0
    return f


def _least_squares(E: Floats, S: Bools) -> Floats:
    """Least squares of E x = (0, .., 0, 1) on the columns S of each problem (p, n), zero elsewhere."""
    q = int(S.sum(axis=1).max())
    columns = np.argsort(~S, axis=1, kind="stable")[:, :q]
    used = np.take_along_axis(S, columns, axis=1)
    Es = np.where(used[:, None, :], np.take_along_axis(E, columns[:, None, :], axis=2), 0.0)
    G = np.swapaxes(Es, 1, 2) @ Es
    k = np.arange(q)
    G[:, k, k] = np.where(used, G[:, k, k] * (1 + 1e-15), 1.0)  # padded columns stay at zero
    f = _target(E)
    x = np.zeros((len(E), q, 1))
    for _ in range(2):  # the second pass wins back the digits that squaring E costs
        x += np.linalg.solve(G, np.swapaxes(Es, 1, 2) @ (f[:, :, None] - Es @ x))
    out = np.zeros(S.shape)
    np.put_along_axis(out, columns, x[:, :, 0] * used, axis=1)
    return out


def _flattest(C: Floats, usable: Bools, w: Floats) -> Floats:
    """Of all weights that reach the same nearest point as ``w``, those of least norm."""
    z = (C @ w[:, :, None])[:, :, 0]
    d = np.sqrt((z**2).sum(axis=1))
    # Only columns on the face that z is nearest to can take part: C_j'z = z'z. An exact fit lets all take part.
    above = (z[:, None, :] @ C)[:, 0] - (d**2)[:, None]
    length = np.sqrt((C**2).sum(axis=1))
    face = usable & ((above <= 1e-8 * d[:, None] * length) | (d <= EXACT)[:, None] | (w > 0))
    ties = np.flatnonzero((face & (w == 0)).any(axis=1))
    if not len(ties):
        return w
    E = np.concatenate([C[ties], np.ones((len(ties), 1, C.shape[2]))], axis=1) * face[ties][:, None, :]
    # An orthonormal basis of the rows of E asks for the same point, whatever the lengths and ranks of its columns.
    _, size, rows = np.linalg.svd(E, full_matrices=False)
    rows = np.where((size > 1e-11 * size[:, :1])[:, :, None], rows, 0.0)
    f = (rows @ w[ties][:, :, None])[:, :, 0]
    equal = face[ties] / face[ties].sum(axis=1, keepdims=True)
    found = _dual(rows, f, np.full(f.shape, 1e-13), (rows @ equal[:, :, None])[:, :, 0], rounds=4)
    reached = np.abs((C[ties] @ found[:, :, None])[:, :, 0] - z[ties]).max(axis=1)
    held = reached <= 1e-9  # beyond that, donors a million times farther than others have used up the digits
    out = w.copy()
    out[ties[held]] = found[held]
    return out


def _ridged(C: Floats, usable: Bools, gamma: Floats) -> Floats:
    """The minimiser of ||C w||^2 + gamma ||w||^2 over the simplex, (p, n)."""
    E = np.concatenate([C, usable[:, None, :].astype(float)], axis=1)
    price = np.repeat(gamma[:, None], E.shape[1], axis=1)
    price[:, -1] = 0.0  # the sum is one, at any price
    equal = _target(E) / usable.sum(axis=1, keepdims=True)
    return _dual(E, _target(E), price, equal, rounds=1)


def _dual(E: Floats, f: Floats, price: Floats, v: Floats, rounds: int) -> Floats:
    """Minimise ||w||^2 + sum of (E w - f)^2 / price over w >= 0, (p, n); a price of 0 is an equation.

    The minimiser is w = max(0, E'v), and v solves E max(0, E'v) + price (v - centre) = f with centre 0: Newton's
    method from ``v``, with steps halved until they do not overshoot. In later rounds ``centre`` is the v of the round
    before (the method of multipliers), which turns priced misses into equations.
    """
    v, centre, k = v.copy(), np.zeros_like(v), np.arange(v.shape[1])
    close = 1e-13 * np.maximum(np.abs(E).max(axis=(1, 2)), 1.0)
    for _ in range(rounds):
        left = np.arange(len(v))
        for _ in range(200):
            e, p, wanted = E[left], price[left], f[left] + price[left] * centre[left]
            w, g = _misfit(e, p, wanted, v[left])
            far = np.abs(g).max(axis=1) > close[left]
            left, e, p, wanted, w, g = (value[far] for value in (left, e, p, wanted, w, g))
            if not len(left):
                break
            H = (e * (w > 0)[:, None, :]) @ np.swapaxes(e, 1, 2)
            H[:, k, k] += p + 1e-14 * np.trace(H, axis1=1, axis2=2)[:, None]
            direction = -np.linalg.solve(H, g[:, :, None])[:, :, 0]
            slope, length = (g * direction).sum(axis=1), np.ones(len(left))
            for _ in range(30):
                ahead = _misfit(e, p, wanted, v[left] + length[:, None] * direction)[1]
                over = (ahead * direction).sum(axis=1) > -0.5 * slope
                if not over.any():
                    break
                length[over] /= 2
            v[left] += length[:, None] * direction
        centre = v.copy()
    return np.asarray(np.maximum((v[:, None, :] @ E)[:, 0], 0.0))


def _misfit(e: Floats, price: Floats, wanted: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Weights max(0, e'v) and what the equations of the dual still miss."""
    w = np.maximum((v[:, None, :] @ e)[:, 0], 0.0)
    return w, (e @ w[:, :, None])[:, :, 0] + price * v - wanted
