"""How the notebooks are tested: nbval in its strict mode, with the gaps closed that it has been found to have."""

from __future__ import annotations

import os

# One thread for each test process, and for the kernels it starts, before numpy is imported: matrices here are small,
# and processes side by side with as many threads each as the machine has cores wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from pathlib import Path
from queue import Empty

import matplotlib
import nbval.kernel
import nbval.plugin
import pytest

# Tests draw without a window. Kernels inherit the environment and must choose the inline backend themselves,
# so the choice is made here and not left in a variable.
os.environ.pop("MPLBACKEND", None)
matplotlib.use("agg")

SANITIZE = Path(__file__).parent / "tests" / "nbval_sanitize.cfg"

# Seconds between two looks at whether the kernel is still alive.
POLL = 1.0


def pytest_configure(config: pytest.Config) -> None:
    """Name the sanitize file by its full path: nbval would look for it from the current folder."""
    if config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(SANITIZE)


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave out of the comparison what differs between machines; stored stderr is refused by a test instead."""
    if isinstance(collector, nbval.plugin.IPyNbFile):
        collector.skip_compare += ("image/svg+xml", "application/pdf", "stderr")


class Kernel(nbval.kernel.RunningKernel):
    """A kernel that shows what JupyterLab would show, and whose death is noticed at once."""

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Run a cell with history, without which IPython does not hide an output that ends in a semicolon."""
        return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait for the reply to a cell in short steps; a dead kernel would let nbval wait for the full time."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            try:
                return super().await_reply(msg_id, timeout=POLL)
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("The kernel died while it ran this cell.") from None
                if time.monotonic() > end:
                    raise


nbval.plugin.RunningKernel = Kernel
