"""The change of the score against the change of completion: a description, not an estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.estimation.estimates import ChangeDesign, Estimates
from papi_analysis.estimation.slopes import PER_TEN_POINTS
from papi_analysis.panel.changes import score_changes
from papi_analysis.panel.panel import Panel


@check_kinds
def change_slopes(panel: Panel, start: int | None = None, end: int | None = None) -> Estimates:
    """Describe the change of the score against the change of completion: plain slope, n and correlation.

    A description, not an estimate: nothing is held constant, so there is no error and no p-value.

    Parameters
    ----------
    panel
        Any panel.
    start, end
        Two years to compare; default each year with the year before.

    Returns
    -------
    Estimates
        Per dimension: ``estimate`` (least-squares slope, points per 10 percentage points), ``intercept``
        (points), ``correlation``, ``n``; slope and correlation are missing where completion does not vary.
        ``cells`` holds the points (see ``score_changes``).

    Examples
    --------
    >>> import papi_analysis as pa
    >>> panel = pa.Panel.from_study(pa.load_study("can_tho_2018_2020"))
    >>> change_slopes(panel, 2017, 2020).table.n.tolist()
    [63, 63, 63, 63, 63, 63]

    """
    changes = score_changes(panel, start, end)
    rows = []
    for dimension in panel.dimensions:
        cells = changes[changes["dimension"] == dimension]
        x, y = cells["completion_change"].to_numpy(), cells["score_change"].to_numpy()
        x0, y0 = (values - values.sum() / max(len(values), 1) for values in (x, y))
        varies = x0 @ x0 > 1e-12
        slope = (x0 @ y0) / (x0 @ x0) if varies else np.nan
        spread = np.sqrt((x0 @ x0) * (y0 @ y0))
        rows.append(
            {
                "dimension": dimension,
                "estimate": PER_TEN_POINTS * slope,
                "intercept": y.mean() - slope * x.mean() if varies else np.nan,
                "correlation": (x0 @ y0) / spread if varies and spread > 0 else np.nan,
                "n": len(cells),
            }
        )
    return Estimates(
        "change_slopes",
        pd.DataFrame(rows),
        cells=changes,
        names=panel.names,
        simulated_tables=panel.simulated_tables,
        design=ChangeDesign(start, end, panel.programme_units),
    )
