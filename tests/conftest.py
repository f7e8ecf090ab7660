"""The bundled study and its panel, read once for all tests of a process; a test that changes one works on a copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_study


@pytest.fixture(scope="session")
def study() -> pa.Study:
    return pa.load_study("can_tho_2018_2020")


@pytest.fixture(scope="session")
def panel(study: pa.Study) -> pa.Panel:
    return pa.Panel.from_study(study)


@pytest.fixture(scope="session")
def simulated(panel: pa.Panel) -> Callable[..., pa.Panel]:
    """Panels with so many programmes of known slope, each made once: ``simulated(units, slope)``."""

    @cache
    def made(units: int, slope: float | tuple[float, ...] = 0.05) -> pa.Panel:
        return pa.Panel.from_study(simulate_study(panel, slopes=slope, units=units, rng=4))

    return made
