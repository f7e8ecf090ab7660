"""The public face is written out here, in the order of use, so that widening it shows."""

from __future__ import annotations

from importlib import import_module

import pytest

import papi_analysis

PUBLIC = [
    "load_study",
    "Study",
    "Panel",
    "long_frame",
    "completion",
    "completion_slopes",
    "change_slopes",
    "programme_impact",
    "completion_beside_gaps",
    "event_time",
    "regression_to_the_mean",
    "target_attainment",
    "gain_needed",
    "verdicts",
    "design_tests",
    "calibrate",
    "impact_robustness",
    "specification_curve",
    "plan_study",
    "Estimates",
    "sentence",
    "remarks",
    "table",
    "draw",
    "show",
    "save_table",
    "save_figure",
    "ProgrammeReport",
    "render_report",
    "PapiError",
    "DataError",
    "SpecError",
    "DataWarning",
    "papi",
]

#: What is PAPI's alone.
OF_PAPI = [
    "load_scores",
    "load_dimensions",
    "load_units",
    "load_provinces",
    "find_unit",
    "load_breaks",
    "load_known_programmes",
]


def test_public_names_are_these():
    assert papi_analysis.__all__ == PUBLIC
    assert sorted(papi_analysis.papi.__all__) == sorted(OF_PAPI)


def test_each_public_name_is_there_and_documented():
    named = [getattr(papi_analysis, name) for name in PUBLIC] + [getattr(papi_analysis.papi, name) for name in OF_PAPI]
    assert all(one.__doc__ for one in named)


def test_dir_lists_the_public_names():
    assert [*PUBLIC, "__version__"] == papi_analysis.__dir__()


@pytest.mark.parametrize(("name", "room"), papi_analysis._ROOM_OF.items())
def test_a_name_that_is_used_rarely_says_in_which_room_it_is(name: str, room: str):
    with pytest.raises(AttributeError) as refusal:
        getattr(papi_analysis, name)
    assert str(refusal.value) == f"{name} is in a room: from papi_analysis.{room} import {name}"
    assert getattr(import_module(f"papi_analysis.{room}"), name).__doc__


@pytest.mark.parametrize("name", OF_PAPI)
def test_what_is_papis_alone_says_so(name: str):
    with pytest.raises(AttributeError, match=rf"{name} is in papi_analysis\.papi: write papi\.{name}"):
        getattr(papi_analysis, name)


@pytest.mark.parametrize("name", papi_analysis._GONE)
def test_a_name_that_is_gone_says_what_stands_in_its_place(name: str):
    with pytest.raises(AttributeError, match=rf"{name} is no longer in papi_analysis: .+"):
        getattr(papi_analysis, name)


def test_a_name_that_never_was_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'papi_analysis' has no attribute 'nonsense'"):
        papi_analysis.nonsense  # noqa: B018
