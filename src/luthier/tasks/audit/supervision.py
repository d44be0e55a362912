"""Which rows and tokens teach, whether they teach to stop, and what serving will ask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luthier.core.errors import NothingSupervisedError
from luthier.data.finding import Finding
from luthier.tasks.audit.encoded import (
    KIND,
    Audit,
    Encoded,
    Measured,
    labelled,
    special_ids,
)
from luthier.tasks.task import IGNORED, Example

MUCH_IDLE = 0.01
"""Share of rows that teach nothing from which on it is reported."""

FEW_STOPS = 0.5
"""Share of rows that teach to stop below which it is reported."""


def taught(encoded: Encoded) -> NDArray[np.int64]:
    """Trained tokens of each row; (rows,)."""
    special = special_ids(encoded.tokenizer)
    return np.array(
        [
            0 if special.issuperset(example["input_ids"]) else labelled(example)
            for example in encoded.examples
        ],
        dtype=np.int64,
    )


def supervision(audit: Audit, encoded: Encoded, measured: Measured) -> None:
    """Count rows and tokens that teach.

    Raises:
        NothingSupervisedError: If there are none.
    """
    idle = measured.taught == 0
    if idle.all():
        raise NothingSupervisedError(
            "None of the {rows} training rows teaches anything: they have no label, no text, or "
            "every token is masked.",
            hint="Check which columns are text and label, and, for dialogues, which turns train.",
            rows=len(idle),
        )
    by_token = any("labels" in example for example in encoded.examples)
    # Targets that stand apart from what is read are tokens too.
    tokens = int(measured.kept.sum()) + sum(
        len(example["labels"]) for example in encoded.examples if "whole" in example
    )
    audit.figures.update(
        rows_trained=int((~idle).sum()), rows_idle=int(idle.sum()), tokens=tokens,
        tokens_trained=int(measured.taught.sum()) if by_token else None,
    )  # fmt: skip
    if idle.mean() >= MUCH_IDLE:
        audit.findings.append(
            Finding(
                "{rows} of {all} training rows teach nothing: no label, no text, or every token "
                "is masked. They cost time all the same.",
                KIND, round(min(0.9, 0.3 + float(idle.mean())), 2),
                fields={"rows": int(idle.sum()), "all": len(idle)},
                examples=encoded.shown(np.flatnonzero(idle)),
            )
        )  # fmt: skip


def stop(audit: Audit, encoded: Encoded, _: Measured) -> None:
    """Whether rows to generate from teach where to stop."""
    tokenizer = encoded.tokenizer
    ends = encoded.ends or {tokenizer.eos_token_id} - {None}
    audit.figures["stop_trained"] = None
    if not ends or not (encoded.generates or _generates(encoded.examples)):
        return
    rows = [e["labels"] for e in encoded.examples if labelled(e)]
    share = float(np.mean([not ends.isdisjoint(labels) for labels in rows]))
    audit.figures["stop_trained"] = share
    if share < FEW_STOPS:
        audit.findings.append(
            Finding(
                "The stop token {token} is trained in {share:.0%} of the rows only: the model "
                "will not learn to end its answers.",
                KIND, 0.9, fields={
                    "token": ", ".join(tokenizer.convert_ids_to_tokens(sorted(ends))),
                    "share": share,
                },
            )
        )  # fmt: skip


def _generates(examples: Sequence[Example]) -> bool:
    """Whether the labels are tokens to say, not tags: those of the input, or of another length."""
    first = [e for e in examples[:100] if "labels" in e and labelled(e)]
    return bool(first) and all(_says(e) for e in first)


def _says(example: Example) -> bool:
    ids, labels = np.asarray(example["input_ids"]), np.asarray(example["labels"])
    if len(ids) != len(labels):
        return True
    trained = labels != IGNORED
    return bool((ids[trained] == labels[trained]).all())


def _begins(trained: Sequence[int], served: Sequence[int], generates: bool) -> bool:
    """Whether serving gives what training does, or what training's text to write goes on from."""
    return list(trained[: len(served)] if generates else trained) == list(served)


def template(audit: Audit, encoded: Encoded, _: Measured) -> None:
    """Whether serving builds the same tokens as training."""
    pairs = zip(encoded.examples, encoded.served, strict=False)
    alike = [_begins(example["input_ids"], served, encoded.generates) for example, served in pairs]
    audit.figures["served_alike"] = float(np.mean(alike)) if alike else None
    if not all(alike):
        different = [row for row, same in enumerate(alike) if not same]
        audit.findings.append(
            Finding(
                "{rows} of {all} rows are encoded otherwise in training than in serving: what was "
                "learned will not be asked for in the same words.",
                KIND, 0.95, fields={"rows": len(different), "all": len(alike)},
                examples=encoded.shown(different),
            )
        )  # fmt: skip
