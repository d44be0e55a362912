"""What there is to see of a model that was trained in stages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from luthier.core.page import Say, table

Report = dict[str, Any]
SHOWN = 12
"""Characters shown of a hash."""


def kept(report: Report, say: Say) -> str:
    """The matrix of what each stage left of those before it, and its two summaries."""
    found = report.get("forgetting")
    if not found:
        return ""
    text = (
        "After each stage (row) the test rows of every stage so far (column) are measured. Where "
        "tasks differ, the base as the later stage left it answers under the earlier stage's head."
    )
    return f'<p class="note">{say(text)}</p>{_matrix(found, say)}{_summary(found, say)}'


def _matrix(found: Mapping[str, Any], say: Say) -> str:
    names = [escape(name) for name in found["stages"]]
    columns = zip(names, found["metrics"], strict=True)
    head = "".join(
        f'<th>{name}<div class="note">{escape(metric)}</div></th>' for name, metric in columns
    )
    body = []
    for name, cells in zip(names, found["rows"], strict=True):
        shown = [_cell(cell, say) for cell in cells] + ["<td></td>"] * (len(names) - len(cells))
        body.append(f"<tr><th>{say('after {stage}', stage=name)}</th>{''.join(shown)}</tr>")
    lost = "".join(_lost(value) for value in found["forgetting"])
    body.append(f"<tr><th>{say('forgotten')}</th>{lost}<td></td></tr>")
    return f'<div class="scroll heat"><table><tr><th></th>{head}</tr>{"".join(body)}</table></div>'


def _cell(cell: Mapping[str, Any], say: Say) -> str:
    if "value" not in cell:
        return f"<td>{_why(cell['how'], say)}</td>"
    share = 0.6 * min(1.0, max(0.0, cell["value"]))
    return (
        f'<td style="background:rgba(var(--tint),{share:.2f})">{cell["value"]:.3f}'
        f'<div class="note">{cell["low"]:.3f} – {cell["high"]:.3f}</div></td>'
    )


def _why(how: str, say: Say) -> str:
    """Why a test was not opened again."""
    if how == "prompt":
        return say("its prompt fits no other head")
    return say("another kind of input" if how == "reads" else "not measured")


def _lost(value: float | None) -> str:
    return "<td></td>" if value is None else f"<td><b>{value:+.3f}</b></td>"


def _summary(found: Mapping[str, Any], say: Say) -> str:
    text = (
        "Forgotten is the best value before the last stage minus the value now; below 0 the later "
        "stages helped."
    )
    lost, moved = found["mean_forgetting"], found["backward_transfer"]
    means = "Mean forgetting: {lost:.3f}. Backward transfer: {moved:+.3f}."
    mean = "" if lost is None else say(means, lost=lost, moved=moved)
    return f'<p class="note">{say(text)} {mean}</p>'


def lineage(report: Report, say: Say) -> str:
    """The stages behind the model as a chain, and what each was made of."""
    stages = report.get("lineage", [])
    if len(stages) < 2:
        return ""
    boxes = [f'<div class="card"><h3>{say("Base")}</h3>{escape(stages[0]["base"])}</div>']
    for stage in stages:
        rows = say("{rows:,} rows", rows=stage["rows"])
        boxes.append(
            f'<div class="card"><h3>{escape(stage["stage"])}</h3>'
            f'{escape(stage["task"])} · {rows}<div class="note">{escape(stage["run"])}</div></div>'
        )
    header = ("Stage", "Run", "Started from", "Techniques", "Data", "Recipe")
    body = [
        [
            escape(stage["stage"]),
            escape(stage["run"]),
            escape(stage["base"]),
            escape(", ".join(stage["techniques"]) or "full"),
            *(f"<code>{stage[name][:SHOWN]}</code>" for name in ("data", "recipe")),
        ]
        for stage in stages
    ]
    chain = '<span class="to">→</span>'.join(boxes)
    return f'<div class="chain">{chain}</div>{table([say(h) for h in header], body, numbers=99)}'
