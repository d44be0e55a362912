"""Where a source is: a file or folder here, or somewhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path

from luthier.core.errors import DataError
from luthier.core.names import nearest
from luthier.data.sources import address
from luthier.data.sources.content import SUFFIXES, suffix_of
from luthier.data.sources.slices import Slice, cut_name

HUB = "hf:"


def is_local(spec: str) -> bool:
    """Whether a source is a file or folder of this machine, not a data set or a database."""
    return not spec.startswith(HUB) and not address.is_database(spec)


def shown(spec: str) -> str:
    """A source for people: as it is named, but for passwords."""
    return address.shown(spec) if address.is_database(spec) else spec


def locate(spec: str, base_dir: Path) -> tuple[Path, str | None]:
    """The file or folder a source stands for, and the sheet it names; a slice is passed over.

    Raises:
        DataError: If there is none, with the nearest name in the same folder.
    """
    spec, _ = sliced(spec, base_dir)
    whole = base_dir / Path(spec).expanduser()
    file, sheet = (spec, None) if whole.exists() else sheet_of(spec)
    path = (base_dir / Path(file).expanduser()).resolve()
    if path.exists():
        return path, sheet
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    raise DataError(
        "There is no file or folder '{spec}'.",
        where=str(path.parent),
        hint="Did you mean '{near}'?" if near else "Relative paths start at the recipe's folder.",
        spec=file,
        near=near,
    )


def sliced(spec: str, base_dir: Path, seed: int = 0) -> tuple[str, Slice | None]:
    """The source without its slice, and the slice.

    What a file is called is never taken for a slice, and neither is the end of a query.

    Args:
        spec: As the user wrote it.
        base_dir: Relative paths start here.
        seed: Of samples by chance.

    Raises:
        DataError: If brackets stand behind a source that is there, and name no rows.
    """
    name, inside = cut_name(spec)
    if inside is None or address.is_query(spec):
        return spec, None
    if is_local(spec) and (base_dir / Path(spec).expanduser()).exists():
        return spec, None
    found = Slice.of(inside, seed)
    if found is None:
        if is_local(spec) and not (base_dir / Path(sheet_of(name)[0]).expanduser()).exists():
            return spec, None
        raise DataError(
            "[{inside}] does not say which rows of the source.",
            where=shown(spec),
            hint="For example [:1000], [1000:2000], [:10%] or [~1000].",
            inside=inside,
        )
    return name, found


def sheet_of(spec: str) -> tuple[str, str | None]:
    """``book.xlsx#Sheet`` as file and sheet."""
    path, mark, sheet = spec.rpartition("#")
    if mark and SUFFIXES.get(suffix_of(path)) == "excel":
        return path, sheet
    return spec, None


def moved(spec: str, old: Path, new: Path) -> str:
    """A source for a recipe in another folder: its relative path starts there.

    Args:
        spec: As the recipe in ``old`` names it.
        old: Folder of the recipe.
        new: Folder of the other.
    """
    if address.is_database(spec):
        return address.moved(spec, old, new)
    if not is_local(spec) or Path(spec).expanduser().is_absolute():
        return spec
    return Path(os.path.relpath(old / spec, new)).as_posix()


def title(spec: str) -> str:
    """A short name for what a source holds, of letters, digits, ``-``, ``_`` and ``.`` alone."""
    name, inside = cut_name(spec)
    name = name if inside is not None and Slice.of(inside) else spec
    if address.is_database(name):
        name = address.title(name)
    else:
        name = Path(sheet_of(name.removeprefix(HUB))[0].removesuffix(".gz")).stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")
