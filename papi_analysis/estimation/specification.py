"""What equation is asked for, as a frozen value, and the arrays that it makes of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict

import numpy as np

from papi_analysis.arrays import Bools, Floats, Ints
from papi_analysis.errors import SpecError
from papi_analysis.estimation.regression import WithinFit, fit_within
from papi_analysis.panel.frames import first_and_last
from papi_analysis.panel.panel import Panel

Form = Literal["imputation", "levels", "differences"]


class Settings(TypedDict, total=False):
    """The settings of a `Specification` by name."""

    lag: int
    form: Form
    years: tuple[int, int] | None
    controls: str | Sequence[str]
    lagged_score: bool


@dataclass(frozen=True)
class Specification:
    """The equation that relates scores to completion.

    Imputation: what the score would have been is learnt from cells that no programme touched; the slope is that of the
    gaps on completion (see ``estimation.imputation``). The other two compare programmes with each other as well:
    Levels, the two-way slope: y[i,t] = unit effect + year effect + b C[i,t-lag] + controls + e.
    Differences: y[i,t] - y[i,t-1] = year effect + b (C[i,t-lag] - C[i,t-1-lag]) + changes of controls + e.

    Attributes
    ----------
    lag
        Years (surveys, where they are not yearly) by which completion precedes the score; negative for a lead, which is
        a placebo: it is asked of the years before a unit's first completion alone, for the later ones hold what the
        programme did.
    form
        ``"imputation"``, ``"levels"`` or ``"differences"``.
    years
        First and last year to use, an era for instance; default all. Nothing outside them is looked at, whatever the
        form and the lag: the answer is that of a panel cut to these years.
    controls
        Names of the panel's controls to hold constant.
    lagged_score
        Whether the score of the year before is held constant. With unit effects and few years its own
        coefficient is biased towards zero by about 1/T (Nickell 1981).

    Examples
    --------
    >>> Specification().update(lag=1)
    Specification(lag=1, form='imputation', years=None, controls=(), lagged_score=False)

    """

    lag: int = 0
    form: Form = "imputation"
    years: tuple[int, int] | None = None
    controls: tuple[str, ...] = ()
    lagged_score: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.form, str) or self.form not in ("imputation", "levels", "differences"):
            raise SpecError("form is 'imputation', 'levels' or 'differences', not {form!r}.", form=self.form)
        if self.form == "imputation" and self.lagged_score is True:
            raise SpecError(
                "imputation holds the last score before the start constant already; for the score of the "
                "year before ask form='levels' or form='differences'."
            )
        if isinstance(self.lag, bool) or not isinstance(self.lag, int | np.integer):
            raise SpecError("lag is a whole number of years, not {lag!r}.", lag=self.lag)
        if self.years is not None:
            object.__setattr__(self, "years", first_and_last(self.years, "years"))
        if not isinstance(self.lagged_score, bool):
            raise SpecError("lagged_score is True or False, not {lagged_score!r}.", lagged_score=self.lagged_score)
        if not isinstance(self.controls, str | tuple | list):
            raise SpecError(
                "controls is a list of names of the panel's controls, not {controls!r}.", controls=self.controls
            )
        object.__setattr__(self, "controls", (self.controls,) if isinstance(self.controls, str) else (*self.controls,))

    def update(self, **changes: Any) -> Specification:
        """Return a copy with some settings changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Equations:
    """A specification applied to a panel: arrays over units, the years that are left, and dimensions.

    ``y`` is NaN wherever the score, completion or a control is not known, or nothing is asked; ``C`` keeps what is
    known.
    """

    y: Floats  # (N, T, K)
    C: Floats  # (N, T, K)
    controls: Floats  # (N, T, K, q)
    names: tuple[str, ...]  # of the q controls
    dimensions: tuple[str, ...]
    asked: Bools  # (N, T, K) cells that the question is about; a lead leaves out what a programme touched
    unit_effects: bool
    weights: Floats | None = None  # (N, T, K)
    variance: Floats | None = None  # (N, T, K) of the measurement error of y, where standard errors are known
    clusters: Ints | None = None  # (N,) codes from 0; units unless given

    def fit(self, units: Bools) -> list[WithinFit]:
        """Fit each dimension on the cells of ``units`` (N,); the clusters are units.

        Raises
        ------
        SpecError
            Where completion does not vary, a control is collinear, or the cells are too few.
        """
        fits = []
        for k, dimension in enumerate(self.dimensions):
            cells = np.isfinite(self.y[:, :, k]) & units[:, None]
            weight = None if self.weights is None else self.weights[:, :, k]
            if weight is not None:
                cells &= weight > 0
            if not cells.any():
                raise SpecError(
                    "dimension {dimension} has no cell with all that the equation needs: score, completion, "
                    "controls, and where a lag or differences are asked for the years before. Leave it out.",
                    dimension=dimension,
                )
            unit, year = np.nonzero(cells)
            X = np.column_stack([self.C[:, :, k][cells], self.controls[:, :, k][cells]])
            names = [f"completion of {dimension}", *(f"{name} ({dimension})" for name in self.names)]
            y, weights = self.y[:, :, k][cells], None if weight is None else weight[cells]
            groups = unit if self.clusters is None else self.clusters[unit]
            # In differences the unit effects are gone: years are the only effects left.
            effects = (unit, year) if self.unit_effects else (year, None)
            fits.append(fit_within(y, X, *effects, names=names, clusters=groups, weights=weights))
        return fits


def equations(panel: Panel, spec: Specification) -> Equations:
    """Apply a specification to a panel.

    Raises
    ------
    SpecError
        Where the panel lacks the years or controls that it asks for.
    """
    panel.need_completion()
    for name in spec.controls:
        if name not in panel.controls:
            known = ", ".join(panel.controls) or "none: give from_frames a table of controls"
            raise SpecError("the panel has no control {name!r}. It has {known}.", name=name, known=known)
    if spec.years is not None:
        panel = panel.cut(*spec.years)
    T = len(panel.years)
    keep = np.arange(T)
    C = _shift(panel.completion, spec.lag)
    columns = [panel.controls[name] for name in spec.controls]
    names = list(spec.controls)
    if spec.lagged_score:
        columns.append(_shift(panel.scores, 1))
        names.append("score of the year before")
    y, variance = panel.scores, None if panel.se is None else panel.se**2
    W = np.stack(columns, axis=-1) if columns else np.empty((*y.shape, 0))
    if spec.form == "differences":
        y, C, W = (_shift_difference(values) for values in (y, C, W))
        variance = None if variance is None else variance + _shift(variance, 1)  # errors of two surveys
    # Years that the lag or the difference leaves without a partner are no gaps of the data.
    keep = keep[(keep - spec.lag >= 0) & (keep - spec.lag < T)]
    if spec.form == "differences":
        keep = keep[(keep >= 1) & (keep - 1 - spec.lag >= 0)]
    if spec.lagged_score:
        keep = keep[keep >= (2 if spec.form == "differences" else 1)]
    if len(keep) < 2:
        raise SpecError(
            "lag {lag} and form {form!r} leave fewer than two of the {t} years from {years} to "
            "{years_2}. Use more years.",
            lag=spec.lag,
            form=spec.form,
            t=T,
            years=panel.years[0],
            years_2=panel.years[-1],
        )
    y, C, W = y[:, keep], C[:, keep], W[:, keep]
    usable = np.isfinite(y) & np.isfinite(C) & np.isfinite(W).all(axis=-1)
    asked = np.ones(y.shape, dtype=bool)
    if spec.lag < 0:
        own = panel.completion[:, keep]
        touched = np.logical_or.accumulate((np.nan_to_num(panel.completion) > 0).any(axis=2), axis=1)[:, keep]
        asked &= ~touched[:, :, None]
        usable &= asked & np.isfinite(own)
    return Equations(
        y=np.where(usable, y, np.nan),
        C=np.where(asked, C, 0.0),  # where nothing is asked, whoever follows a programme in a placebo gets none of it
        controls=W,
        names=tuple(names),
        dimensions=panel.dimensions,
        asked=asked,
        unit_effects=spec.form != "differences",
        variance=None if variance is None else variance[:, keep],
    )


def _shift(values: Floats, lag: int) -> Floats:
    """Move ``values`` (N, T, ...) so that year t holds the value of year t - lag; NaN where there is none."""
    T = values.shape[1]
    moved = np.full_like(values, np.nan)
    if abs(lag) < T:
        moved[:, max(lag, 0) : T + min(lag, 0)] = values[:, max(-lag, 0) : T - max(lag, 0)]
    return moved


def _shift_difference(values: Floats) -> Floats:
    """Difference of each year and the year before; NaN in the first year."""
    return values - _shift(values, 1)
