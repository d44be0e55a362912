"""The section about how training went: what was found, and its curves on one axis."""

from __future__ import annotations

from luthier.core.page import Say
from luthier.core.page.findings import findings
from luthier.core.page.plots import Line, Panel, Points, stacked_plot, thin
from luthier.evaluation.looking_back import cut_steps
from luthier.evaluation.report.sections import Report
from luthier.train.loop import LOSS


def training(report: Report, say: Say) -> str:
    """What was found, then losses, metric, learning rate and gradient norm over the steps."""
    history, evaluations = report["history"], report["evaluations"]
    metric = report["metric"]

    def curve(key: str) -> Points:
        return thin([(h["step"], h[key]) for h in history])

    def measured(key: str) -> Points:
        return [(e["step"], e["metrics"][key]) for e in evaluations if key in e["metrics"]]

    panels = [
        Panel(say("loss"), [
            Line(say("training loss"), curve("loss"), "a"),
            Line(say("validation loss"), measured(LOSS), "b dots"),
        ]),
        Panel(say("validation {m}", m=metric), [
            Line(metric, measured(metric) if metric != LOSS else [], "b dots")
        ]),
        Panel(say("learning rate"), [Line(say("learning rate"), curve("lr"), "a")]),
        Panel(say("gradient norm"), [Line(say("gradient norm"), curve("grad_norm"), "a")]),
    ]  # fmt: skip
    marks = [(float(step), "") for step in cut_steps(history)]
    if evaluations:
        marks.append((report["training"]["best_step"], say("best")))
    plot = stacked_plot(panels, x_label=say("step"), marks=marks)
    text = (
        "Where the loss on validation rows rises while that on training rows falls, the model "
        "learns its rows by heart. Dashed: the weights that are kept, and cuts of the rate."
    )
    note = f'<p class="note">{say(text)}</p>' if evaluations else ""
    return f'{findings(report["findings"], say)}{note}<div class="card">{plot}</div>'
