"""The bundled study and its panel, read once for all tests of a process; a test that changes one works on a copy."""

from __future__ import annotations

import pytest

import papi_analysis as pa


@pytest.fixture(scope="session")
def study() -> pa.Study:
    return pa.load_study("can_tho_2018_2020")


@pytest.fixture(scope="session")
def panel(study: pa.Study) -> pa.Panel:
    return pa.Panel.from_study(study)
