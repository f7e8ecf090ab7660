"""Lagged-outcome adjustment: what the scores after would be from where a unit stood before.

One dimension at a time, over the donors of a unit,

    after[j] = a + b1 mean[j] + b2 last[j] + e[j],

with ``mean`` the mean score before and ``last`` the score of the last year before (analysis of covariance; Frison &
Pocock 1992; McKenzie 2012). The gap is the unit's own ``after`` less what the line says: exactly the coefficient of
the unit's dummy in least squares of ``after`` on both and the dummy. Difference in differences presumes b1 + b2 = 1,
that a lead carries over one for one; scores that are measured with noise, or on a scale that shrinks, lose part of it.
Where the lead is what the programme was chosen by, the truth lies between the two (Ding & Li 2019).

The line is written as weights. What least squares predicts is an average of the donors with weights
p[j] (1 + (x[i] - xbar)' S^-1 (x[j] - xbar)), p being equal or the donors' own, which sum to 1, balance x exactly and
look at years before alone (Chattopadhyay & Zubizarreta 2023); some are negative where a unit stands at the edge. With
these the adjustment for years before is zero whatever the year weights, which therefore can say what they mean: they
sum to b1 + b2, the share of a lead that carries over. Three things follow. A gap is one and the same in both readings;
a placebo's response to a constant effect on the treated unit is exact; and the years before show what sets the unit
apart from donors that stood where it did, net of their mean, not the part of its lead that was bound to go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import PLACES, SpecError
from papi_analysis.estimation.designs import Design, Weights

#: Below so many donors the mean before is the only regressor, and below so many a line through them says nothing.
DONORS_FOR_TWO, LINE = 15, 3

#: A regressor whose spread over donors falls below this share of the scores' own spread says nothing.
FLAT = 1e-9

#: Nor does one whose spread falls below this share of the scores' level: it may be rounding.
ROUNDING = 1e-12


def lagged_outcome(Y: Floats, units: Ints, donors: NDArray[np.generic], pre: Bools, post: Bools) -> Weights:
    """Regression on the mean before and the last year before; on the mean alone below 15 donors or with one year.

    ``donors`` (m, N) may hold weights instead of True and False: the line is then fitted by weighted least squares.

    Raises
    ------
    SpecError
        Donors that do not differ before in a dimension: nothing says what a lead is worth there.

    Examples
    --------
    >>> Y = np.array([[3.0, 4], [1, 1], [2, 1.5], [3, 2]])[:, :, None]
    >>> everyone_else = np.array([[False, True, True, True]])
    >>> pre, post = np.array([True, False]), np.array([False, True])
    >>> weights = lagged_outcome(Y, np.array([0]), everyone_else, pre, post)
    >>> weights.donors[0, 1:, 0].round(6).tolist(), weights.years[0, :, 0].round(6).tolist()
    ([-0.166667, 0.333333, 0.833333], [0.5, 0.0])

    """
    share = donors / donors.sum(axis=1, keepdims=True)  # (m, N)
    Y, flat = _centred(Y, pre)
    level, last, after = Y[:, pre].mean(axis=1), Y[:, pre][:, -1], Y[:, post].mean(axis=1)  # (N, K)
    place = np.arange(len(units)), units

    def centred(values: Floats) -> Floats:
        """Values less their mean over each unit's donors (m, N, K)."""
        return np.asarray(values - (share @ values)[:, None])

    def over_donors(values: Floats) -> Floats:
        return np.asarray(np.einsum("mn,mnk->mk", share, values))

    u = centred(level)
    uu = over_donors(u**2)
    if (uu <= flat**2).any():
        k = int(np.argwhere(uu <= flat**2)[0, 1])
        raise SpecError(
            "Donors do not differ before the start in {dimension}, so nothing says what a lead is worth "
            "there. Leave the dimension out, or ask with method='did'.",
            dimension=PLACES["dimension"](place=k),
        )
    v = centred(last)
    along = over_donors(u * v) / uu
    v -= along[:, None] * u  # what the last year says beyond the mean
    vv = over_donors(v**2)
    two = ((donors != 0).sum(axis=1)[:, None] >= DONORS_FOR_TWO) & (vv > flat**2)
    per_u, per_v = 1 / uu, np.divide(1.0, vv, out=np.zeros_like(vv), where=two)
    reach = u[place][:, None] * per_u[:, None] * u + v[place][:, None] * per_v[:, None] * v
    net = centred(after)
    b2 = over_donors(v * net) * per_v
    b1 = over_donors(u * net) * per_u - along * b2
    years = np.zeros((len(units), len(pre), Y.shape[2]))
    years[:, pre] = b1[:, None] / pre.sum()
    years[:, np.flatnonzero(pre)[-1]] += b2
    return Weights(share[:, :, None] * (1 + reach), years)


def _centred(Y: Floats, pre: Bools) -> tuple[Floats, Floats]:
    """Scores less the mean before of each dimension, on which no weights depend, and the spread (K,) that is none.

    On a high level the squares of what differs would be lost in those of what does not.
    """
    net = np.asarray(Y - Y[:, pre].mean(axis=(0, 1)))
    spread, size = (np.abs(values[:, pre]).max(axis=(0, 1)) for values in (net, Y))
    return net, np.maximum(FLAT * spread, ROUNDING * size)


def leverage(design: Design, start: int) -> Floats:
    """The leverage (N, K) of each unit that takes part in the adjustment for a start; missing for the others.

    The diagonal of the hat matrix of a constant, the mean before and the last year before: 1 for a unit that the line
    must go through, on average the number of coefficients over the number of units.
    """
    found = np.full((len(design.Y), design.Y.shape[2]), np.nan)
    groups = np.zeros(len(design.Y), dtype=np.int64) if design.groups is None else design.groups
    for code in np.unique(groups[design.eligible]):
        part = design.eligible & (groups == code)
        before = _centred(design.Y[part], design.pre(start))[0][:, design.pre(start)]
        size = np.abs(before).max(axis=(0, 1))
        before /= np.where(size > 0, size, 1.0)
        columns = [np.ones_like(before[:, 0]), before.mean(axis=1), before[:, -1]]
        x = np.stack(columns if part.sum() > DONORS_FOR_TWO else columns[:2])
        if design.weights is not None:
            x = x * np.sqrt(design.weights[part])[:, None]
        for k in range(before.shape[2]):
            basis, length, _ = np.linalg.svd(x[:, :, k].T, full_matrices=False)
            found[part, k] = (basis[:, length > FLAT * length[0]] ** 2).sum(axis=1)
    return found
