"""What truncation removes, and rows that are the same to the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from luthier.data.finding import Finding
from luthier.tasks.audit.encoded import KIND, SHOWN, Audit, Encoded, Measured, longer

MUCH_CUT = 0.05
"""Share of rows cut from which on it is reported."""

UNEVEN = 0.25
"""Difference of two classes' shares of cut rows from which on it is reported."""

CHUNK = 1000


def whole_lengths(encoded: Encoded) -> NDArray[np.int64]:
    """Tokens of each row before the cut: only rows at the limit are tokenized once more."""
    lengths = np.array([len(e["input_ids"]) for e in encoded.examples], dtype=np.int64)
    full = np.flatnonzero(lengths >= encoded.max_length)
    for start in range(0, len(full), CHUNK):
        part = full[start : start + CHUNK]
        ids = encoded.tokenizer(
            encoded.texts[part].to_list(),
            truncation=False, return_attention_mask=False, verbose=False,
        )["input_ids"]  # fmt: skip
        lengths[part] = np.maximum(lengths[part], [len(row) for row in ids])
    return lengths


def truncation(audit: Audit, encoded: Encoded, measured: Measured) -> None:
    """Count what truncation removes, of every class."""
    lost = measured.lengths - measured.kept
    cut = measured.cut
    by_class = _share_by_class(encoded.classes, cut)
    share = float(cut.mean())
    audit.figures.update(
        rows_cut=int(cut.sum()), tokens_cut=int(lost.sum()), cut_by_class=by_class,
        max_length=encoded.max_length,
    )  # fmt: skip
    if share >= MUCH_CUT:
        audit.findings.append(
            Finding(
                "{rows} rows ({share:.0%}) are longer than {max_length} tokens: {tokens:.0%} of "
                "all tokens are cut off, at their ends.",
                KIND, round(min(0.8, 0.2 + share), 2), longer(encoded, measured),
                fields={
                    "rows": int(cut.sum()), "share": share, "max_length": encoded.max_length,
                    "tokens": float(lost.sum() / measured.lengths.sum()),
                },
                examples=encoded.shown(np.argsort(-lost, kind="stable")[:SHOWN]),
            )
        )  # fmt: skip
    if by_class and max(by_class.values()) - min(by_class.values()) >= UNEVEN:
        most = max(by_class, key=by_class.__getitem__)
        least = min(by_class, key=by_class.__getitem__)
        audit.findings.append(
            Finding(
                "Truncation cuts {most_share:.0%} of the rows of '{most}' but {least_share:.0%} of "
                "those of '{least}': the model may learn the length in place of the text.",
                KIND, 0.5, longer(encoded, measured),
                fields={"most": most, "most_share": by_class[most],
                        "least": least, "least_share": by_class[least]},
            )
        )  # fmt: skip


def targets(audit: Audit, encoded: Encoded, _: Measured) -> None:
    """Count targets that are cut, where they stand apart from what is read."""
    known = [e for e in encoded.examples if "whole" in e]
    cut = np.array([e["whole"] > len(e["labels"]) for e in known], dtype=bool)
    audit.figures["targets_cut"] = int(cut.sum()) if known else None
    if known and cut.mean() >= MUCH_CUT:
        wanted = int(np.quantile([e["whole"] for e in known], 0.99, method="higher"))
        longest = max(len(e["labels"]) for e in known)
        audit.findings.append(
            Finding(
                "{rows} targets ({share:.0%}) are longer than {longest} tokens: their ends are not "
                "learned, nor where they end.",
                KIND, round(min(0.9, 0.3 + float(cut.mean())), 2),
                f"task.max_target_length={min(wanted, encoded.longest)}",
                fields={"rows": int(cut.sum()), "share": float(cut.mean()), "longest": longest},
            )
        )  # fmt: skip


def _share_by_class(classes: Sequence[str | None], cut: NDArray[np.bool_]) -> dict[str, float]:
    if not classes:
        return {}
    frame = pl.DataFrame({"class": classes, "cut": cut}, schema={"class": pl.String, "cut": bool})
    shares = frame.drop_nulls().group_by("class").agg(pl.col("cut").mean()).sort("class")
    return dict(shares.iter_rows())


def collisions(audit: Audit, encoded: Encoded, measured: Measured) -> None:
    """Rows that the model cannot tell apart, though their labels differ."""
    seen: dict[bytes, tuple[int, bytes]] = {}
    alike: dict[int, int] = {}
    for row, example in enumerate(encoded.examples):
        if "label" not in example:
            continue
        ids = np.asarray(example["input_ids"], dtype=np.int32).tobytes()
        label = np.asarray(example["label"]).tobytes()
        first, own = seen.setdefault(ids, (row, label))
        if own != label:
            alike[row] = first
    cut = measured.cut
    by_cut = sum(bool(cut[row] or cut[first]) for row, first in alike.items())
    audit.figures.update(alike_differ=len(alike), alike_by_cut=by_cut)
    if alike:
        pairs = [place for pair in alike.items() for place in pair][: 2 * SHOWN]
        audit.findings.append(
            Finding(
                "{rows} rows are, token by token, the same as another with a different label "
                "({cut} of them because their ends are cut off): the model cannot tell them apart.",
                KIND, round(min(0.9, 0.4 + 2 * len(alike) / len(encoded.examples)), 2),
                longer(encoded, measured) if by_cut else "",
                fields={"rows": len(alike), "cut": by_cut},
                examples=encoded.shown(pairs),
            )
        )  # fmt: skip
