"""Tables and queries of databases, read and never written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from luthier.core.errors import DataError, LuthierError, SetupError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.data.sources import address
from luthier.data.sources.names import unique_names
from luthier.data.sources.source import Raw
from luthier.data.sources.statement import check_reads_only, is_ordered

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Inspector
sqlalchemy: Any = lazy("sqlalchemy")
exc: Any = lazy("sqlalchemy.exc")

CHUNK = 10_000
"""Rows that are held as Python values at a time."""

MODULES = {
    "psycopg2": "psycopg2-binary", "psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient",
    "pymysql": "pymysql", "mariadb": "mariadb", "mysql": "mysql-connector-python",
    "oracledb": "oracledb", "cx_Oracle": "cx_Oracle", "pyodbc": "pyodbc", "pymssql": "pymssql",
}  # fmt: skip
"""Module that a database's driver lacks to the package that has it."""

DIALECTS = {
    "duckdb": "duckdb-engine", "snowflake": "snowflake-sqlalchemy", "trino": "trino[sqlalchemy]",
    "bigquery": "sqlalchemy-bigquery", "clickhouse": "clickhouse-sqlalchemy",
    "redshift": "sqlalchemy-redshift", "databricks": "databricks-sqlalchemy",
}  # fmt: skip
"""Kind of database that SQLAlchemy does not know by itself to the package that teaches it."""

KINDS = ("sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql", *DIALECTS)
STREAM = {"stream_results": True, "yield_per": CHUNK, "no_parameters": True}
PLAIN = (bool, int, float, str, bytes, date, datetime, time, timedelta)
NO_ROWID = re.compile(r"\)[^)]*\bWITHOUT\s+ROWID\b[^)]*\Z", re.IGNORECASE)


def read_database(spec: str, base_dir: Path, most: int | None = None) -> Raw:
    """The rows of a table or a query, in chunks.

    A table's rows come by ``rowid`` (SQLite) or primary key. A query without ``ORDER BY``, or a
    table without key, has no promised order, which is noted.

    Args:
        spec: An SQLAlchemy address, ``#``, and a table, a view or a query.
        base_dir: Relative paths of SQLite files start here.
        most: Rows after which reading ends; None: all are read.

    Raises:
        SetupError: If the driver of the database is not installed.
        DataError: If there is no such database or table, or the query would change something.
    """
    url, asked = address.parse(spec)
    name = address.shown(spec)
    with _connected(address.anchored(url, base_dir), name) as connection:
        statement, notes = _statement(connection, asked, name)
        frames, digest = _rows(connection, statement, most, notes)
    if not frames:
        raise DataError("The table has no rows.", where=name, hint="Give a table with rows.")
    return Raw(name, pl.concat(frames, how="vertical_relaxed"), notes, sha256=digest)


@contextmanager
def _connected(url: URL, name: str) -> Iterator[Connection]:
    """A connection that cannot write; whatever goes wrong on it is told without the password."""
    engine = None
    try:
        engine = sqlalchemy.create_engine(_read_only(url, name))
        with engine.connect() as connection:
            yield _guarded(connection)
    except LuthierError:
        raise
    except (ImportError, exc.NoSuchModuleError) as error:
        raise _no_driver(error, url, name) from None
    except (exc.SQLAlchemyError, UnicodeError) as error:
        raise DataError(
            "The database refuses: {reason}.",
            where=name,
            hint="Check the address, the table or query, and your rights.",
            reason=_reason(error, url),
        ) from None
    finally:
        if engine is not None:
            engine.dispose()


def _read_only(url: URL, name: str) -> URL:
    """The address by which an SQLite file opens for reading alone; it would be made if missing.

    Raises:
        DataError: If there is no such file.
    """
    if not address.has_path(url):
        return url
    path = Path(str(url.database))
    if path.is_file():
        return url.set(database=path.as_uri(), query={**url.query, "mode": "ro", "uri": "true"})
    files = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, files)
    raise DataError(
        "There is no database file '{file}'.",
        where=name,
        hint="Did you mean '{near}'?" if near else "Relative paths start at the recipe's folder.",
        file=path.name,
        near=near,
    )


def _guarded(connection: Connection) -> Connection:
    """The connection in a transaction that may not write, where the database knows such."""
    backend = connection.dialect.name
    if backend in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()
    if backend == "postgresql":
        return connection.execution_options(postgresql_readonly=True)
    return connection


def _statement(connection: Connection, asked: str, name: str) -> tuple[str, list[str]]:
    """The SQL to run, and a note where its order is not promised.

    Raises:
        DataError: If there is no such table, or the query would change something.
    """
    inspector = sqlalchemy.inspect(connection)
    schema, tables = _tables(inspector, asked)
    table = asked.rpartition(".")[2] if schema else asked
    if not asked and len(tables) == 1:
        table = tables[0]
    if table in tables:
        order = _order(connection, inspector, table, schema)
        quote = connection.dialect.identifier_preparer.quote
        place = ".".join(quote(part) for part in (schema, table) if part)
        note = f"table '{table}' has no key: another time its rows may come in another order"
        return f"SELECT * FROM {place}{order}", [] if order else [note]
    if len(asked.split()) < 2:
        raise _no_table(asked, tables, name)
    check_reads_only(asked, name)
    note = "the query has no ORDER BY: another time its rows may come in another order"
    return asked.rstrip("; \n\t"), [] if is_ordered(asked) else [note]


def _tables(inspector: Inspector, asked: str) -> tuple[str | None, list[str]]:
    """The schema that a table is named with, and the tables and views there."""
    tables = [*inspector.get_table_names(), *inspector.get_view_names()]
    schema, dot, _ = asked.rpartition(".")
    if asked in tables or not dot or len(asked.split()) > 1:
        return None, tables
    if schema not in inspector.get_schema_names():
        return None, tables
    return schema, [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]


def _order(connection: Connection, inspector: Inspector, table: str, schema: str | None) -> str:
    """How a table's rows are put in order; empty where nothing tells them apart."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        ).all()
        made = next((str(definition) for name, definition in found if name == table), None)
        if made is not None and NO_ROWID.search(made) is None:
            return " ORDER BY rowid"
    key = inspector.get_pk_constraint(table, schema)["constrained_columns"]
    quote = connection.dialect.identifier_preparer.quote
    return " ORDER BY " + ", ".join(map(quote, key)) if key else ""


def _rows(
    connection: Connection, statement: str, most: int | None, notes: list[str]
) -> tuple[list[pl.DataFrame], str]:
    """Chunks of rows under unique names, and the SHA-256 of their values."""
    result = connection.exec_driver_sql(statement, execution_options=STREAM)
    columns = unique_names(list(result.keys()), notes)
    digest = hashlib.sha256(repr(columns).encode())
    frames: list[pl.DataFrame] = []
    left = most
    for chunk in result.partitions(CHUNK):
        rows = [[_plain(cell) for cell in row] for row in chunk[:left]]
        for row in rows:
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
        cells = zip(*rows, strict=True)
        frames.append(pl.DataFrame([_column(n, c) for n, c in zip(columns, cells, strict=True)]))
        left = None if left is None else left - len(rows)
        if left == 0:
            break
    result.close()
    return frames, digest.hexdigest()


def _plain(cell: Any) -> Any:
    """A driver's value as one that every source may have."""
    if cell is None or isinstance(cell, PLAIN):
        return cell
    if isinstance(cell, memoryview | bytearray):
        return bytes(cell)
    if isinstance(cell, Decimal):
        whole = cell.is_finite() and cell == cell.to_integral_value()
        return int(cell) if whole else float(cell)
    if isinstance(cell, dict | list | tuple):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return str(cell)


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    """A column of one type: numbers among text become text, as in JSON."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) > 1 and not kinds <= {bool, int, float}:
        cells = [_as_text(cell) for cell in cells]
    return pl.Series(name, cells, strict=False)


def _as_text(cell: Any) -> str | None:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return None if cell is None else str(cell)


def _no_table(wanted: str, tables: list[str], name: str) -> DataError:
    near = nearest(wanted, tables)
    return DataError(
        "The database has no table '{wanted}'." if wanted
        else "Say which table of the database to read.",
        where=name,
        hint="Did you mean '{near}'?" if near
        else "Name one behind #, or write a query there; there are: {tables}.",
        wanted=wanted,
        near=near,
        tables=", ".join(sorted(tables)) or "-",
    )  # fmt: skip


def _no_driver(error: Exception, url: URL, name: str) -> LuthierError:
    """What to install, or that there is no such kind of database."""
    kind = url.get_backend_name()
    module = (getattr(error, "name", None) or "").partition(".")[0]
    package = MODULES.get(module, module) if module else DIALECTS.get(kind)
    if package is not None:
        return SetupError(
            "Reading {kind} needs the package {package}.",
            where=name,
            hint="Install it: pip install '{package}'",
            kind=kind,
            package=package,
        )
    near = nearest(kind, KINDS)
    return DataError(
        "'{kind}' is no kind of database that luthier reads.",
        where=name,
        hint="Did you mean '{near}'?" if near
        else "Give a file of this machine, hf:owner/name, or a database: {known}.",
        kind=kind,
        near=near,
        known=", ".join(KINDS),
    )  # fmt: skip


def _reason(error: Exception, url: URL) -> str:
    """The driver's first line, without the password."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = (lines or [type(error).__name__])[0].rstrip(".")
    return reason.replace(str(url.password), address.HIDDEN) if url.password else reason
