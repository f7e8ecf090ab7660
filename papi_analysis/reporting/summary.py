"""The start page of a report: what was asked and found, in three sentences and one figure."""

from __future__ import annotations

from dataclasses import dataclass

from papi_analysis.estimation.slopes import completion_slopes
from papi_analysis.estimation.targets import target_attainment
from papi_analysis.panel.panel import Panel
from papi_analysis.reporting.canvas import alternative, figure_of, png
from papi_analysis.reporting.figures import draw_estimates, draw_targets
from papi_analysis.reporting.language import Language, find_language
from papi_analysis.reporting.sentences import sentence
from papi_analysis.reporting.tables import mark
from papi_analysis.study.study import Study


@dataclass(frozen=True)
class Summary:
    """What the start page shows; ``simulated`` is the warning that every page repeats, or nothing."""

    title: str
    sentences: tuple[str, ...]
    figure: bytes
    alt: str
    simulated: str


def summarise(study: Study, language: str = "en") -> Summary:
    """Ask the study's question and word the answer: asked, reached, and what completion has to do with it.

    The figure shows targets and outcomes; where the study has no targets, the slopes.
    """
    import matplotlib.pyplot as plt

    tongue = find_language(language)
    slopes = completion_slopes(Panel.from_study(study))
    asked = question(study, tongue)
    if study.targets is None or not study.unit:
        sentences: tuple[str, ...] = (asked, sentence(slopes, language=language))
        ax = draw_estimates(slopes, language=language)
    else:
        targets = target_attainment(study)
        sentences = (asked, sentence(targets, language=language), sentence(slopes, language=language))
        ax = draw_targets(targets, language=language)
    figure = figure_of(ax)
    summary = Summary(
        title=study.title_en if language == "en" else study.title_vi or study.title_en,
        sentences=sentences,
        figure=png(figure),
        alt=alternative(figure),
        simulated=_warning(study, language),
    )
    plt.close(figure)
    return summary


def question(study: Study, tongue: Language) -> str:
    """Word the question of a study."""
    return tongue.text(
        "How does completing the {tasks} tasks of the programme relate to the change of the {dimensions} scores that "
        "it wants to move, from {start} to {end}?",
        tasks=study.tasks.groupby("unit")["task"].nunique().max(),
        dimensions=len(study.dimensions),
        start=study.start.year,
        end=study.end.year,
    )


def _warning(study: Study, language: str) -> str:
    tongue = find_language(language)
    words = mark(study.simulated_tables, tongue)
    if not words:
        return ""
    return tongue.text("{mark}. What rests on them shows the method, not what happened.", mark=words)
