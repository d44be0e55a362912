"""The page: its sections in the order a reader asks."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from luthier.core.page import Say, page
from luthier.core.page.parts import section
from luthier.evaluation.report import audit, samples, sections, stages, training
from luthier.evaluation.report.sections import Report

Section = Callable[[Report, Say], str]

SECTIONS: tuple[tuple[str, Section], ...] = (
    ("How good it is", sections.metrics),
    ("What to do next", sections.advice),
    ("What is left of earlier stages", stages.kept),
    ("Each class", sections.classes),
    ("What is taken for what", sections.confusion),
    ("Whether its probabilities mean what they say", sections.calibration),
    ("The most confident mistakes", sections.mistakes),
    ("What it writes", samples.samples),
    ("How training went", training.training),
    ("What training saw", audit.audit),
    ("The data", sections.data),
    ("Where it comes from", stages.lineage),
    ("How it was made", sections.making),
)


def report_page(report: Report, language: str) -> str:
    """A stage's report as one HTML page.

    Args:
        report: What ``report.json`` holds.
        language: ``en`` or ``zh``.
    """
    say = Say(language)
    parts = [section(say(title), content(report, say)) for title, content in SECTIONS]
    return page(report["name"], language, _head(report, say) + "".join(parts))


def _head(report: Report, say: Say) -> str:
    verdict = report["verdict"]
    tone, word = {
        True: ("good", "Good enough"),
        False: ("bad", "Not good enough yet"),
        None: ("so", "Measured"),
    }[verdict["passed"]]
    if verdict["passed"] and any(t["reached"] != "surely" for t in verdict["targets"]):
        tone, word = "so", "Good enough, but not beyond doubt"
    stage = "" if report["stage"] == "main" else f" · {escape(report['stage'])}"
    sentence = escape(verdict["sentences"][say.language], quote=False)
    return (
        f"<header><h1>{escape(report['name'])}{stage}</h1>"
        f'<div class="sub">{escape(report["created"])} · {escape(report["base"])}</div></header>'
        f'<div class="verdict {tone}"><b>{say(word)}</b>{sentence}</div>'
    )
