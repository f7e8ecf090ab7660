"""Every estimator of the gap on panels drawn from a process fitted to the published one, and on its real windows.

``rank_methods`` asked of the bundled study, whose own unit takes no part. Parts that are done are kept in ``--folder``,
so that a run that was interrupted goes on where it stopped.

    OPENBLAS_NUM_THREADS=1 python benchmarks/validation/methods.py --panels 100 --out data/validation/methods.csv
"""

from __future__ import annotations

import argparse

import papi_analysis as pa
from papi_analysis.credibility.calibration import rank_methods


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panels", type=int, default=100)
    parser.add_argument("--folder")
    parser.add_argument("--out", default="data/validation/methods.csv")
    asked = parser.parse_args()
    study = pa.load_study("can_tho_2018_2020")
    when = {"start": study.start.year, "end": study.end.year, "base_year": study.base_year}
    panel = pa.Panel.from_study(study)
    ranked = rank_methods(panel, unit=study.unit, **when, panels=asked.panels, folder=asked.folder)
    ranked.assign(panels=asked.panels).round(6).to_csv(asked.out, index=False)


if __name__ == "__main__":
    main()
