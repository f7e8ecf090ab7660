"""What is PAPI's alone: its scores, provinces, dimensions, breaks, and the programmes that named it as their target."""

from papi_analysis.study.codebook import (
    find_unit,
    load_breaks,
    load_dimensions,
    load_known_programmes,
    load_provinces,
    load_units,
)
from papi_analysis.study.scores import load_scores

__all__ = [
    "find_unit",
    "load_breaks",
    "load_dimensions",
    "load_known_programmes",
    "load_provinces",
    "load_scores",
    "load_units",
]
