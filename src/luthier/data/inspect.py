"""A first look at data: which column is the text, which the label."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError
from luthier.data.operators.missing import MARKERS
from luthier.data.sources import read_source

LABEL_NAMES = re.compile(
    r"label|sentiment|class|categor|target|intent|topic|rating|stars|标签|类别|情感|分类",
    re.IGNORECASE,
)
TEXT_NAMES = re.compile(
    r"text|sentence|review|content|comment|tweet|body|message|headline|文本|内容|评论|句子|正文",
    re.IGNORECASE,
)
MOST_CLASSES = 100


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

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def inspect(spec: str) -> Inspection:
    """Guess the columns of a labelled source.

    The label is the column with few different values (its name counts), the text the
    other column with the longest ones.

    Raises:
        DataError: If no two columns can be text and label.
    """
    raw = read_source(spec, base_dir=Path.cwd())
    columns = {
        name: raw.rows[name].cast(pl.String)
        for name, kind in raw.rows.schema.items()
        if not kind.is_nested() and kind != pl.Binary
    }
    label = max(columns, key=lambda name: _label_score(name, columns[name]), default=None)
    rest = [name for name in columns if name != label]
    text = max(rest, key=lambda name: _text_score(name, columns[name]), default=None)
    if label is None or text is None or _label_score(label, columns[label]) < 0:
        raise DataError(
            "No pair of columns looks like text and label.",
            where=spec,
            hint="Luthier needs one column of texts and one of labels; it has: {columns}.",
            columns=", ".join(raw.rows.columns),
        )
    present = columns[label].drop_nulls().str.strip_chars()
    present = present.filter(~present.str.to_lowercase().is_in(list(MARKERS)))
    counts = present.value_counts(sort=True, name="n")
    joined = "".join(columns[text].drop_nulls().head(200))
    cjk = sum("\u4e00" <= c <= "\u9fff" for c in joined)
    return Inspection(
        rows=len(raw.rows),
        text=text,
        label=label,
        labels={str(value): int(n) for value, n in counts.head(MOST_CLASSES).iter_rows()},
        chinese=cjk > 0.3 * max(1, len(joined)),
        notes=raw.notes,
    )


def recipe_for(spec: str, found: Inspection | None = None) -> dict[str, Any]:
    """A recipe for a labelled source, as a mapping."""
    found = found or inspect(spec)
    stem = Path(spec.removeprefix("hf:").removesuffix(".gz")).stem
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "my-recipe"
    return {
        "name": name,
        "description": f"Classify the texts of {spec}.",
        "base": "minilm-l6",
        "task": {"kind": "classify", "text": found.text, "label": found.label},
        "data": {"train": spec, "split": {"validation": 0.1, "test": 0.2}},
        "training": {
            "epochs": 4,
            "batch_size": 32,
            "learning_rate": 1e-4,
            "schedule": {"kind": "linear", "warmup": 0.1},
            "seed": 0,
        },
        "evaluation": {"target": {"f1_macro": 0.9}},
    }


def _label_score(name: str, values: pl.Series) -> float:
    present = values.drop_nulls().str.strip_chars().str.to_lowercase()
    distinct = present.n_unique()
    if not 2 <= distinct <= MOST_CLASSES or distinct > 0.5 * len(present):
        return -1.0
    named = 2.0 if LABEL_NAMES.search(name) else 0.0
    return named + 1 / distinct + len(present) / max(1, len(values))


def _text_score(name: str, values: pl.Series) -> float:
    length = values.drop_nulls().str.len_chars().mean()
    named = 2.0 if TEXT_NAMES.search(name) else 1.0
    return named * float(length) if isinstance(length, int | float) else 0.0
