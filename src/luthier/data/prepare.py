"""The way from sources to prepared rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import polars as pl

from luthier.core.cores import available_cores
from luthier.core.files import copy_files, write_folder_atomic
from luthier.data.cache import cache_key, cached, is_lasting, read_files, remember
from luthier.data.card import describe
from luthier.data.checks import check_learnable, check_rows_left
from luthier.data.distributions import distributions
from luthier.data.gather import Gathered, gather
from luthier.data.ledger import Ledger
from luthier.data.operator import Context, Operator
from luthier.data.output import write_in_format, write_prepared
from luthier.data.prepared import Prepared
from luthier.data.quarantine import RESTORED, keep_restored, quarantined, restore
from luthier.data.roles import SPLIT, SPLITS, WEIGHT, Role
from luthier.data.split import split_rows
from luthier.data.steps import steps_for
from luthier.data.tools import Tools
from luthier.data.weights import KIND, PLACE, weighed
from luthier.recipe.schema import Data

Progress = Callable[[str, float], None]
"""Told the name of each step as it begins, and the share of all steps that is done."""


def prepare(
    config: Data,
    roles: Sequence[Role] | None = None,
    *,
    base_dir: Path,
    folder: Path | None = None,
    to: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    tools: Tools | None = None,
) -> Prepared:
    """Read the sources, clean the rows, divide them.

    Args:
        config: The recipe's section ``data``.
        roles: The columns that the task needs; None: those of the format that is recognised.
        base_dir: Relative paths start here.
        folder: Where to write the result; default: nowhere. What was prepared before from the
            same files with the same settings is taken from the cache.
        to: Name of a format to write the rows in too.
        workers: Threads to use; default: one a core. The result does not depend on it.
        progress: Told the steps: ``read``, the operators, ``split``, the operators again.
        tools: The base to be tuned, for steps that ask it.

    Raises:
        DataError: If a source cannot be read, or what is left cannot be learned from.
    """
    tell = progress or (lambda _step, _done: None)
    if folder is None:
        return _prepare(config, roles, base_dir, workers or available_cores(), tell, tools)
    key = _key(config, roles, base_dir, tools)
    known = cached(key) if key else None
    fresh: Prepared | None = None
    if known is None:
        fresh = _prepare(config, roles, base_dir, workers or available_cores(), tell, tools)
        if key and is_lasting(fresh.splits, config, base_dir):
            known = remember(key, partial(write_prepared, fresh))

    def fill(place: Path) -> None:
        if known is not None:
            copy_files(known, place)
        elif fresh is not None:
            write_prepared(fresh, place)
        if to is not None:
            write_in_format(place, to)

    write_folder_atomic(folder, fill)
    return Prepared.load(folder) if fresh is None else fresh


def _prepare(
    config: Data, roles: Sequence[Role] | None, base_dir: Path, workers: int, tell: Progress,
    tools: Tools | None,
) -> Prepared:  # fmt: skip
    tell("read", 0.0)
    gathered = gather(config, roles, base_dir)
    steps = steps_for(config, gathered.family)
    context = Context(
        gathered.roles, Ledger(), config.labels,
        base_dir=base_dir, seed=config.split.seed, workers=workers, tools=tools,
    )  # fmt: skip
    before = distributions(gathered.rows, context)
    rows = restore(gathered.rows, config.restore, context.roles, context.ledger, base_dir)
    rows = _apply(steps, rows, context, gathered, tell)
    splits = {name: rows.filter(pl.col(SPLIT) == name).drop(SPLIT) for name in SPLITS}
    check_learnable(splits, context)
    ledger = context.ledger.table()
    by_hand = ["restore"] if config.restore else []
    by_weight = [KIND] if WEIGHT in gathered.rows.columns else []
    kinds = [*by_hand, *(step.kind for step in steps), "limit", "split", *by_weight]
    card = describe(gathered, before, splits, context, kinds)
    return Prepared(splits, ledger, card, context.tables, quarantined(gathered.rows, ledger))


def _apply(
    steps: Sequence[Operator], rows: pl.DataFrame, context: Context, gathered: Gathered,
    tell: Progress,
) -> pl.DataFrame:  # fmt: skip
    """The rows after all steps and the division between their two rounds."""
    total = 2 * len(steps) + 2
    for number, step in enumerate(steps, 1):
        tell(step.kind, number / total)
        after = step.apply(rows, context)
        rows = keep_restored(rows, after, step.kind, context.ledger)
        check_rows_left(rows, step.kind, gathered, context.ledger)
    tell("split", (len(steps) + 1) / total)
    rows = split_rows(rows.drop(RESTORED, strict=False), gathered.config, context, gathered.given)
    for number, step in enumerate(steps, len(steps) + 2):
        tell(step.kind, number / total)
        if step.place >= PLACE:
            rows = weighed(rows, context)
        rows = step.apply_divided(rows, context)
    return weighed(rows, context)


def _key(
    config: Data, roles: Sequence[Role] | None, base_dir: Path, tools: Tools | None
) -> str | None:
    """What the result is cached under; None where a source is no file."""
    steps = steps_for(config)
    files = read_files(config, steps, base_dir)
    asked = any(step.asks_base() for step in steps)
    wishes = {
        "data": config.model_dump(mode="json"),
        "roles": None if roles is None else [asdict(role) for role in roles],
        "base": tools.name if tools is not None and asked else None,
    }
    return None if files is None else cache_key(wishes, files)
