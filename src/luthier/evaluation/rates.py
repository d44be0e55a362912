"""The page of a learning-rate range test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from luthier.core.page import Say, page, table
from luthier.core.page.plots import Line, Points, line_plot
from luthier.train.range_test import RangeTest

SHOWN_LOSS = 1.5
"""A loss over the first from which on the curve is cut, so that what matters has room."""


def rates_page(name: str, found: RangeTest, language: str) -> str:
    """The curve with the suggestion, as one HTML page.

    Args:
        name: Of the recipe.
        found: What was measured.
        language: ``en`` or ``zh``.
    """
    say = Say(language)
    powers = [math.log10(rate) for rate in found.rates]
    most = SHOWN_LOSS * found.smoothed[0]
    lines = [
        Line(say("of each step"), _shown(powers, found.losses, most), "b"),
        Line(say("running mean"), _shown(powers, found.smoothed, most), "a"),
    ]
    plot = line_plot(
        lines, x_label=say("learning rate"), y_label=say("training loss"), powers=True,
        mark=(math.log10(found.suggested), say("suggested")),
    )  # fmt: skip
    rows = [
        (say("Suggested: use it as training.learning_rate"), f"{found.suggested:.0e}"),
        (say("The loss falls fastest"), f"{found.steepest:.1e}"),
        (say("The loss is lowest"), f"{found.lowest:.1e}"),
    ]
    text = (
        "A copy of the base was trained while the rate rose by the same factor at every step. "
        "Where the loss falls fastest the rate does most; a little above the lowest loss training "
        "comes apart."
    )
    return page(
        f"{name}: {say('learning rate')}",
        language,
        f"<header><h1>{escape(name)}: {say('learning rate')}</h1></header>"
        f'<p class="note">{say(text)}</p><div class="card">{plot}</div>'
        f"<section>{table(('', say('learning rate')), rows)}</section>",
    )


def _shown(powers: Sequence[float], losses: Sequence[float], most: float) -> Points:
    return [(x, y) for x, y in zip(powers, losses, strict=True) if y <= most]
