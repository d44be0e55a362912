"""Labels: one spelling for one class."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from luthier.core.lazy import lazy
from luthier.data.operator import Context, Operator
from luthier.recipe.registries import PREPARATION

if TYPE_CHECKING:
    import polars as pl
else:
    pl = lazy("polars")

SHORTEST_PREFIX = 3
"""Letters an abbreviation needs: `pos` for `positive`."""

_SEPARATORS = re.compile(r"\s*[,;|，；、]\s*")
_WHOLE = re.compile(r"^([+-]?\d+)\.0+$")


@PREPARATION.register
class Labels(Operator):
    """Give every class one spelling: trimmed, without regard to case, abbreviations spelt out."""

    kind: Literal["labels"] = "labels"
    """This step."""
    abbreviations: bool = True
    """Read `pos` as `positive` where exactly one longer label begins so."""

    def apply(self, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Label columns spelt alike; numbers as numbers. Changed rows are in the ledger."""
        for column in context.named("number"):
            rows = self._numbers(rows, column, context)
        for column in context.named("label"):
            spelling = self._spelling(rows[column].to_list(), context.labels)
            rows = self._replace(rows, column, spelling, context)
        for column in context.named("labels"):
            rows = self._lists(rows, column, context)
        return rows

    def _numbers(self, rows: pl.DataFrame, column: str, context: Context) -> pl.DataFrame:
        number = (
            pl.col(column).str.strip_chars().str.replace(",", ".").cast(pl.Float64, strict=False)
        )
        unusable = number.is_null() | ~number.is_finite()
        context.ledger.record(
            self.kind, "dropped", rows.filter(unusable), f"{column} is not a number",
            before=pl.col(column),
        )  # fmt: skip
        return rows.filter(~unusable).with_columns(number.alias(column))

    def _replace(
        self, rows: pl.DataFrame, column: str, spelling: Mapping[str, str], context: Context
    ) -> pl.DataFrame:
        new = pl.col(column).replace_strict(
            spelling, default=pl.col(column), return_dtype=pl.String
        )
        changed = rows.filter(pl.col(column) != new)
        context.ledger.record(
            self.kind, "changed", changed, f"spelling of {column}",
            before=pl.col(column), after=new,
        )  # fmt: skip
        return rows.with_columns(new.alias(column))

    def _lists(self, rows: pl.DataFrame, column: str, context: Context) -> pl.DataFrame:
        values = rows[column].to_list()
        lists = [_SEPARATORS.split(v.strip()) if isinstance(v, str) else v or [] for v in values]
        spelling = self._spelling([x for labels in lists for x in labels], context.labels)
        new = [sorted({spelling[x] for x in labels if x and x.strip()}) for labels in lists]
        after = pl.Series("_after", new, dtype=pl.List(pl.String))
        rows = rows.with_columns(after)
        before = pl.Series([" | ".join(labels) for labels in lists], dtype=pl.String)
        joined = pl.Series([" | ".join(labels) for labels in new], dtype=pl.String)
        changed = rows.with_columns(before.alias("_b"), joined.alias("_j")).filter(
            pl.col("_b") != pl.col("_j")
        )
        context.ledger.record(
            self.kind, "changed", changed, f"spelling of {column}",
            before=pl.col("_b"), after=pl.col("_j"),
        )  # fmt: skip
        return rows.drop(column).rename({"_after": column})

    def _spelling(self, values: list[str], aliases: Mapping[str, str]) -> dict[str, str]:
        """Every spelling to the one of its class: the most frequent, else the first met."""
        counts = Counter(value for value in values if value is not None)
        given = {_fold(key): target for key, target in aliases.items()}
        by_class: dict[str, Counter[str]] = {}
        for value, count in counts.items():
            target = given.get(_fold(value))
            key = _fold(target if target is not None else value)
            spelling = target if target is not None else _trim(value)
            by_class.setdefault(key, Counter())[spelling] += count
        names = {key: spellings.most_common(1)[0][0] for key, spellings in by_class.items()}
        full = _full_forms(by_class) if self.abbreviations else {}
        result = {}
        for value in counts:
            key = _fold(given.get(_fold(value), value))
            result[value] = names[full.get(key, key)]
        return result


def _trim(value: str) -> str:
    """Unicode form NFKC without blanks around; ``1.0`` as ``1``."""
    trimmed = " ".join(unicodedata.normalize("NFKC", value).split())
    whole = _WHOLE.match(trimmed)
    return whole.group(1) if whole else trimmed


def _fold(value: str) -> str:
    return _trim(value).casefold()


def _full_forms(classes: Mapping[str, object]) -> dict[str, str]:
    """Abbreviation to the only class that it begins."""
    forms = {}
    for key in classes:
        stem = key.removesuffix(".")
        longer = [other for other in classes if other != key and other.startswith(stem)]
        if len(stem) >= SHORTEST_PREFIX and stem.isalpha() and stem.isascii() and len(longer) == 1:
            forms[key] = longer[0]
    return forms
