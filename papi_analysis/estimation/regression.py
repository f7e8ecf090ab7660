"""Least squares within units and years, and cluster-robust variances that say which conventions they follow.

One equation at a time, on its own cells: rows are cells, gaps were dropped by the caller. Notation: e are
residuals, X̃ regressors with the effects partialled out, M = inv(X̃'X̃) the bread, g a cluster, H the hat
matrix of slopes and effects together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from papi_analysis.arrays import Floats, Ints
from papi_analysis.errors import Note, SpecError

#: A column whose length falls below this share of what it was is taken to have vanished.
VANISHED = 1e-9

#: What is left of scores below this share of their length is rounding.
ROUNDING = 1e-13


@dataclass(frozen=True)
class WithinFit:
    """A fitted equation and what its variances need.

    ``regressors`` and ``residuals`` are what is left once the effects are partialled out. ``clusters`` keeps
    the codes that were given, so that equations on different cells can share them. ``k`` counts ALL
    parameters: the slopes and the rank of the absorbed effects. ``basis`` is an orthonormal basis of the year
    dummies with the unit means out (no columns without years); ``unit`` are dense codes.
    """

    coefficients: Floats  # (p,)
    regressors: Floats  # (n, p)
    residuals: Floats  # (n,)
    clusters: Ints  # (n,)
    n: int
    k: int
    bread: Floats  # (p, p)
    unit: Ints  # (n,)
    basis: Floats  # (n, r)
    roots: Floats  # (n,) of the weights, 1 without

    @property
    def n_clusters(self) -> int:
        """Number of clusters that have a row in this equation."""
        return len(np.unique(self.clusters))

    @property
    def cr1_factor(self) -> float:
        """G/(G-1) * (n-1)/(n-k), as Stata and statsmodels have it, k with the absorbed effects."""
        G = self.n_clusters
        return G / (G - 1) * (self.n - 1) / (self.n - self.k)


def dense_codes(codes: ArrayLike) -> tuple[Ints, int]:
    """Relabel codes as 0..m-1 in sorted order; returns them and m."""
    values, dense = np.unique(np.asarray(codes), return_inverse=True)
    return dense.reshape(-1).astype(np.int64), len(values)


def demean(values: Floats, codes: Ints, m: int, roots: Floats) -> Floats:
    """Take from the columns of ``values`` (n, q) what ``roots`` (n,) explain within groups; ``codes`` in 0..m-1.

    With roots of 1 these are group means; rows that are multiplied by the root of their weight have those as roots.
    """
    picks = sparse.csr_array((roots, (codes, np.arange(len(codes)))), shape=(m, len(codes)))
    means = (picks @ values) / np.bincount(codes, roots**2, minlength=m)[:, None]
    return np.asarray(values - means[codes] * roots[:, None], dtype=float)


def effects_basis(unit: Ints, time: Ints | None, roots: Floats | None = None) -> tuple[Floats, int]:
    """Orthonormal basis (n, r) of the year dummies with unit means out, and the rank of all effects.

    Unit and year effects together have rank N + T - c, with c the connected components of the graph that
    joins a unit and a year wherever there is a cell (Abowd, Creecy & Kramarz 2002): one year per component
    is redundant. ``unit`` and ``time`` are dense codes.
    """
    N = int(unit.max()) + 1
    if time is None:
        return np.empty((len(unit), 0)), N
    T = int(time.max()) + 1
    edges = sparse.coo_array((np.ones(len(unit)), (unit, N + time)), shape=(N + T, N + T))
    c, labels = connected_components(edges, directed=False)
    redundant = np.unique(labels[N:], return_index=True)[1]
    kept = np.setdiff1d(np.arange(T), redundant)
    roots = np.ones(len(unit)) if roots is None else roots
    dummies = demean((time[:, None] == kept) * roots[:, None], unit, N, roots)
    return np.linalg.qr(dummies)[0], N + T - int(c)


def partial_out(values: Floats, unit: Ints, basis: Floats, roots: Floats | None = None) -> Floats:
    """Residuals of the columns of ``values`` (n, q) on unit effects and ``basis``; dense unit codes.

    Done twice: the second pass removes what rounding left of large means.
    """
    N = int(unit.max()) + 1
    roots = np.ones(len(unit)) if roots is None else roots
    for _ in range(2):
        values = demean(values, unit, N, roots)
        values = values - basis @ (basis.T @ values)
    return values


def fit_within(
    y: ArrayLike,
    X: ArrayLike,
    unit: ArrayLike,
    time: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> WithinFit:
    """Least squares of y on X with unit effects and, where ``time`` is given, year effects.

    Exact for unbalanced panels with gaps. Work grows with the number of rows (and the square of the number
    of years), not with the number of units.

    Parameters
    ----------
    y : (n,)
        Scores, one per cell.
    X : (n, p) or (n,)
        Regressors; the first column is the one of interest.
    unit : (n,)
        Integer codes.
    time : (n,), optional
        Integer codes of the years.
    names : sequence of str, optional
        Names of the columns of X, for messages.
    clusters : (n,), optional
        Integer codes from 0, ``unit`` unless given. With clusters of its own a panel may have one unit:
        the unit effect is then the constant.
    weights : (n,), optional
        Weights above 0; every row is multiplied by the root of its own, and regressors and residuals are those rows.

    Raises
    ------
    SpecError
        A value that is not finite, fewer than two clusters (units), a regressor that the effects or the other
        regressors explain, no residual degrees of freedom.

    Examples
    --------
    >>> fit = fit_within([1.0, 3.0, 2.0, 2.5], [0.0, 1.0, 0.0, 0.0], unit=[0, 0, 1, 1])
    >>> round(float(fit.coefficients[0]), 12), fit.n, fit.k
    (2.0, 4, 3)

    """
    y, X = np.asarray(y, dtype=float), np.asarray(X, dtype=float)
    X = X[:, None] if X.ndim == 1 else X
    labels = [f"regressor {j + 1}" for j in range(X.shape[1])] if names is None else list(names)
    groups = np.asarray(unit if clusters is None else clusters).astype(np.int64)
    if not (np.isfinite(y).all() and np.isfinite(X).all()):
        raise SpecError("A row holds a value that is missing or not finite; leave such cells out before fitting.")
    if len(np.unique(groups)) < 2:
        raise SpecError(
            "The cells belong to fewer than two units, so no standard error can be formed across "
            "units; use a panel with more units."
        )
    codes, _ = dense_codes(unit)
    roots = np.ones(len(y)) if weights is None else np.sqrt(np.asarray(weights, dtype=float))
    basis, rank = effects_basis(codes, None if time is None else dense_codes(time)[0], roots)
    within = partial_out(np.column_stack([y, X]) * roots[:, None], codes, basis, roots)
    y_within, X_within = within[:, 0], within[:, 1:]
    if np.linalg.norm(y_within) <= ROUNDING * np.linalg.norm(y * roots):
        y_within = np.zeros_like(y_within)  # the effects explain all
    _check_columns(X, X_within, labels)
    n, k = len(y), X.shape[1] + rank
    if n <= k:
        raise SpecError(
            "{n} cells cannot support {k} parameters ({shape} slopes and {rank} effects): no "
            "residual degrees of freedom are left; use more years or units, or fewer controls.",
            n=n,
            k=k,
            shape=X.shape[1],
            rank=rank,
        )
    # Unit-length columns first: regressors on very different scales would spoil the inverse.
    scale = np.linalg.norm(X_within, axis=0)
    q, r = np.linalg.qr(X_within / scale)
    r_inverse = np.linalg.inv(r) / scale[:, None]
    coefficients = r_inverse @ (q.T @ y_within)
    return WithinFit(
        coefficients=coefficients,
        regressors=X_within,
        residuals=y_within - X_within @ coefficients,
        clusters=groups,
        n=n,
        k=k,
        bread=r_inverse @ r_inverse.T,
        unit=codes,
        basis=basis,
        roots=roots,
    )


def _check_columns(X: Floats, X_within: Floats, labels: list[str]) -> None:
    """Refuse the first column that the effects, or the columns before it, explain."""
    before = np.linalg.norm(X, axis=0)
    q = np.empty((len(X), 0))
    for j, label in enumerate(labels):
        column = X_within[:, j]
        if np.linalg.norm(column) <= VANISHED * before[j]:
            remedy = Note("choose cells where it differs.") if j == 0 else Note("drop this control.")
            what = Note(
                "{label} has no variation left within units and years, so it has no slope; {remedy}",
                {"label": label, "remedy": remedy},
            )
            raise SpecError(what)
        left = column - q @ (q.T @ column)
        left = left - q @ (q.T @ left)
        if np.linalg.norm(left) <= VANISHED * np.linalg.norm(column):
            raise SpecError(
                "{label} is collinear with {labels} and the effects; drop this control.",
                label=label,
                labels=", ".join(labels[:j]),
            )
        q = np.column_stack([q, left / np.linalg.norm(left)])


def cluster_sums(values: Floats, clusters: Ints, n_clusters: int) -> Floats:
    """Sum the rows of ``values`` (n, q) by cluster code; (n_clusters, q), zero where a cluster has no row."""
    picks = sparse.csr_array(
        (np.ones(len(clusters)), (clusters, np.arange(len(clusters)))), shape=(n_clusters, len(clusters))
    )
    return np.asarray(picks @ values, dtype=float)


def _influence(fit: WithinFit, n_clusters: int) -> Floats:
    """Share of each cluster in the coefficients, M X̃_g' e_g, times the root of the CR1 factor."""
    scores = cluster_sums(fit.regressors * fit.residuals[:, None], fit.clusters, n_clusters)
    return np.asarray(np.sqrt(fit.cr1_factor) * (scores @ fit.bread), dtype=float)


def cr1(fit: WithinFit) -> Floats:
    """CR1 variance (p, p): G/(G-1) * (n-1)/(n-k) * M (sum_g X̃_g' e_g e_g' X̃_g) M.

    k counts the absorbed effects, so this equals statsmodels' and Stata's figure for the regression with
    dummies.

    >>> fit = fit_within([0.0, 1.0, 0.0, 3.0, 1.0, 1.0], [0, 1, 0, 1, 0, 0], unit=[0, 0, 1, 1, 2, 2])
    >>> round(float(cr1(fit)[0, 0]), 12)  # scores -1/2, 1/2, 0; bread 1; factor 3/2 * 5/2
    1.875
    """
    influence = _influence(fit, int(fit.clusters.max()) + 1)
    return np.asarray(influence.T @ influence, dtype=float)


def cr1_joint(fits: Sequence[WithinFit], n_clusters: int) -> Floats:
    """CR1 covariance (K, K) of the first coefficient across K equations that share cluster codes.

    Equations may live on different cells; codes are 0..n_clusters-1. Scores are summed by cluster within each
    equation, each times the root of its own CR1 factor, and multiplied over the clusters that two equations
    share; the diagonal is ``cr1(fit)[0, 0]``.
    """
    influence = np.column_stack([_influence(fit, n_clusters)[:, 0] for fit in fits])
    covariance = influence.T @ influence
    np.fill_diagonal(covariance, [cr1(fit)[0, 0] for fit in fits])
    return np.asarray(covariance, dtype=float)


def orthonormal_design(fit: WithinFit) -> Floats:
    """Orthonormal basis Q of the design whose hat matrix QQ' adjusts the clusters, slopes last.

    Effects nested in clusters are absorbed, the rest stand as dummies (Pustejovsky & Tipton 2018, theorem 2,
    with its later correction: absorbing effects that cut across clusters would change CR2).
    """
    slopes = np.linalg.qr(fit.regressors / np.linalg.norm(fit.regressors, axis=0))[0]
    N = int(fit.unit.max()) + 1
    pairs = len(np.unique(np.column_stack([fit.unit, fit.clusters]), axis=0))
    if pairs == N:
        return np.hstack([fit.basis, slopes])
    dummies = (fit.unit[:, None] == np.arange(N)) * fit.roots[:, None] / np.sqrt(np.bincount(fit.unit, fit.roots**2))
    return np.hstack([dummies, fit.basis, slopes])


def _adjusted(fit: WithinFit, Q: Floats, power: float, refuse: bool = True) -> Floats:
    """Rows A_g X̃_g M with A_g = (I - Q_g Q_g')^-power, by cluster; (n, p).

    A direction that a cluster fits exactly (a year that only it has) carries no residual and gets weight
    zero. If a slope itself needs that direction, the slope vanishes when the cluster is left out.
    """
    plain = fit.regressors @ fit.bread
    needed = Q.T @ plain  # the slopes are needed' Q'y
    needed = needed / np.linalg.norm(needed, axis=0)
    adjusted = np.empty_like(plain)
    order = np.argsort(fit.clusters, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(fit.clusters[order])) + 1):
        u, s, vt = np.linalg.svd(Q[rows], full_matrices=False)
        left = 1.0 - s**2
        exact = left < VANISHED
        if refuse and np.any(np.abs(vt[exact] @ needed) > 1e-6):
            raise SpecError(
                "A slope rests on one single cluster (one unit with the programme, for instance): "
                "without it there is no slope, so CR3 does not exist and CR2 cannot be trusted. Use "
                "reassignment of the programme over units instead."
            )
        weight = np.where(exact, 0.0, np.where(exact, 1.0, left) ** -power) - 1.0
        adjusted[rows] = plain[rows] + u @ (weight[:, None] * (u.T @ plain[rows]))
    return adjusted


def _sandwich(fit: WithinFit, adjusted: Floats) -> Floats:
    G = int(fit.clusters.max()) + 1
    sums = cluster_sums(adjusted * fit.residuals[:, None], fit.clusters, G)
    return np.asarray(sums.T @ sums, dtype=float)


def cr2(fit: WithinFit, *, refuse: bool = True) -> tuple[Floats, Floats]:
    """CR2 variance (p, p) and Satterthwaite degrees of freedom (p,), under an identity working model.

    A_g = (I - H_gg)^(-1/2) (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018). With
    u_g = A_g X̃_g M c the variance is sum_g (u_g' e_g)^2, and the degrees of freedom are (tr P)^2 / tr(PP)
    with P_gh = u_g' (I - H)_gh u_h. There is no small-sample factor. As clubSandwich and estimatr.

    Raises SpecError where a slope rests on one single cluster. ``refuse=False`` gives the number that R gives
    there (a generalised inverse drops that cluster's share): for showing beside a warning, not for use.
    """
    Q = orthonormal_design(fit)
    adjusted = _adjusted(fit, Q, 0.5, refuse)
    G = int(fit.clusters.max()) + 1
    df = np.empty(adjusted.shape[1])
    d = cluster_sums(adjusted**2, fit.clusters, G)
    for j in range(adjusted.shape[1]):
        W = cluster_sums(Q * adjusted[:, j, None], fit.clusters, G)  # P = diag(d) - WW', never formed
        w2 = np.sum(W**2, axis=1)
        squares = np.sum(d[:, j] ** 2) - 2 * np.sum(d[:, j] * w2) + np.sum((W.T @ W) ** 2)
        df[j] = (d[:, j].sum() - w2.sum()) ** 2 / squares
    return _sandwich(fit, adjusted), df


def cr3(fit: WithinFit) -> Floats:
    """CR3 variance (p, p), A_g = (I - H_gg)^-1, without a factor, as clubSandwich has it.

    The delete-one-cluster jackknife CV3 of MacKinnon, Nielsen & Webb (2023), centred on the full estimate, is
    (G-1)/G times this.

    Raises SpecError where a slope rests on one single cluster.
    """
    return _sandwich(fit, _adjusted(fit, orthonormal_design(fit), 1.0))
