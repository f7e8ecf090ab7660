"""Long runs: independent jobs in any order, on any number of cores, interrupted and resumed, with the same numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import joblib
import numpy as np

from papi_analysis.arrays import Floats
from papi_analysis.progress import progress, quiet
from papi_analysis.study.finished_parts import fingerprint, store_part, stored_part

Folder = str | os.PathLike[str]


def run_all(
    function: Callable[[Any], Any], jobs: Sequence[Any], *, label: str = "", folder: Folder | None = None
) -> list[Any]:
    """Do every job and return the results in the order of the jobs.

    The jobs go through joblib: one after another unless told otherwise, on two cores inside
    ``joblib.parallel_config(n_jobs=2)``, on a cluster with the backend that joblib has for it. A job that draws needs
    its seed in the job (see ``seeds``); then the numbers do not depend on who did which job, or when.

    Parameters
    ----------
    function
        Job -> result; with ``folder`` an array of numbers.
    jobs
        What to do, independent of each other.
    label
        What stands beside the bar that a long run shows in JupyterLab and in a terminal.
    folder
        Where each result is kept as soon as it is there. A run that was interrupted, asked again with the same folder,
        does only what is missing. A file that is damaged, or was made by other code or from other data, is not used:
        all that the code names counts, in this and in other files. What it reads from files itself does not; take
        another folder when that has changed.
        On a cluster every worker must see the folder.

    Examples
    --------
    >>> run_all(lambda job: job**2, [1, 2, 3])
    [1, 4, 9]

    """
    if folder is None:
        steps: list[Any] = [joblib.delayed(_alone)(function, job) for job in jobs]
    else:
        own = fingerprint(function)
        kept = partial(_kept, function, os.fspath(folder))
        steps = [joblib.delayed(kept)(job, fingerprint(own, job)) for job in jobs]
    return list(progress(_parallel(steps), len(jobs), label))


def ask_each(
    question: Callable[[Any], Mapping[str, Any]], changes: Iterable[tuple[Mapping[str, Any], Any]], label: str
) -> list[dict[str, Any]]:
    """Ask a question for each of several named changes, under one bar: a row each, what names it first.

    >>> ask_each(lambda share: {"left": 1 - share}, [({"taken": 0.25}, 0.25)], "shares")
    [{'taken': 0.25, 'left': 0.75}]
    """
    asked = list(changes)
    rows = run_all(question, [change for _, change in asked], label=label)
    return [{**name, **row} for (name, _), row in zip(asked, rows, strict=True)]


def seeds(rng: int | np.random.Generator, jobs: int) -> list[np.random.Generator]:
    """Give every job a Generator of its own, by ``numpy.random.SeedSequence``: order and workers play no part.

    >>> first, second = seeds(0, 2)
    >>> bool(first.random() == seeds(0, 1)[0].random())
    True
    """
    return np.random.default_rng(rng).spawn(jobs)


def _parallel(steps: Sequence[Any]) -> Iterable[Any]:
    """Hand out the results as they come, in order, where the backend can do that; else all at the end."""
    try:
        parallel = joblib.Parallel(return_as="generator")
    except ValueError:
        parallel = joblib.Parallel()
    results: Iterable[Any] = parallel(steps)
    return results


def _alone(function: Callable[[Any], Any], job: Any) -> Any:
    """Do one job; its parts show no bars, in other processes neither."""
    with quiet():
        return function(job)


def _kept(function: Callable[[Any], Floats], folder: Folder, job: Any, name: str) -> Floats:
    """Take a result from the folder, or compute it and keep it there.

    The worker itself keeps it: what is finished survives whatever ends the process that waits for it.
    """
    found = stored_part(folder, name)
    if found is None:
        found = np.asarray(_alone(function, job), dtype=float)
        store_part(folder, name, found)
    return found
