"""Figures plot the numbers that they were given, say them in words, mark what is simulated, and can be read."""

import dataclasses
import html
import io
import re
import struct
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import papi_analysis as pa
from papi_analysis.estimation.estimates import Estimates
from papi_analysis.panel.changes import standing
from papi_analysis.panel.completion import completion_by_agency, reporting_record
from papi_analysis.panel.monitoring import task_counts
from papi_analysis.reporting import canvas, marks
from papi_analysis.reporting.canvas import figure_of, png
from papi_analysis.reporting.data_figures import draw_eras, draw_history, draw_rank
from papi_analysis.reporting.figures import draw_estimates, draw_targets
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.page import page_of
from papi_analysis.reporting.task_figures import draw_agencies, draw_completion, draw_reporting, draw_tasks

SIX = ["D1", "D2", "D3", "D4", "D5", "D6"]
LANGUAGES = ["en", "vi"]


@pytest.fixture(scope="module")
def places(study):
    return standing(study.scores, SIX)


@pytest.fixture(scope="module")
def by_quarter(study):
    return pa.completion(study.tasks, study.progress, as_of=pd.date_range("2018-03-31", "2020-12-31", freq="QE"))


@pytest.fixture(scope="module")
def agencies(study):
    return completion_by_agency(study.tasks, study.progress, as_of="2019-06-30")


@pytest.fixture(scope="module")
def record(study):
    return reporting_record(study.tasks, study.progress)


@pytest.fixture(scope="module")
def counts(study):
    return task_counts(study, on="2019-06-30")


@pytest.fixture(scope="module")
def draw(study, places, by_quarter, agencies, record, counts, targets, slopes):
    """Draw a figure by its name, as if ``simulated`` were the tables that were made up."""

    def drawn(name, simulated=("scores", "tasks", "progress"), **settings):
        as_study = dataclasses.replace(study, simulated_tables=simulated)
        answer = {"draw_targets": targets, "draw_estimates": slopes}.get(name)
        if answer is not None:
            return globals()[name](dataclasses.replace(answer, simulated_tables=simulated), **settings)
        if name == "draw_history":
            return draw_history(as_study, "VN-CT", **settings)
        if name == "draw_eras":
            return draw_eras(as_study, **settings)
        if name == "draw_rank":
            return draw_rank(places, "VN-CT", simulated=simulated, **settings)
        shown = {
            "draw_completion": by_quarter,
            "draw_agencies": agencies,
            "draw_reporting": record,
            "draw_tasks": counts,
        }
        cells = shown[name]
        return globals()[name](cells, as_study, **settings)

    return drawn


@pytest.fixture(scope="module")
def gallery(draw):
    """Every figure in every language, rendered once, for tests that only look."""
    drawn = {(name, language): draw(name, language=language) for name in GRIDS + SINGLE for language in LANGUAGES}
    for axes in drawn.values():
        canvas.figure_of(axes).draw_without_rendering()
    return drawn


GRIDS = ["draw_history"]
SINGLE = [
    "draw_eras",
    "draw_rank",
    "draw_completion",
    "draw_agencies",
    "draw_reporting",
    "draw_targets",
    "draw_estimates",
    "draw_tasks",
]


def words_of(drawn):
    """All that can be read on a figure; the ticks once it was rendered."""
    return "\n".join(text.get_text() for text in canvas.figure_of(drawn).findobj(Text) if text.get_visible())


def shown_texts(figure):
    """The texts that a rendered figure shows: no hidden ones, no ticks beyond the axes."""
    ticks = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high:
                    ticks |= {tick.label1, tick.label2}
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    hidden = {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    return [text for text in texts if text not in ticks | hidden]


def alt_of(drawn):
    return canvas.alternative(canvas.figure_of(drawn))


def offsets(ax):
    """Points of the scatter plots of an axes, one array for each collection that holds points."""
    return [
        np.asarray(c.get_offsets()) for c in ax.collections if len(c.get_offsets()) and not hasattr(c, "get_segments")
    ]


def segments(ax):
    return [np.asarray(s) for c in ax.collections if hasattr(c, "get_segments") for s in c.get_segments()]


def line_data(line):
    return np.asarray(line.get_xdata(orig=False), float), np.asarray(line.get_ydata(orig=False), float)


def test_every_public_draw_function_is_tested():
    """Here, or in a file of its own: a new one must be named in a test."""
    tests = Path(__file__).parent.parent
    elsewhere = "\n".join(
        file.read_text(encoding="utf-8") for file in tests.rglob("test_*.py") if file != Path(__file__)
    )
    rooms = (Path(pa.__file__).parent / "reporting").glob("*.py")
    drawn = [name for file in rooms for name in re.findall(r"^def (draw_\w+)", file.read_text("utf-8"), re.MULTILINE)]
    assert set(GRIDS + SINGLE) <= set(drawn)
    assert [name for name in drawn if name not in GRIDS + SINGLE and f"{name}(" not in elsewhere] == []


# What is plotted


def test_targets_are_plotted_where_they_are(targets):
    ax = draw_targets(targets)
    table = targets.table.iloc[:-1]
    rows = np.arange(6)[::-1]
    for points, column in zip(offsets(ax), ("base", "outcome", "target"), strict=True):
        np.testing.assert_allclose(points, np.column_stack([table[column], rows]))
    ends = np.array(segments(ax))
    np.testing.assert_allclose(ends[:, :, 0], table[["base", "outcome"]])
    np.testing.assert_allclose(ends[:, :, 1], np.column_stack([rows, rows]))
    labels = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert labels == [f"{code} {targets.names[code][0]}" for code in SIX]
    assert ax.get_yticks().tolist() == rows.tolist()


def test_estimates_are_plotted_where_they_are(slopes):
    truth = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    ax = draw_estimates(slopes, truth=truth)
    table, rows = slopes.table, np.arange(7)[::-1]
    points, known = offsets(ax)
    np.testing.assert_allclose(points, np.column_stack([table["estimate"], rows]))
    np.testing.assert_allclose(known, np.column_stack([[*truth, np.mean(truth)], rows]))
    ends = np.array(segments(ax))
    np.testing.assert_allclose(ends[:, :, 0], table[["low", "high"]])
    np.testing.assert_allclose(ends[:, :, 1], np.column_stack([rows, rows]))
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "Mean of the family"


def test_estimates_without_intervals_draw_none_and_claim_none(untold):
    ax = draw_estimates(untold)
    assert not segments(ax)
    np.testing.assert_allclose(offsets(ax)[0][:, 0], untold.table["estimate"])
    assert "interval" not in alt_of(ax) + words_of(ax)
    assert "khoảng" not in alt_of(draw_estimates(untold, language="vi"))


def test_an_end_that_is_infinite_is_an_arrow():
    table = pd.DataFrame(
        {
            "dimension": ["a", "b", "mean"],
            "estimate": [1.0, 2.0, 1.5],
            "low": [0.5, -np.inf, np.nan],
            "high": [2, np.inf, np.nan],
            "floor": 0.0,
        }
    )
    ax = draw_estimates(Estimates("completion_slopes", table))
    ax.figure.draw_without_rendering()
    (own, endless) = segments(ax)
    assert own[:, 0].tolist() == [0.5, 2.0]
    assert endless[0, 0] < 0.5
    assert endless[1, 0] > 2.0
    arrows = sorted(points[0, 0] for points in offsets(ax) if len(points) == 1)
    assert arrows == endless[:, 0].tolist()
    assert np.isfinite(ax.get_xlim()).all()
    assert "b 2.000 [-∞; ∞]" in alt_of(ax)


@pytest.mark.parametrize("language", LANGUAGES)
def test_slopes_stand_under_the_names_of_their_groups(language):
    table = pd.DataFrame(
        {
            "group": ["by reviewers", "by reviewers", "by firms"],
            "dimension": ["VA", "PV", "D2"],
            "estimate": [0.1, -0.2, 0.3],
            "low": [0.0, -0.3, 0.2],
            "high": [0.2, -0.1, 0.4],
        }
    )
    ax = draw_estimates(Estimates("completion_slopes", table), scale="SD for one SD", language=language)
    places = ax.get_yticks().tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["VA", "PV", "D2"]
    headings = {text.get_text(): text.xy[1] for text in ax.texts}
    assert headings == {"by reviewers": places[0] + 1, "by firms": places[2] + 1}
    assert not set(headings.values()) & set(places)
    assert places[1] == places[0] - 1
    assert ax.get_ylim()[1] > max(headings.values())
    assert ax.get_xlabel().startswith("SD for one SD")
    words = alt_of(ax)
    assert words.index("by reviewers: VA") < words.index("PV") < words.index("by firms: D2")


def test_the_scale_reaches_to_what_is_known_at_least(slopes):
    ax = draw_estimates(slopes)
    low, high = ax.get_xlim()
    assert low < slopes.table["low"].min()
    assert high > slopes.table["high"].max()
    assert low < 0 < high  # the line of no slope is on the figure


def test_history_is_that_of_the_scores(study):
    axes = draw_history(study, "VN-CT")
    wide = study.scores.pivot(index=["year", "unit"], columns="dimension", values="score")
    for ax, dimension in zip(axes.ravel(), SIX, strict=True):
        by_year = wide[dimension].unstack()
        mean, own = ax.lines[:2]
        np.testing.assert_allclose(line_data(mean)[1], by_year.mean(axis=1))
        np.testing.assert_allclose(np.column_stack(line_data(own)), np.column_stack([by_year.index, by_year["VN-CT"]]))
        band = ax.collections[0].get_paths()[0].vertices
        for year, low, high in by_year.quantile([0.25, 0.75], axis=1).T.itertuples():
            assert {low, high} <= set(band[band[:, 0] == year, 1])
        hit = study.breaks["dimension"].isin(["all", dimension]) & study.breaks["kind"].isin(
            ["definition", "sample", "mode"]
        )
        drawn = sorted(line.get_xdata()[0] + 0.5 for line in ax.lines[2:])
        assert drawn == sorted(set(study.breaks.loc[hit, "year"]))


def test_a_survey_every_second_year_is_one_line(study):
    biennial = study.scores[study.scores["year"] % 2 == 0]
    axes = draw_history(dataclasses.replace(study, scores=biennial), "VN-CT")
    years, scores = line_data(axes.ravel()[0].lines[1])
    assert years.tolist() == list(range(2012, 2025, 2))
    assert np.isfinite(scores).all()
    rank = draw_rank(standing(biennial, SIX), "VN-CT").lines[0]
    assert np.isfinite(line_data(rank)[1]).all()


def test_history_keeps_gaps_and_counts_whole_years_only(study):
    # Quang Ninh has no D2 and D4 in 2018: its line breaks there, and the sum of four is not its lowest sum of six.
    axes = draw_history(study, "VN-13")
    own = study.scores.query("unit == 'VN-13' and dimension in @SIX")
    years, scores = line_data(axes.ravel()[1].lines[1])
    known = set(own.query("dimension == 'D2'")["year"])
    assert {int(year) for year in years[np.isnan(scores)]} == set(range(2011, 2025)) - known
    sums = own.groupby("year")["score"].agg(["sum", "size"])
    assert sums["sum"].idxmin() == 2018
    full = sums.loc[sums["size"] == 6, "sum"]
    said = re.findall(r"(\d{4}) \((\d+\.\d+)\)", alt_of(axes))
    assert said == [(str(year), f"{full[year]:.2f}") for year in (full.idxmax(), full.idxmin())]


def shaded(ax):
    """First and last place of each span that is shaded."""
    spans = [bar for bar in ax.patches if to_rgb(bar.get_facecolor()) == to_rgb(marks.SHADE)]
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in spans]


def test_the_years_of_a_programme_are_shaded_and_said_to_be(study, places, by_quarter):
    axes = draw_history(study, "VN-CT").ravel()
    assert [shaded(ax) for ax in axes] == [[(2017.5, 2020.5)]] * 6
    rank = draw_rank(places, "VN-CT", programme=study.programme_years("VN-CT"))
    assert shaded(rank) == shaded(draw_eras(study)) == [(2017.5, 2020.5)]
    words = "Shaded: the years of the programme"
    assert figure_of(axes).get_supxlabel() == rank.get_xlabel() == words
    days = pd.date_range("2017-06-30", "2021-12-31", freq="QE")
    ax = draw_completion(pa.completion(study.tasks, study.progress, as_of=days), study)
    assert shaded(ax) == [(mdates.date2num(study.start), mdates.date2num(study.end))]
    assert ax.get_xlabel().splitlines() == [
        words, "Bands: how far tasks without a report leave completion open"
    ]  # fmt: skip


def test_nothing_is_shaded_where_there_was_no_programme_or_nothing_else(study, places, by_quarter):
    other, rank = draw_history(study, "VN-HN"), draw_rank(places, "VN-HN", programme=None)
    during = draw_completion(by_quarter, study)  # all of it lies within the programme
    for ax in (*other.ravel(), rank, during):
        assert not shaded(ax)
        assert "Shaded" not in words_of(ax)
    assert study.programme_years("VN-HN") is None


def test_eras_are_bars_and_each_change_of_a_dimension_is_a_mark(study):
    breaks = pd.DataFrame(
        [("all", 2013, "sample"), ("D2", 2013, "definition"), ("D2", 2014, "level"), ("D1", 2030, "mode")],
        columns=["dimension", "year", "kind"],
    ).assign(what="", standing="")
    ax = draw_eras(dataclasses.replace(study, breaks=breaks), (2011, 2016))
    places = dict(zip(SIX, ax.get_yticks(), strict=True))
    bars = [bar for bar in ax.patches if to_rgb(bar.get_facecolor()) == to_rgb(marks.PALE)]
    found = sorted((bar.get_y() + bar.get_height() / 2, bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars)
    # Only the sample, and the definition in the same year, begin an era; a level does not.
    ends = [(2010.5, 2012.5), (2012.5, 2016.5)]
    np.testing.assert_allclose(found, sorted((y, *end) for y in places.values() for end in ends))
    shown = [points[0] for points in offsets(ax) if points[0][0] > 1000]
    assert len(shown) == 6 + 2
    second = sorted(place for place in map(tuple, shown) if abs(place[1] - places["D2"]) < 0.5)
    assert [x for x, _ in second] == [2012.5, 2012.5, 2013.5]
    assert second[0][1] < places["D2"] < second[1][1]
    assert second[2][1] == places["D2"]
    assert [text.get_text() for text in ax.texts] == ["definition", "sample", "level"]
    assert "D2: 2013 definition, 2013 sample, 2014 level;" in alt_of(ax)
    assert "mode" not in alt_of(ax)


def test_eras_without_a_break_and_of_a_kind_of_ones_own(study):
    none = dataclasses.replace(study, breaks=study.breaks.iloc[:0])
    assert alt_of(draw_eras(none)).endswith("what changed when: –.")
    own = study.breaks.iloc[:1].assign(kind="question wording")
    assert "2015 question wording" in alt_of(draw_eras(dataclasses.replace(study, breaks=own)))


def test_rank_is_that_of_the_standing(places):
    ax = draw_rank(places, "VN-CT")
    own = places.query("unit == 'VN-CT' and dimension == 'total'")
    np.testing.assert_array_equal(np.column_stack(line_data(ax.lines[0])), own[["year", "rank"]])
    assert [text.get_text() for text in ax.texts] == [str(rank) for rank in own["rank"]]
    bottom, top = ax.get_ylim()
    assert bottom > top, "first place is on top"


def test_a_year_without_a_rank_breaks_the_line(places):
    ax = draw_rank(places, "VN-13")
    years, ranks = line_data(ax.lines[0])
    known = set(places.query("unit == 'VN-13' and dimension == 'total'")["year"])
    missing = {int(year) for year in years[np.isnan(ranks)]}
    assert missing == set(range(2011, 2025)) - known
    assert 2018 in missing
    assert "2018" not in alt_of(ax)


def test_completion_is_that_of_the_cells(study, by_quarter):
    ax = draw_completion(by_quarter, study)
    assert len(ax.lines) == 6
    for line, band, (_, cells) in zip(ax.lines, ax.collections, by_quarter.groupby("dimension"), strict=True):
        x, y = line_data(line)
        np.testing.assert_allclose(x, mdates.date2num(cells["as_of"]))
        np.testing.assert_allclose(y, cells["completion"])
        vertices = band.get_paths()[0].vertices
        for day, low, high in zip(x, cells["low"], cells["high"], strict=True):
            assert {low, high} <= set(vertices[vertices[:, 0] == day, 1])
    assert [text.get_text().split()[0] for text in ax.texts] == SIX
    assert ax.texts[0].get_text() == "D1 Participation at Local Levels"
    styles = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(styles) == 6
    for line, text in zip(ax.lines, ax.texts, strict=True):
        assert text.get_color() == line.get_color()


def test_agencies_are_plotted_where_they_are(study, agencies):
    ax = draw_agencies(agencies, study)
    table = agencies.sort_values("completion")
    rows = np.arange(len(table))
    np.testing.assert_allclose(offsets(ax)[0], np.column_stack([table["completion"], rows]))
    np.testing.assert_allclose(np.array(segments(ax))[:, :, 0], table[["low", "high"]])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [f"{row.lead_agency} ({row.tasks})" for row in table.itertuples()]
    for text, row in zip(ax.texts, table.itertuples(), strict=True):
        shown = [float(number) for number in re.findall(r"\d+", text.get_text())]
        shares = [row.completion, row.low, row.high] if row.unreported else [row.completion]
        np.testing.assert_allclose(shown, 100 * np.array(shares), atol=0.5)


def test_nothing_is_drawn_where_no_begun_task_has_a_report(study, agencies):
    """What has not begun counts 0 and says nothing of the rest: a dash and the range, no 0%."""
    first = agencies.assign(last_report=agencies["last_report"].where(agencies.index != 0), unreported=1)
    words = [text.get_text() for text in draw_agencies(first, study).texts]
    assert sum(word.startswith("– (") for word in words) == 1
    cells = pa.completion(study.tasks, study.progress.head(0), as_of=["2018-06-30", "2018-09-30"])
    silent = cells["dimension"][cells["unreported"] > 0].unique()
    ax = draw_completion(cells[cells["dimension"].isin(silent)], study)
    assert not ax.texts


def test_an_agency_of_which_nothing_is_known_is_no_extreme(study, agencies):
    unknown = agencies.copy()
    unknown.loc[0, ["completion", "low", "high"]] = np.nan, 0.0, 1.0
    alt = alt_of(draw_agencies(unknown, study))
    assert "(–)" not in alt
    assert unknown.loc[0, "lead_agency"] not in alt


def test_reporting_is_that_of_the_record(study, record):
    ax = draw_reporting(record, study)
    base = np.zeros(len(record))
    for bars, column in zip(ax.containers, ("in_time", "late", "missing"), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in bars], record[column])
        np.testing.assert_allclose([bar.get_y() for bar in bars], base)
        base += record[column].to_numpy()
    np.testing.assert_allclose(base, record["begun"])
    assert ax.get_xticklabels()[0].get_text() == "2018\nQ1"


# What is said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_alternative_holds_the_numbers(
    gallery, targets, slopes, by_quarter, agencies, record, places, language
):
    tongue = find_language(language)
    own = places.query("unit == 'VN-CT' and dimension == 'total'")
    last = by_quarter[by_quarter["as_of"] == by_quarter["as_of"].max()]
    numbers = {
        "draw_targets": targets.table.iloc[:-1][["base", "target", "outcome"]].map(tongue.number),
        "draw_estimates": slopes.table[["estimate", "low", "high"]].map(lambda value: tongue.number(value, 3)),
        "draw_history": pd.Series([tongue.number(value) for value in (own["score"].max(), own["score"].min())]),
        "draw_eras": pd.Series(["2015", "2016", "2018", "2021", "2022"]),
        "draw_rank": own["year"].astype(str) + ": " + own["rank"].astype(str),
        "draw_completion": last["dimension"] + ": " + last["completion"].map(tongue.percent),
        "draw_agencies": pd.Series([tongue.percent(f(agencies["completion"])) for f in (min, max)]),
        "draw_reporting": record[["in_time", "late", "missing"]].sum().astype(str),
    }
    for name, expected in numbers.items():
        alt = alt_of(gallery[name, language])
        for text in np.ravel(expected):
            assert text in alt, name
        assert alt.endswith(".")


@pytest.mark.parametrize("name", GRIDS + SINGLE)
def test_languages_differ_in_words_and_not_in_what_is_plotted(gallery, name):
    english, vietnamese = (gallery[name, language] for language in LANGUAGES)
    assert alt_of(english) != alt_of(vietnamese)
    assert words_of(english) != words_of(vietnamese)
    for one, other in zip(np.ravel(english), np.ravel(vietnamese), strict=True):
        for a, b in zip(offsets(one), offsets(other), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(one.lines, other.lines, strict=True):
            np.testing.assert_array_equal(line_data(a), line_data(b))


@pytest.mark.parametrize("name", GRIDS + SINGLE)
def test_vietnamese_figures_have_no_decimal_point(gallery, name):
    drawn = gallery[name, "vi"]
    assert not re.search(r"\d\.\d", words_of(drawn) + alt_of(drawn))


def test_nothing_on_a_vietnamese_figure_was_left_without_translation(draw, monkeypatch):
    asked, text = [], Language.text

    def listening(self, message, **values):
        asked.append(message)
        return text(self, message, **values)

    monkeypatch.setattr(Language, "text", listening)
    for name in GRIDS + SINGLE:
        draw(name, language="vi")
    assert len(set(asked)) > 20
    assert not [message for message in asked if message not in find_language("vi")._messages]


@pytest.mark.parametrize(("language", "mark"), [("en", "SIMULATED: scores"), ("vi", "MÔ PHỎNG: điểm số")])
@pytest.mark.parametrize("name", GRIDS + SINGLE)
def test_what_is_simulated_is_marked_in_figure_and_text(gallery, name, language, mark):
    drawn = gallery[name, language]
    assert mark in words_of(drawn)
    assert alt_of(drawn).startswith(mark)
    assert alt_of(drawn).count(mark) == 1


def test_real_scores_are_not_called_simulated_because_the_register_is(study):
    assert study.simulated_tables == ("tasks", "progress")
    assert "SIMULATED" not in words_of(draw_history(study, "VN-CT"))


def test_the_mark_says_no_level_that_was_not_used(slopes):
    other = dataclasses.replace(slopes, level=0.9)
    ax = draw_estimates(other)
    assert "90%" in alt_of(ax)
    assert "90%" in ax.get_xlabel()
    assert "95%" not in words_of(ax) + alt_of(ax)


# How it is drawn


@pytest.mark.parametrize("name", SINGLE)
def test_a_figure_goes_where_it_is_told_and_is_not_marked_where_nothing_is_simulated(draw, name):
    figure, (left, right) = plt.subplots(1, 2)
    assert draw(name, simulated=(), ax=right) is right
    assert not re.search("simulated", words_of(right) + alt_of(right), re.IGNORECASE)
    assert plt.get_fignums() == [figure.number]
    assert not left.has_data()
    assert right.has_data()
    assert canvas.alternative(figure)


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_goes_where_it_is_told(draw, name):
    figure, axes = plt.subplots(2, 3)
    assert draw(name, axes=axes) is axes
    assert plt.get_fignums() == [figure.number]
    assert all(ax.has_data() for ax in axes.ravel())


def test_two_drawings_on_one_figure_have_both_texts(targets, slopes):
    _, (left, right) = plt.subplots(1, 2)
    draw_targets(targets, ax=left)
    draw_estimates(slopes, ax=right)
    assert "Dot chart of base" in alt_of(left)
    assert "Slopes with 95% intervals" in alt_of(left)


@pytest.mark.parametrize("name", ["draw_completion", "draw_estimates"])
def test_the_same_figure_has_the_same_bytes(draw, name, monkeypatch):
    """All are rendered in the same way; whole pages are compared elsewhere."""
    monkeypatch.setattr(canvas, "DPI", 50)
    first, second = (canvas.png(canvas.figure_of(draw(name))) for _ in range(2))
    assert first == second


def chunks(png):
    stream = io.BytesIO(png[8:])
    while head := stream.read(8):
        length, kind = struct.unpack(">I4s", head)
        yield kind
        stream.read(length + 4)


def test_a_picture_holds_no_date_and_no_version(targets):
    png = canvas.png(canvas.figure_of(draw_targets(targets)))
    assert png.startswith(b"\x89PNG")
    assert not {b"tEXt", b"iTXt", b"zTXt", b"tIME"} & set(chunks(png))


def test_showing_a_figure_gives_its_text_and_closes_it(targets, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **settings: shown.append((args, settings)))
    ax = draw_targets(targets)
    alt = alt_of(ax)
    pa.show(ax)
    ((data,), settings) = shown[0]
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == f"<Figure: {alt}>"
    assert settings["metadata"]["image/png"]["alt"] == alt
    assert not plt.get_fignums()


def test_words_tables_and_figures_are_shown_in_order(targets, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda part, **_: shown.append(part))
    pa.show(pa.sentence(targets), pa.table(targets), "a < b\nc", draw_targets(targets))
    said, table, text, figure = shown
    assert said == pa.sentence(targets)
    assert said._repr_html_() == f'<div class="text"><p>{html.escape(pa.sentence(targets))}</p></div>'
    assert table.equals(pa.table(targets))
    assert text._repr_html_() == '<div class="text"><p>a &lt; b</p><p>c</p></div>'
    assert "image/png" in figure
    with pytest.raises(pa.SpecError, match="no figure"):
        pa.show(3)


def contrast(colour, ground):
    """Contrast ratio of two colours (WCAG 2.2, "relative luminance" and "contrast ratio")."""

    def luminance(value):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(value)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula_gives_the_known_values():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)
    assert contrast("white", "white") == 1


@pytest.mark.parametrize("colour", ["BLUE", "ORANGE", "GREEN", "PINK", "GREY", "INK"])
def test_colours_that_carry_meaning_stand_out_from_white(colour):
    assert contrast(getattr(marks, colour), "white") >= 3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GRIDS + SINGLE)
def test_all_words_on_a_figure_stand_out_and_stay_on_it(gallery, name, language):
    figure = canvas.figure_of(gallery[name, language])
    box = figure.get_tightbbox().transformed(figure.dpi_scale_trans)  # what the picture will hold
    for text in shown_texts(figure):
        assert contrast(text.get_color(), "white") >= 3, text.get_text()
        assert text.get_fontsize() >= 8, text.get_text()
        extent = text.get_window_extent()
        assert box.x0 - 1 <= extent.x0, text.get_text()
        assert extent.x1 <= box.x1 + 1, text.get_text()
        assert box.y0 - 1 <= extent.y0, text.get_text()
        assert extent.y1 <= box.y1 + 1, text.get_text()


def overlap(texts):
    """Pairs of texts that lie on one another, on a rendered figure."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    return [
        (a, b)
        for place, (a, one) in enumerate(boxes)
        for b, other in boxes[:place]
        # the blank above and below letters is no overlap
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 1 and min(one.y1, other.y1) - max(one.y0, other.y0) > 2
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", GRIDS + SINGLE)
def test_words_do_not_lie_on_one_another(gallery, name, language):
    texts = shown_texts(canvas.figure_of(gallery[name, language]))
    assert len(texts) > 10
    assert not overlap(texts)


def test_labels_of_targets_stand_where_they_can_be_told_apart(targets):
    table = targets.table.copy()
    table.loc[0, ["base", "outcome"]] = 5.0, 5.01
    table.loc[1, "outcome"] = np.nan
    ax = draw_targets(dataclasses.replace(targets, table=table))
    assert sorted(text.get_text() for text in ax.texts) == ["2016", "2020", "Target"]
    ax.figure.draw_without_rendering()
    assert not overlap(ax.texts)


def test_targets_that_are_not_known_are_left_out(targets):
    table = targets.table.assign(target=np.nan)
    ax = draw_targets(dataclasses.replace(targets, table=table))
    assert [text.get_text() for text in ax.texts] == ["2016", "2020"]
    assert "D1: 5.79 / – / 4.71" in alt_of(ax)
    canvas.figure_of(ax).draw_without_rendering()


def test_labels_of_empty_bars_do_not_fall_together(study, record):
    quiet = record.copy()
    quiet.loc[quiet.index[-1], ["late", "missing"]] = 0
    ax = draw_reporting(quiet, study)
    assert len(ax.texts) == 3
    ax.figure.draw_without_rendering()
    assert not overlap(ax.texts)


def test_labels_are_spread_in_order_and_below_the_top():
    rng = np.random.default_rng(0)
    for _ in range(100):
        heights = rng.random(6).round(1).tolist()
        placed = marks.spread_labels(heights, 0.05, 1.02)
        assert max(placed) <= 1.02 + 1e-12
        assert (-np.diff(sorted(placed, reverse=True)) >= 0.05 - 1e-12).all()
        order = np.argsort(heights, kind="stable")
        assert all(placed[a] < placed[b] for a, b in pairwise(order) if heights[a] < heights[b])
    assert marks.spread_labels([0.2, 0.9, 0.5], 0.05, 1.0) == [0.2, 0.9, 0.5]
    assert marks.spread_labels([], 0.05, 1.0) == []


def test_a_grid_has_room_for_each_panel():
    for panels in (1, 4):
        axes = canvas.grid_axes(panels)
        assert sum(ax.get_visible() for ax in axes.ravel()) == panels
        assert axes.shape == (-(-panels // 3), 3)


# Another index, another country


@pytest.fixture(scope="module")
def drawn_elsewhere(foreign):
    def all_of_them(language):
        cells = pa.completion(foreign.tasks, foreign.progress).query("unit == 'school 0'")
        agencies = completion_by_agency(foreign.tasks, foreign.progress, as_of="2003-01-01")
        record = reporting_record(foreign.tasks, foreign.progress).query("unit == 'school 0'")
        panel = pa.Panel.from_study(foreign)
        return {
            "draw_history": draw_history(foreign, "school 1", language=language),
            "draw_eras": draw_eras(foreign, language=language),
            "draw_rank": draw_rank(standing(foreign.scores), "school 2", language=language),
            "draw_completion": draw_completion(cells, foreign, language=language),
            "draw_agencies": draw_agencies(agencies.query("unit == 'school 0'"), foreign, language=language),
            "draw_reporting": draw_reporting(record, foreign, language=language),
            "draw_targets": draw_targets(pa.target_attainment(foreign), language=language),
            "draw_estimates": draw_estimates(pa.completion_slopes(panel, draws=99), language=language),
            "draw_tasks": draw_tasks(task_counts(foreign), foreign, language=language),
        }

    return all_of_them


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "vi"])
def test_another_study_is_drawn_without_a_word_of_papi(drawn_elsewhere, papi_words, language):
    drawn = drawn_elsewhere(language)
    assert sorted(drawn) == sorted(GRIDS + SINGLE)
    for name, axes in drawn.items():
        canvas.figure_of(axes).draw_without_rendering()
        said = words_of(axes) + alt_of(axes)
        assert not [word for word in papi_words if word in said], name
    for name in ("draw_targets", "draw_estimates", "draw_history"):
        assert r"Cost $\frac{1}{$ of a place" in words_of(drawn[name]).replace("\n", " "), name
    assert r"$\frac{$ office 1" in words_of(drawn["draw_agencies"])
    assert r"School $\frac{$ 1" in words_of(drawn["draw_history"])
    assert "x < y & {z}" in alt_of(drawn["draw_completion"])


def test_another_studys_years_are_whole(foreign):
    axes = draw_history(foreign, "school 1")
    canvas.figure_of(axes).draw_without_rendering()
    labels = [label.get_text() for label in axes.ravel()[0].get_xticklabels()]
    assert "2002" in labels
    assert not [label for label in labels if "." in label]


@pytest.mark.parametrize("unit", ["school 1", "school 2"])
def test_the_name_of_the_unit_lies_on_no_line(foreign, unit):
    """School 2 has no score in the last year."""
    first = draw_history(foreign, unit).ravel()[0]
    canvas.figure_of(first).draw_without_rendering()
    below, above = (text.get_window_extent() for text in first.texts)
    heights = [first.transData.transform((0, y))[1] for line in first.lines[:2] for y in line.get_ydata() if y == y]
    assert below.y1 < min(heights)
    assert max(heights) < above.y0


def test_a_unit_that_is_not_there_is_refused(study, places):
    with pytest.raises(pa.SpecError, match="Can Tho"):
        draw_history(study, "Can Tho")
    with pytest.raises(pa.SpecError, match="nobody"):
        draw_rank(places, "nobody")


def test_a_language_that_is_not_there_is_refused_before_anything_is_drawn(draw):
    for name in GRIDS + SINGLE:
        with pytest.raises(pa.SpecError, match="language"):
            draw(name, language="fr")
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("language", "first", "last", "form"),
    [
        ("en", "2018-03-31", "2020-12-31", r"\d{4}-\d{2}"),
        ("vi", "2018-03-31", "2020-12-31", r"\d{2}/\d{4}"),
        ("vi", "2018-06-01", "2018-06-20", r"\d{2}/\d{2}/\d{4}"),
    ],
)
def test_months_and_days_are_written_as_readers_write_them(study, language, first, last, form):
    days = pd.date_range(first, last, periods=6).normalize()
    ax = draw_completion(pa.completion(study.tasks, study.progress, as_of=days), study, language=language)
    ax.figure.draw_without_rendering()
    shown = [label.get_text() for label in ax.get_xticklabels() if label.get_text()]
    assert shown
    assert all(re.fullmatch(form, text) for text in shown)


SETTINGS = {
    "text.usetex": True,
    "figure.figsize": (30, 30),
    "font.size": 30,
    "font.family": "serif",
    "axes.facecolor": "black",
    "savefig.facecolor": "red",
    "savefig.dpi": 20,
    "timezone": "America/New_York",
}


def test_no_setting_of_matplotlib_and_no_window_reaches_a_report(study, monkeypatch):
    report = pa.ProgrammeReport(study, "vi")

    monkeypatch.setattr(canvas, "DPI", 50)

    def page():
        return page_of([report.completion()], title="T", language="vi")

    plain = page()
    monkeypatch.setattr(plt, "subplots", None)
    with mpl.rc_context(SETTINGS):
        assert page() == plain
        assert {name: mpl.rcParams[name] for name in SETTINGS} == {**SETTINGS, "figure.figsize": [30, 30]} | {
            "font.family": ["serif"]
        }
    assert plt.get_fignums() == []


def test_no_name_is_ever_typeset_as_tex(study, agencies):
    names = [r"100% of $\frac{1}{$", r"\input{secret} \\ # & _ ^ ~", "$x$"]
    named = agencies.assign(lead_agency=[f"{names[row % 3]} {row}" for row in range(len(agencies))])
    with mpl.rc_context({"text.usetex": True}):
        ax = draw_agencies(named, study)
        texts = figure_of(ax).findobj(mpl.text.Text)
        assert not any(text.get_usetex() or text.get_parse_math() for text in texts)
        assert len(png(figure_of(ax))) > 1000  # without TeX, which would stop at such a name


def test_a_long_name_is_broken_over_lines_and_leaves_room_for_its_dot(study, agencies):
    name = "Ban Quản lý các dự án đầu tư xây dựng và phát triển đô thị thích ứng với biến đổi khí hậu " * 2
    assert len(name) > 140
    for words in (name, "x" * 200):
        named = agencies.assign(lead_agency=[f"{words}{row}" for row in range(len(agencies))])
        ax = draw_agencies(named, study)
        figure = figure_of(ax)
        figure.draw_without_rendering()
        assert ax.get_position().width > 0.4
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        assert all(lower.y1 <= upper.y0 + 1 for lower, upper in pairwise(boxes))
        assert "".join(ax.get_yticklabels()[0].get_text().split()).startswith("".join(words.split()))
