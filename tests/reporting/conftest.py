"""Answers to show: of the bundled study, of simulated programmes, and of a study that is not PAPI at all."""

import os
import shutil
from contextlib import contextmanager
from functools import cache

import matplotlib
import numpy as np
import pandas as pd
import pytest

import papi_analysis as pa
from papi_analysis.credibility.simulation import simulate_study
from papi_analysis.reporting import answers
from papi_analysis.reporting.canvas import picture_of
from papi_analysis.reporting.programme_report import SECTIONS, ProgrammeReport
from papi_analysis.reporting.section import Section, Words
from papi_analysis.reporting.tables import Table
from papi_analysis.study.study import make_study

matplotlib.use("agg")

# What a report says of its calibration does not hang on the number of panels, but its time does.
answers.PANELS = 4


@pytest.fixture(scope="session")
def papi_words():
    """Words that belong to PAPI and must not show up in a study of anything else."""
    return ("D1", "PAPI", "Can Tho", "Cần Thơ", "VN-", "Participation", "Six", "Sáu")


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def browser():
    """Chromium without a network. Where there is none the test is skipped, or fails if PAPI_BROWSER=required."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        words = "no Chromium here to open pages in: apt-get install chromium, or put google-chrome on the PATH"
        (pytest.fail if os.environ.get("PAPI_BROWSER") == "required" else pytest.skip)(words)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def parts(study):
    """The parts of the bundled study's report by language and section, made when asked for, from the same answers."""
    english, vietnamese = (pa.ProgrammeReport(study, language) for language in ("en", "vi"))
    vietnamese.answers = english.answers
    return {report.tongue.code: _Made(report) for report in (english, vietnamese)}


#: As they are, whatever a test puts in their place.
ASKED = {name: getattr(ProgrammeReport, name) for name in SECTIONS}


class _Made(dict):
    def __init__(self, report):
        super().__init__()
        self.report = report

    def __missing__(self, name):
        self[name] = list(ASKED[name](self.report))
        return self[name]


@pytest.fixture(scope="session")
def made(parts):
    """Give, as a context, reports on the bundled study that show the parts already made, each figure rendered once."""

    @cache
    def rendered(language, name):
        ready = (part if isinstance(part, Words | Table) else picture_of(part) for part in parts[language][name])
        return Section(tuple(ready), own_page=name == SECTIONS[0])

    @contextmanager
    def shown():
        with pytest.MonkeyPatch.context() as patch:
            for name in SECTIONS:

                def section(report, name=name):
                    return rendered(report.tongue.code, name)

                patch.setattr(ProgrammeReport, name, section)
            yield

    return shown


@pytest.fixture(scope="session")
def targets(study):
    return pa.target_attainment(study)


@pytest.fixture(scope="session")
def changes(panel):
    return pa.change_slopes(panel, 2017, 2020)


@pytest.fixture(scope="session")
def simulated_study(panel):
    return simulate_study(panel, slopes=0.05, rng=1)


@pytest.fixture(scope="session")
def slopes(simulated_study):
    """Slopes with intervals: every unit has a programme."""
    return pa.completion_slopes(pa.Panel.from_study(simulated_study), draws=99)


@pytest.fixture(scope="session")
def untold():
    """Slopes without intervals: one programme among twelve units."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([[f"u{i}" for i in range(12)], range(1, 7), ["a", "b"]])
    scores = index.to_frame(index=False, name=["unit", "year", "dimension"])
    scores["score"] = 5 + rng.random(len(scores))
    done = scores[scores["unit"] == "u3"].drop(columns="score")
    done["completion"] = np.sort(rng.random(len(done)))
    others = [f"u{i}" for i in range(12) if i != 3]
    return pa.completion_slopes(pa.Panel.from_frames(scores, done, without_programme=others), draws=99)


@pytest.fixture(scope="session")
def foreign():
    """Twelve schools, two measures with awkward names, three years, nothing simulated.

    A pair of dollar signs in a name is no formula: drawn as one, these would stop with an error.
    """
    rng = np.random.default_rng(3)
    units = [f"school {i}" for i in range(12)]
    dimensions = ["money", "x < y & {z}"]
    index = pd.MultiIndex.from_product([units, [2001, 2002, 2003], dimensions])
    scores = index.to_frame(index=False, name=["unit", "year", "dimension"])
    scores["score"] = np.round(40 + 20 * rng.random(len(scores)), 2)
    # A gap in the middle of one unit's years, and one in another unit's last.
    scores = scores[~((scores["unit"] == "school 1") & (scores["year"] == 2002) & (scores["dimension"] == "money"))]
    scores = scores[~((scores["unit"] == "school 2") & (scores["year"] == 2003))].reset_index(drop=True)
    tasks = pd.DataFrame(
        [
            (
                unit,
                f"{unit} {number}",
                dimension,
                pd.Timestamp(2002, 1, 1),
                pd.Timestamp(2003, 6, 30),
                rf"$\frac{{$ office {number}",
            )
            for unit in units[:3]
            for number, dimension in enumerate(dimensions)
        ],
        columns=["unit", "task", "dimension", "start", "due", "lead_agency_en"],
    )
    reports = [(pd.Timestamp(2002, 3, 31), 0.1), (pd.Timestamp(2002, 9, 30), 0.4), (pd.Timestamp(2003, 6, 30), 0.9)]
    progress = pd.DataFrame(
        [
            (task.unit, task.task, day, day + pd.Timedelta(days=10 + 40 * late), share * (1 - 0.2 * late))
            for late, task in enumerate(tasks.itertuples())
            for day, share in reports
        ],
        columns=["unit", "task", "as_of", "reported_on", "completion"],
    ).assign(completion=lambda frame: frame["completion"].clip(0, 1))
    goals = pd.DataFrame(
        [("school 0", dimension, 2003, 55.5) for dimension in dimensions],
        columns=["unit", "dimension", "year", "target"],
    )
    return make_study(
        source="",
        title_en="Repairs of schools",
        title_vi="",
        decision="",
        unit="school 0",
        base_year=2001,
        start=pd.Timestamp(2002, 1, 1),
        end=pd.Timestamp(2003, 12, 31),
        years=(2001, 2003),
        without_programme="all others",
        scores=scores,
        units=pd.DataFrame(
            {"unit": units, "name_en": [rf"School $\frac{{$ {i}" for i in range(12)], "name_vi": "", "variants": ""}
        ),
        dimensions=pd.DataFrame(
            {
                "dimension": dimensions,
                "name_en": [r"Cost $\frac{1}{$ of a place", "Order"],
                "name_vi": "",
                "scale_min": 0.0,
                "scale_max": 100.0,
            }
        ),
        breaks=pd.DataFrame({"dimension": [], "year": [], "kind": [], "what": [], "standing": []}),
        tasks=tasks,
        progress=progress,
        targets=goals,
        simulated_tables=(),
    )
