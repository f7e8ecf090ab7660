"""The command line: a study folder made, checked, described and reported on, without writing Python."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """From the tables of a reform programme to a report."""
