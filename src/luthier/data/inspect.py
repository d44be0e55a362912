"""A first look at data: which column is the text, which the label."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.columns import NO_TEXT
from luthier.data.operators.missing import MARKERS
from luthier.data.sources import Raw, read_source, shown, title

LABEL_NAMES = re.compile(
    r"label|sentiment|class|categor|target|intent|topic|rating|stars|标签|类别|情感|分类",
    re.IGNORECASE,
)
TEXT_NAMES = re.compile(
    r"text|sentence|review|content|comment|tweet|body|message|headline|文本|内容|评论|句子|正文",
    re.IGNORECASE,
)
MOST_CLASSES = 100
FEW_ROWS = 10
LONGEST_NAME = 80
"""Characters that a recipe's name may have."""

SAMPLE = 2000
"""Rows that decide which column is which."""

SETTINGS = {3_000: (8, 3e-4, 0.75), 10_000: (5, 3e-4, 0.75), math.inf: (3, 1e-4, 0.9)}
"""Epochs, learning rate and layer-wise decay for up to so many rows.

Those that did best on two sizes of Financial PhraseBank and on SST-2.
"""

SEVERAL_SHARE = 0.05
"""From this share of rows with a separator in their label on, labels are lists."""


@dataclass(frozen=True)
class Inspection:
    """What a look at the data found."""

    rows: int
    text: str
    label: str
    labels: dict[str, int]
    """Rows of each label as it is spelt, most frequent first."""
    chinese: bool
    """Whether Chinese characters are the larger part of the texts."""
    notes: list[str]
    """What reading repaired, and what looks doubtful."""
    several: bool = False
    """Whether a row may have several labels, separated as in ``a; b``."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def inspect(spec: str, *, base_dir: Path | None = None) -> Inspection:
    """Guess the columns of a labelled source.

    The label is the column with few different values (its name counts), the text the
    other column with the longest and most various ones.

    Args:
        spec: The source; of one that comes in splits, its training rows.
        base_dir: Relative paths start here; default: the working directory.

    Raises:
        DataError: If no two columns can be text and label.
    """
    raw = read_source(spec, base_dir=base_dir or Path.cwd())
    text, label = labelled_columns(raw)
    columns = _as_text(raw.rows)
    present = columns[label].drop_nulls().str.strip_chars()
    present = present.filter(~present.str.to_lowercase().is_in(["", *MARKERS]))
    counts = present.value_counts(sort=True, name="n").sort("n", label, descending=[True, False])
    joined = "".join(columns[text].drop_nulls().head(200))
    letters = max(1, sum(map(str.isalpha, joined)))
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in joined) > 0.3 * letters
    notes = raw.notes + _doubts(len(raw.rows), len(present), counts, label)
    if chinese:
        notes.append("the texts are Chinese and minilm-l6 knows English: give a Chinese base")
    return Inspection(
        rows=len(raw.rows),
        text=text,
        label=label,
        labels={str(value): int(n) for value, n in counts.head(MOST_CLASSES).iter_rows()},
        chinese=chinese,
        notes=notes,
        several=_several(present),
    )


def labelled_columns(raw: Raw) -> tuple[str, str]:
    """The columns of a source that look like text and label.

    Raises:
        DataError: If no two columns do.
    """
    sample = {name: values.head(SAMPLE) for name, values in _as_text(raw.rows).items()}
    text, label = _text_and_label(sample)
    if label is None or text is None:
        raise DataError(
            "No pair of columns looks like text and label.",
            where=raw.name,
            hint="Luthier needs one column of texts and one of labels; it has: {columns}.",
            columns=", ".join(raw.rows.columns),
        )
    return text, label


def recipe_for(spec: str, found: Inspection | None = None) -> dict[str, Any]:
    """A recipe for a labelled source, as a mapping."""
    found = found or inspect(spec)
    name = title(spec)[:LONGEST_NAME].strip("-.") or "my-recipe"
    task = {"kind": "classify", "text": found.text, "label": found.label}
    if found.several:
        task["target"] = "classes"
    epochs, rate, decay = next(values for most, values in SETTINGS.items() if found.rows <= most)
    return {
        "name": name,
        "description": f"Classify the texts of {shown(spec)}.",
        "base": "minilm-l6",
        "task": task,
        "data": {"train": spec, "split": {"validation": 0.1, "test": 0.2}},
        "techniques": [{"kind": "discriminative", "decay": decay}],
        "training": {
            "epochs": epochs,
            "batch_size": 32,
            "learning_rate": rate,
            "schedule": {"kind": "linear", "warmup": 0.1},
            "seed": 0,
        },
        "evaluation": {"target": {"f1_macro": 0.9}},
    }


def _as_text(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """The columns that can be text or label, whole numbers without ``.0``."""
    names = [n for n, kind in rows.schema.items() if not (kind.is_nested() or kind in NO_TEXT)]
    columns = {name: rows[name].cast(pl.String) for name in names}
    return {
        name: values.str.replace(r"\.0$", "") if rows.schema[name].is_float() else values
        for name, values in columns.items()
    }


def _text_and_label(columns: dict[str, pl.Series]) -> tuple[str | None, str | None]:
    scores = {name: _label_score(name, values) for name, values in columns.items()}
    label = max(
        (n for n, score in scores.items() if score > 0), key=scores.__getitem__, default=None
    )
    rest = [name for name in columns if name != label]
    return max(rest, key=lambda name: _text_score(name, columns[name]), default=None), label


def _label_score(name: str, values: pl.Series) -> float:
    """Above 0 for what may be a label; the higher the likelier.

    Labels have few values, each in several rows, words rather than sentences; names count.
    """
    present = values.drop_nulls().str.strip_chars().str.to_lowercase()
    present = present.filter(~present.is_in(["", *MARKERS]))
    distinct = present.n_unique()
    if not 2 <= distinct <= MOST_CLASSES or distinct > 0.5 * len(present):
        return 0.0
    length = float(present.unique().str.len_chars().mean() or 0)  # type: ignore[arg-type]
    named = 2.0 if LABEL_NAMES.search(name) else 0.0
    return named + 1 / distinct + len(present) / len(values) + 1 / (1 + length / 20)


def _text_score(name: str, values: pl.Series) -> float:
    """Mean length, times the share of values that differ, and more where the name says so."""
    present = values.drop_nulls()
    if present.is_empty():
        return 0.0
    length = float(present.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    named = 2.0 if TEXT_NAMES.search(name) else 1.0
    return named * length * present.n_unique() / len(present)


def _several(labels: pl.Series) -> bool:
    """Whether labels are lists in text: cut at separators they are fewer, and occur alone too."""
    parts = labels.str.split(";") if labels.str.contains(";").any() else labels.str.split("|")
    joined = parts.list.len() > 1
    whole, single = labels.n_unique(), parts.explode().str.strip_chars().n_unique()
    return bool(joined.mean() > SEVERAL_SHARE) and single < whole  # type: ignore[operator]


def _doubts(rows: int, labelled: int, counts: pl.DataFrame, label: str) -> list[str]:
    notes = []
    if labelled < rows:
        notes.append(f"{rows - labelled} rows have no {label}")
    rare = counts.filter(pl.col("n") < FEW_ROWS)
    if len(rare):
        notes.append(f"{len(rare)} labels have fewer than {FEW_ROWS} rows")
    return notes
