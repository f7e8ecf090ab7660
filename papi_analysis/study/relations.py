"""Tables of any make as DuckDB relations: frames of pandas, Polars and PyArrow, Parquet files, relations themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

from papi_analysis.errors import DataError, Note, Problem, SpecError
from papi_analysis.study.checks import EXPECTED, MISSING, missing_column
from papi_analysis.study.schema import Column, Schema

Relation = Any  #: a DuckDBPyRelation
Ask = Callable[[str], Any]  #: a query in SQL -> its answer, which DuckDB gives to ``.df()``
Table = Any  #: a frame of pandas, Polars or PyArrow, the path of Parquet files, or a DuckDB relation

#: What queries over own tables may hold in memory; beyond it DuckDB spills to a temporary folder.
MEMORY = "1GB"
#: A name that no table of a caller's database has.
ANY = "papi_any"
#: The kinds of numbers in DuckDB.
NUMERIC = re.compile(r"DECIMAL|FLOAT|DOUBLE|INTEGER|UINTEGER|U?(TINY|SMALL|BIG|HUGE)INT")
#: What can be read more than once, by the package and the class it comes from.
FRAMES = {"pandas": {"DataFrame"}, "polars": {"DataFrame", "LazyFrame"}, "pyarrow": {"Table", "Dataset"}}

_TABLE = Note(
    "give a frame of pandas, Polars or PyArrow, the path of Parquet files like 'reports/*.parquet', or a DuckDB "
    "relation. A Dask frame goes in as Parquet, or as one call for each part of the units"
)


@contextmanager
def as_relations(*tables: Table) -> Iterator[tuple[list[Relation], Ask]]:
    """Give tables as relations of one connection, and what asks it: the caller's connection, or one for the while.

    Raises
    ------
    SpecError
        Where a table is of another make, or two relations are of two connections.
    DataError
        Where a path leads to no Parquet file.
    """
    theirs = [table for table in tables if _is_of("duckdb", table)]
    if theirs:
        ask = partial(theirs[0].query, ANY)
        yield [_relation(table, ask) for table in tables], ask
        return
    import duckdb

    with (
        TemporaryDirectory() as spill,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": os.path.join(spill, "spill")}) as own,
    ):
        yield [_relation(table, own.query) for table in tables], own.execute


def _is_of(package: str, table: Table) -> bool:
    return any(one.__module__.split(".")[0].lstrip("_") == package for one in type(table).__mro__)


def _relation(papi_given: Table, ask: Ask) -> Relation:
    """Bring one table to the connection that ``ask`` belongs to. DuckDB finds ``papi_given`` by its name."""
    import duckdb

    if isinstance(papi_given, str | os.PathLike):
        return _parquet(os.fspath(papi_given), ask)
    makes = [package for package in FRAMES if _is_of(package, papi_given)]
    if _is_of("duckdb", papi_given):
        try:
            return ask("from papi_given")
        except duckdb.Error:
            what = "the two DuckDB relations are of two connections. Make both by the same connection."
            raise SpecError(what) from None
    if not makes or not {one.__name__ for one in type(papi_given).__mro__} & FRAMES[makes[0]]:
        kind = f"{type(papi_given).__module__}.{type(papi_given).__name__}"
        raise SpecError(Note("a table is of the kind {kind}; {table}.", {"kind": kind, "table": _TABLE}))
    if makes == ["polars"] and find_spec("pyarrow") is None:
        raise SpecError(
            Note("a Polars frame needs the package pyarrow: install it, or give the path of a Parquet file.")
        )
    return ask("from papi_given")


def _parquet(path: str, ask: Ask) -> Relation:
    import duckdb

    place = path.replace("'", "''")
    try:
        return ask(f"from read_parquet('{place}')")
    except duckdb.Error as error:
        what = Note("this is no Parquet file that can be read: {error}", {"error": str(error).splitlines()[0]})
        raise DataError(Problem(what, Note("Correct the path, or the file."), path)) from None


def needed(schema: Schema) -> list[Column]:
    """List the columns that completion needs: names and whatever is counted or compared."""
    return [column for column in schema.columns if column.kind != "text" or column.name in schema.key]


def in_kinds(table: Relation, schema: Schema, *more: str) -> Relation:
    """Take the columns that are needed, each in its kind and what may be left out filled in; and ``more`` as they are.

    A day loses its hour here, and what is not a number is empty.

    Raises
    ------
    DataError
        Listing every column that is missing or cannot be of its kind.
    """
    kinds = dict(zip(table.columns, map(str, table.types), strict=True))
    problems = [problem for column in needed(schema) for problem in _problems(column, schema, kinds)]
    if problems:
        raise DataError(problems)
    columns = {column.name: _in_kind(column, kinds) for column in needed(schema)}
    columns |= {name: quoted(name) if name in kinds else "''" for name in more if name not in columns}
    return table.select(", ".join(f"{value} as {quoted(name)}" for name, value in columns.items()))


def quoted(name: str) -> str:
    """Write the name of a column in SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _in_kind(column: Column, kinds: Mapping[str, str]) -> str:
    """Say in SQL how a column is brought into its kind."""
    name = quoted(column.name)
    if column.name not in kinds:
        return f"{column.default}::double"
    number = f"case when not isnan({name}::double) then {name}::double end"
    return {"text": f"nfc_normalize(trim({name}::varchar))", "date": f"{name}::date"}.get(column.kind, number)


def _problems(column: Column, schema: Schema, kinds: Mapping[str, str]) -> Iterator[Problem]:
    """Say whether a column is missing, or cannot be of its kind; the day of a moment depends on the time zone."""
    kind = kinds.get(column.name, "")
    if not kind and column.default is None:
        known = {one.name for one in schema.columns}
        what, remedy = MISSING, missing_column(column.name, [name for name in kinds if name not in known])
    elif kind and column.kind == "date" and "TIME ZONE" in kind:
        what, remedy = Note("the day depends on a time zone"), Note("Give days, or times without a zone.")
    elif kind and column.kind == "date" and not kind.startswith(("DATE", "TIMESTAMP")):
        what, remedy = Note("this is not a date"), EXPECTED["date"]
    elif kind and column.kind in ("number", "integer") and not NUMERIC.match(kind):
        what, remedy = Note("this is not a number"), EXPECTED["number"]
    else:
        return
    yield Problem(what, remedy, schema.name, column=column.name, value=kind)
