"""What is known about the index: its dimensions, parts, units and their names, breaks, fieldwork dates."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from papi_analysis.arguments import check_kinds
from papi_analysis.errors import Name, Note, SpecError
from papi_analysis.study.findings import nearest
from papi_analysis.study.schema import BREAKS, DIMENSIONS, KNOWN_PROGRAMMES, UNITS, name_text
from papi_analysis.study.tables import load_table, read_table
from papi_analysis.study.words import plain

PACKAGE = Path(__file__).resolve().parent.parent

#: How the codes of merged provinces end.
NEW = "-2025"

#: The day from which the 34 provinces work.
MERGER = pd.Timestamp(2025, 7, 1)


def data_folder() -> Path:
    """Return the folder of the bundled data: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / "data"
    return inside if inside.is_dir() else PACKAGE.parent / "data"


def load_units() -> pd.DataFrame:
    """Load the 63 provinces of the PAPI panel, one row each.

    Returns
    -------
    DataFrame
        ``unit`` (ISO 3166-2), ``name_en``, ``name_vi``, ``region``, ``variants`` (spellings, separated by
        ``|``), ``gso_code``, ``municipality``, and the province that it joined in the merger of July 2025.

    Examples
    --------
    >>> units = load_units()
    >>> len(units), units.set_index("unit").loc["VN-CT", "name_vi"]
    (63, 'Cần Thơ')
    """
    return load_table(data_folder() / "papi" / "units.csv", UNITS)


def load_provinces() -> pd.DataFrame:
    """Load the 34 provinces since the merger of July 2025, one row each, with the old provinces that they hold.

    None has a score of its own in the bundled tables: the surveys up to 2024 are of the 63 old provinces.

    Returns
    -------
    DataFrame
        ``unit`` (the old code of the 11 that stayed as they were, else that of the old province whose name it bears
        with ``-2025``), ``name_en``, ``name_vi``, ``variants``, ``gso_code`` (Decision 19/2025/QD-TTg),
        ``municipality``, ``made_of`` (old codes, separated by ``|``). Source: Resolution 202/2025/QH15.

    Examples
    --------
    >>> provinces = load_provinces()
    >>> len(provinces), provinces.set_index("unit").loc["VN-CT-2025", "made_of"]
    (34, 'VN-CT|VN-73|VN-52')
    """
    return load_table(data_folder() / "papi" / "provinces_2025.csv", UNITS)


def units_at(day: pd.Timestamp) -> pd.DataFrame:
    """The units that a programme ending on a day may name: the 63 old provinces, from the merger on the new ones too.

    >>> len(units_at(pd.Timestamp(2020, 12, 31))), len(units_at(pd.Timestamp(2030, 12, 31)))
    (63, 86)
    """
    units, provinces = load_units(), load_provinces()
    if day < MERGER:
        return units
    new = provinces[~provinces["unit"].isin(units["unit"])]
    return pd.concat([units, new], ignore_index=True).fillna("")


def load_dimensions() -> pd.DataFrame:
    """Load the dimensions of PAPI: code, names in both languages, first year, scale.

    Returns
    -------
    DataFrame
        One row a dimension.

    Examples
    --------
    >>> len(load_dimensions())
    8
    """
    return load_table(data_folder() / "papi" / "dimensions.csv", DIMENSIONS)


def load_subdimensions() -> pd.DataFrame:
    """Load the parts of each dimension: stable name, official number by year, years, scale, names."""
    frame = read_table(data_folder() / "papi" / "subdimensions.csv")
    whole = ["first_year", "last_year"]
    frame[whole] = frame[whole].astype(int)
    frame[["scale_min", "scale_max"]] = frame[["scale_min", "scale_max"]].astype(float)
    return frame


def load_breaks() -> pd.DataFrame:
    """Load the years in which a definition, the sample, the survey mode or a level changed.

    ``standing`` says whether a source confirms the break or the data alone suggest it.

    Returns
    -------
    DataFrame
        One row a break: ``dimension``, ``year``, ``kind``, and what is known of it.

    Examples
    --------
    >>> breaks = load_breaks()
    >>> 2018 in set(breaks["year"])
    True
    """
    return load_table(data_folder() / "papi" / "breaks.csv", BREAKS)


def load_known_programmes() -> pd.DataFrame:
    """Load what provinces did about their PAPI scores, where a source was found; the list is incomplete.

    Returns
    -------
    DataFrame
        One row an act: ``unit``, ``period_start``, ``period_end`` (years; missing where not known), ``instrument``,
        ``plan`` (1 for a plan or programme; 0 for what is only a conference, an instruction or a speech),
        ``signed_on`` with its ``precision``, ``kind``, ``target``, ``source``, ``confidence``. Answers name donors by
        plans alone.

    Examples
    --------
    >>> acts = load_known_programmes()
    >>> len(acts), acts.unit.nunique(), acts[acts.plan == 1].unit.nunique()
    (37, 21, 12)
    """
    return load_table(data_folder() / "papi" / "known_programmes.csv", KNOWN_PROGRAMMES)


def fieldwork_dates(years: Iterable[int]) -> pd.Series:
    """Give the date for which a survey's scores stand: the midpoint of its fieldwork.

    Where the dates of the fieldwork are not known it is 30 September.

    Examples
    --------
    >>> fieldwork_dates([2018, 2023]).dt.strftime("%Y-%m-%d").tolist()
    ['2018-09-30', '2023-09-30']
    """
    surveys = read_table(data_folder() / "papi" / "surveys.csv").set_index("year")
    start = pd.to_datetime(surveys["fieldwork_start"], format="%Y-%m-%d", errors="coerce")
    end = pd.to_datetime(surveys["fieldwork_end"], format="%Y-%m-%d", errors="coerce")
    middle = (start + (end - start) / 2).dt.normalize()
    asked = sorted({*years}, key=str)
    if wrong := [year for year in asked if not isinstance(year, int | np.integer)]:
        raise SpecError(Note("a year is a whole number, like 2018, not {given}.", {"given": repr(wrong[0])}))
    index = pd.Index(sorted(asked), name="year")
    known = middle.reindex(index.astype(str))
    assumed = pd.to_datetime(index.astype(str) + "-09-30")
    return pd.Series(known.fillna(pd.Series(assumed, index=known.index)).to_numpy(), index=index, name="date")


@lru_cache(maxsize=8)
def _spellings(rows: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Map every folded spelling to its unit code; rows are (unit, spelling)."""
    codes: dict[str, str] = {}
    for unit, spelling in rows:
        if codes.setdefault(plain(spelling), unit) != unit:
            one = codes[plain(spelling)]
            what = Note(
                "the spelling {spelling!r} names both {one} and {other}. Make the variants in the units table "
                "distinct.",
                {"spelling": spelling, "one": one, "other": unit},
            )
            raise SpecError(what)
    return codes


def _rows(units: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """List (unit, spelling) for codes, names and variants."""
    pairs: list[tuple[str, str]] = []
    columns = ["unit", "unit", "name_en", "name_vi", "variants"]
    for unit, *names, variants in units[columns].to_numpy(dtype=object).tolist():
        spelled = [*names, *str(variants).split("|")]
        pairs += [(unit, str(name)) for name in spelled if str(name).strip()]
    return tuple(pairs)


def unit_spellings(units: pd.DataFrame) -> dict[str, str]:
    """Map every folded spelling that names one unit alone to its code.

    Examples
    --------
    >>> unit_spellings(load_units())["tp can tho"]
    'VN-CT'
    """
    meant: dict[str, set[str]] = {}
    for unit, spelling in _rows(units):
        meant.setdefault(plain(spelling), set()).add(unit)
    return {spelling: next(iter(codes)) for spelling, codes in meant.items() if len(codes) == 1}


def merged_into(unit: str, units: pd.DataFrame | None = None) -> tuple[str, tuple[str, ...]]:
    """Give the province that holds this one since the merger of July 2025, and the old provinces that it is made of.

    Returns
    -------
    tuple
        The new province's English name, and the codes of the old ones, this one among them; one code where the
        province stayed as it was. ``("", (unit,))`` where the table of units does not know.

    Source: Resolution 202/2025/QH15 of the National Assembly, in force on 12 June 2025.

    Examples
    --------
    >>> merged_into("VN-CT")
    ('Can Tho', ('VN-CT', 'VN-73', 'VN-52'))
    >>> merged_into("VN-CT-2025", units_at(pd.Timestamp(2030, 12, 31)))
    ('Can Tho', ('VN-CT', 'VN-73', 'VN-52'))
    """
    table = load_units() if units is None else units
    if "merged_into_en" not in table.columns or unit not in set(table["unit"]):
        return "", (unit,)
    into = table.set_index("unit")["merged_into_en"]
    name = into[unit] or into.get(unit.removesuffix(NEW), "")
    return str(name), tuple(into.index[into == name]) if name else (unit,)


def is_merged(unit: str, units: pd.DataFrame) -> bool:
    """Whether a unit is a new province of July 2025 made of old ones, which alone have scores up to 2024."""
    return unit.endswith(NEW) and len(merged_into(unit, units)[1]) > 1


def unit_names(units: pd.DataFrame) -> dict[str, Name]:
    """Give the name of each unit, by its code.

    Examples
    --------
    >>> unit_names(load_units())["VN-CT"].vietnamese
    'Cần Thơ'
    """
    columns = units[["unit", "name_en", "name_vi"]].itertuples(index=False)
    return {unit: Name(english, vietnamese) for unit, english, vietnamese in columns}


def province_name(english: str, units: pd.DataFrame) -> Name:
    """Give the name of a province of July 2025 in both languages, by its English one."""
    pairs = units.loc[units["merged_into_en"] == english, ["merged_into_en", "merged_into_vi"]].to_numpy().tolist()
    return Name(*pairs[0]) if pairs else Name(english)


@check_kinds
def find_unit(name: str, units: pd.DataFrame | None = None) -> str:
    """Return the code of the unit that ``name`` means: its code, a name in either language, or a variant.

    Diacritics, case and punctuation do not matter.

    Parameters
    ----------
    name
        What somebody calls a unit.
    units
        The table of units; default that of ``load_units``.

    Returns
    -------
    str
        The unit's code.

    Raises
    ------
    SpecError
        Where no unit is called so; the message names the nearest.

    Examples
    --------
    >>> find_unit("TP Cần Thơ"), find_unit("can tho"), find_unit("VN-CT")
    ('VN-CT', 'VN-CT', 'VN-CT')
    """
    table = load_units() if units is None else units
    codes = _spellings(_rows(table))
    name = name_text(name)
    if plain(name) in codes:
        return codes[plain(name)]
    near = nearest(name, [spelling for _, spelling in _rows(table)], fold=plain)
    raise SpecError(Note("no unit is called {name!r}. {near}", {"name": name, "near": near}))
