"""How fast, beside whom, with how much memory, and how it grows. ``make bench`` runs it.

Every side of a case has a fresh process of its own, with as many threads as the other. Both prepare their data and run
once; what they found must agree; then they take turns. Writes results.md and speed.svg beside this file.
``run.py slopes`` (or ``impacts``, ``registers``) measures some cases and writes nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from contestants.cases import CASES, COMMUNES, GROWTHS, Case, Growth

HERE = Path(__file__).parent
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass
class Worker:
    """A process that runs one side: what it found, the seconds of its turns, and its peak memory in MB."""

    place: str
    size: int
    threads: int
    folder: str
    seconds: list[float] = field(default_factory=list)

    def __enter__(self) -> Worker:
        number, self.file = str(self.threads), Path(self.folder, f"{self.place.replace(':', '.')}.npy")
        self.process = subprocess.Popen(
            [sys.executable, HERE / "contestants" / "worker.py", self.place, str(self.size), self.file],
            env=os.environ | dict.fromkeys(THREADS, number) | {"PAPI_BENCH_FOLDER": self.folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded, self.peak = self._heard()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def turn(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        taken, self.peak = self._heard()
        self.seconds.append(taken)

    def _heard(self) -> tuple[float, float]:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.place} ended early; what it wrote stands above.")
        first, second = map(float, line.split())
        return first, second

    @property
    def found(self) -> np.ndarray:
        return np.load(self.file)

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))


def compare(case: Case, folder: str) -> dict[str, object]:
    """Medians in seconds, ratio and peak memory of one case."""
    with (
        Worker(case.own, case.size, case.threads, folder) as own,
        Worker(case.other, case.size, case.threads, folder) as peer,
    ):
        np.testing.assert_allclose(own.found, peer.found, rtol=0, atol=case.atol, err_msg=f"{case.what}: {case.peer}")
        for _ in range(case.turns):
            own.turn()
            peer.turn()
    return {
        "what": case.what,
        "peer": case.peer,
        "seconds": own.median,
        "peer_seconds": peer.median * case.share,
        "times_faster": float(np.median(np.divide(peer.seconds, own.seconds))) * case.share,
        "peak": own.peak,
        "loaded": own.loaded,
        "peer_peak": peer.peak,
        "peer_loaded": peer.loaded,
        "difference": float(np.abs(own.found - peer.found).max()),
    }


def grow(growth: Growth, folder: str) -> list[dict[str, object]]:
    """Median seconds and peak memory at each size."""
    rows = []
    for size in growth.sizes:
        with Worker(growth.own, size, growth.threads, folder) as own:
            for _ in range(growth.turns):
                own.turn()
        rows.append(
            {
                "what": growth.what,
                "of": growth.of,
                "size": round(size * growth.rows),
                "seconds": own.median,
                "peak": own.peak,
                "loaded": own.loaded,
            }
        )
    return rows


def show(row: dict[str, object]) -> None:
    """Print what was measured as soon as it is."""
    print("  ".join(f"{v:,.4g}" if isinstance(v, float) else str(v) for v in row.values()), flush=True)


def main(rooms: list[str]) -> None:
    began, compared, grown = time.monotonic(), [], []
    with tempfile.TemporaryDirectory() as folder:
        for room in rooms or CASES:
            if room == "registers":
                subprocess.run(
                    [sys.executable, HERE / "contestants" / "registers.py", folder, *map(str, COMMUNES)], check=True
                )
            for case in CASES[room]:
                compared.append(compare(case, folder))
                show(compared[-1])
            for growth in GROWTHS[room]:
                grown.append(grow(growth, folder))
                for row in grown[-1]:
                    show(row)
    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.0f} minutes")
    if not rooms:
        from page import write  # loads matplotlib, which no worker may inherit the memory of

        write(compared, grown)


if __name__ == "__main__":
    main(sys.argv[1:])
