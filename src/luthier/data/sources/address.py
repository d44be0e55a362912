"""Databases as sources are named: ``sqlite:///reviews.db#reviews``, without opening any."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.core.errors import DataError
from luthier.core.lazy import lazy

if TYPE_CHECKING:
    from sqlalchemy.engine import URL
engine: Any = lazy("sqlalchemy.engine")
exc: Any = lazy("sqlalchemy.exc")

SCHEME = re.compile(r"(?P<kind>[A-Za-z][\w+.-]*)://")
SECRET = re.compile(r"pass|pwd|secret|token|key|credential", re.IGNORECASE)
"""Parameters of an address whose values are not shown."""

HIDDEN = "***"
MEMORY = (None, "", ":memory:")


def is_database(spec: str) -> bool:
    """Whether a source is an address with a scheme."""
    return SCHEME.match(spec) is not None


def is_query(spec: str) -> bool:
    """Whether a source is a database with a query: two words or more behind the ``#``."""
    return is_database(spec) and len(spec.partition("#")[2].split()) > 1


def parse(spec: str) -> tuple[URL, str]:
    """The database's address, and the table or query.

    Raises:
        DataError: If the address cannot be read; it is not shown, as it may hold a password.
    """
    address, _, asked = spec.partition("#")
    try:
        return engine.make_url(address), asked.strip()
    except (exc.ArgumentError, ValueError):
        raise DataError(
            "The address of the database cannot be read.",
            where=_scheme(spec),
            hint="It looks like sqlite:///file.db#table or "
            "postgresql://user@host/database#table; write special characters of a password as "
            "%40 and the like.",
        ) from None


def shown(spec: str) -> str:
    """A database for people: password and secret parameters hidden."""
    try:
        url, asked = parse(spec)
    except DataError:
        return _scheme(spec)
    query = {name: HIDDEN if SECRET.search(name) else value for name, value in url.query.items()}
    text = str(url.set(query=query).render_as_string(hide_password=True))
    return f"{text}#{' '.join(asked.split())}" if asked else text


def anchored(url: URL, base_dir: Path) -> URL:
    """The address with a relative path of an SQLite file made absolute."""
    if not has_path(url):
        return url
    return url.set(database=str((base_dir / Path(str(url.database)).expanduser()).resolve()))


def moved(spec: str, old: Path, new: Path) -> str:
    """The source for a recipe in another folder."""
    url, _ = parse(spec)
    if not has_path(url) or Path(str(url.database)).expanduser().is_absolute():
        return spec
    address, mark, asked = spec.partition("#")
    path = Path(os.path.relpath(old / str(url.database), new)).as_posix()
    return address.replace(str(url.database), path, 1) + mark + asked


def title(spec: str) -> str:
    """What a short name for it can be made of: the table, or the database for a query."""
    url, asked = parse(spec)
    return asked if asked and not is_query(spec) else Path(str(url.database or "")).stem


def has_path(url: URL) -> bool:
    """Whether it is an SQLite database in a file, named by its path."""
    database = url.database
    return (
        url.get_backend_name() == "sqlite"
        and database not in MEMORY
        and not str(database).startswith("file:")
    )


def _scheme(spec: str) -> str:
    match = SCHEME.match(spec)
    return f"{match['kind']}://{HIDDEN}" if match else spec
