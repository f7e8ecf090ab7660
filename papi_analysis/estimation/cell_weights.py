"""Weights of cells: those that a user gives to units, or the precision of each score, one over its squared error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from papi_analysis.arrays import Floats
from papi_analysis.errors import Note, SpecError, if_any
from papi_analysis.estimation.by_unit import unit_weights
from papi_analysis.estimation.specification import Equations
from papi_analysis.panel.panel import Panel

NO_WEIGHT_IN = Note("weights are 0 for all units with scores in {dimension}. Give some above 0, or leave it out.")
NO_ERRORS = Note(
    "weights='precision' needs the standard errors of the scores, and the panel has none. Add a column se to the table "
    "of scores, or give a weight by unit."
)
PRECISION = Note(
    "Cells are weighted by the precision of their score, 1 / se^2. That serves best where measurement error is most of "
    "the noise; where other shocks are, it only lets fewer units count."
)
NOT_WEIGHED = Note("{cells} cells have a score without a standard error and are left out.")


def weigh(
    panel: Panel, eq: Equations, weights: Mapping[str, float] | Literal["precision"] | None
) -> tuple[Equations, list[Note]]:
    """Give the cells their weights; those that weigh nothing play no part anywhere."""
    if weights is None:
        return eq, []
    if not isinstance(weights, str):
        size, notes = np.broadcast_to(by_unit(panel, weights)[:, None, None], eq.y.shape), []
    elif eq.variance is None:
        raise SpecError(NO_ERRORS)
    else:
        size = precision(eq.y, eq.variance)
        notes = [PRECISION, *if_any(NOT_WEIGHED(cells=int((np.isfinite(eq.y) & (size == 0)).sum())))]
    return replace(eq, y=np.where(size > 0, eq.y, np.nan), weights=size), notes


def precision(y: Floats, variance: Floats) -> Floats:
    """1 / variance of each cell (N, T, K) with mean 1 over the cells of a dimension, 0 where either is missing."""
    size = np.where(np.isfinite(y) & np.isfinite(variance), 1 / variance, 0.0)
    mean = size.sum(axis=(0, 1)) / np.maximum((size > 0).sum(axis=(0, 1)), 1)
    return np.asarray(size / np.where(mean > 0, mean, 1.0))


def by_unit(panel: Panel, weights: Mapping[str, float]) -> Floats:
    """Weights by unit (N,) with mean 1; some unit of every dimension must count."""
    size = unit_weights(panel, weights)
    for place, name in enumerate(panel.dimensions):
        if not size[np.isfinite(panel.scores[:, :, place]).any(axis=1)].any():
            raise SpecError(NO_WEIGHT_IN(dimension=name))
    return np.asarray(size / size.mean())
