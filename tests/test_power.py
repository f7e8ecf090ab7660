"""The record of what one test of the family finds: whole, of the size it should have, and made by what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks" / "validation"


@pytest.fixture(scope="module")
def power():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("power", FOLDER / "power.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_the_record_is_whole_and_holds_the_size() -> None:
    record = pd.read_csv(FOLDER / "power.csv").set_index(["question", "programme_units", "effects"])
    assert len(record) == 15
    nothing = record.xs("none", level="effects")[["mean", "standardised_mean"]]
    error = np.sqrt(0.05 * 0.95 / record["panels"].iloc[0])
    assert (abs(nothing - 0.05) < 3 * error).all().all()
    gain = (record["standardised_mean"] - record["mean"]).unstack("effects")
    assert (gain[["all", "half", "quiet"]] > 0).all().all()
    assert (gain["noisy"] < 0).all()  # what the plain mean is better at


@pytest.mark.parametrize("question", ["gap", "slope"])
def test_a_panel_finds_large_effects_by_every_test(power, question, monkeypatch) -> None:
    monkeypatch.setattr(power, "effect_sizes", lambda mean, spreads: dict.fromkeys(power.EFFECTS, 9 * spreads))
    assert power.found(question, 3, np.random.default_rng(0), 0).all()
