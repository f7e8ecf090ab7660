"""What an estimator shows where nothing happened: the gaps of the untouched units that stood nearest at the start."""

from __future__ import annotations

import numpy as np

from papi_analysis.arrays import Floats, Ints
from papi_analysis.estimation.counterfactuals import Estimator, average, match
from papi_analysis.estimation.designs import Design
from papi_analysis.estimation.placebo_draws import Placebos

#: Untouched units that stand beside a treated one.
PEERS = 10


def nearest(design: Design, unit: int, base: int) -> Ints:
    """The ten donors whose mean score over the dimensions lay nearest to a unit's in the base year."""
    stood = design.Y[:, base].mean(axis=1)
    donors = np.flatnonzero(design.donors & np.isfinite(stood))
    return donors[np.argsort(np.abs(stood[donors] - stood[unit]), kind="stable")[:PEERS]]


def peer_gaps(design: Design, rule: Estimator, fan: Placebos | None, base: int | None = None) -> Floats:
    """The mean gap (K,) of the peers of the treated units, each asked about as if it had had its unit's programme.

    An estimator that is not fooled by where a unit stood shows about 0. Peers choose among the donors that a placebo
    has; with one treated unit they are placebos already, and nothing is estimated twice. The base year ``base`` is the
    last one matched on unless given.
    """
    bases = [np.flatnonzero(design.pre(int(start)))[-1] if base is None else base for start in design.starts]
    peers = [nearest(design, int(unit), int(year)) for unit, year in zip(design.units, bases, strict=True)]
    if fan is not None and fan.units.shape[1] == 1 and np.isin(peers[0], fan.units[:, 0]).all():
        return np.asarray(fan.scores[np.isin(fan.units[:, 0], peers[0])].mean(axis=0))
    units, starts = np.concatenate(peers), np.repeat(design.starts, [len(each) for each in peers])
    donors = np.repeat(design.eligible[None], len(units), axis=0)
    donors[np.arange(len(units)), units] = False
    gaps = match(design, units, starts, donors, rule).gaps[None]
    after = np.array([design.post(int(start)) for start in starts])[None, :, :, None]
    return np.asarray(average(design, gaps, units[None], after, (1, 2))[0])
