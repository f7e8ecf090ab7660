"""How much of what sets units apart is not measurement error, and what error in a start does to an adjustment for it.

A score y = true score + error with a known standard error se. Over units the variance of y is that of the true scores
plus, on average, se^2, where errors are independent of the truth. The share that is not error is the reliability

    r = 1 - mean(se^2) / var(y)

(Fuller 1987, section 1.1). A regression on y instead of the true score has r times its slope: attenuation.
"""

from __future__ import annotations

import numpy as np

from papi_analysis.arrays import Floats
from papi_analysis.errors import Note
from papi_analysis.panel.panel import Panel

ATTENUATED = Note(
    "Where units stood is a measured score: {share:.0%} of its variance between units in {year} is not measurement "
    "error in {dimension}, the least reliable dimension. Its coefficient is drawn towards zero as much. That is right "
    "where programmes went by the published score; where they went by the true one, up to {left:.0%} of what a lead is "
    "worth stays in the gap."
)


def reliability(scores: Floats, se: Floats) -> Floats:
    """Share (K,) of the variance of ``scores`` (N, K) between units that is not measurement error ``se`` (N, K).

    Over the units that have both; 0 where the errors are larger than the scores' spread, missing below two units.

    >>> reliability(np.array([[1.0], [2.0], [3.0]]), np.array([[0.5], [0.5], [0.5]]))
    array([0.75])
    """
    known = np.isfinite(scores) & np.isfinite(se)
    count = known.sum(axis=0)
    y, error = np.where(known, scores, 0.0), np.where(known, se, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.where(known, y - y.sum(axis=0) / count, 0.0)
        share = 1 - (error**2).sum(axis=0) / count / ((away**2).sum(axis=0) / (count - 1))
    return np.asarray(np.where(count > 1, np.maximum(share, 0.0), np.nan))


def attenuation_note(panel: Panel, before: int) -> list[Note]:
    """Say how reliable the scores of the year at place ``before`` are, in the dimension where they are least so.

    Nothing where the scores have no standard errors in that year.
    """
    if panel.se is None:
        return []
    share = reliability(panel.scores[:, before], panel.se[:, before])
    if np.isnan(share).all():
        return []
    k = int(np.nanargmin(share))
    values = {"year": panel.years[before], "dimension": panel.dimensions[k], "share": share[k], "left": 1 - share[k]}
    return [ATTENUATED(**values)]
