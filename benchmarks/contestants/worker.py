"""One side of one case in a process of its own: prepare, run once without being timed, then a turn for each line read.

Called by run.py as ``worker.py module:function size file``. The function gets the size and gives the call to be timed
and what makes of its result an array to compare, which goes to the file. Prints the peak memory (MB) once all is
loaded, then after the first run; then, for every line of the standard input, the seconds of a turn and the peak.
"""

from __future__ import annotations

import resource
import sys
import time
from importlib import import_module

import numpy as np


def peak() -> float:
    """The most memory that this process has held so far, in MB; Linux counts in kilobytes, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main(place: str, size: str, file: str) -> None:
    module, function = place.split(":")
    call, answer = getattr(import_module(module), function)(int(size))
    loaded = peak()
    np.save(file, answer(call()))
    print(loaded, peak(), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        call()
        print(time.perf_counter() - start, peak(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
