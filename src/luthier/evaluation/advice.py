"""What to do next, from what a report shows."""

from __future__ import annotations

from typing import Any

from luthier.core.locale import LANGUAGES, translate
from luthier.core.page.findings import MIDDLE
from luthier.metrics import scale

WIDE_INTERVAL = 0.06
POOR_CALIBRATION = 0.08
LARGE_LOSS = 0.2
MUCH_FORGOTTEN = 0.03


def advise(report: dict[str, Any]) -> list[dict[str, str]]:
    """Advice in order of likely gain; each in every language.

    What was found out about training comes first, where it matters.
    """
    of_training = [f["text"] for f in report["findings"] if f["harm"] >= MIDDLE]
    found = [
        *_forgotten(report),
        *_weakest_class(report),
        *_interval(report),
        *_calibration(report),
        *_data(report),
    ]
    return of_training + [
        {code: translate(text, code, **fields) for code in LANGUAGES} for text, fields in found
    ]


Advice = list[tuple[str, dict[str, object]]]


def _forgotten(report: dict[str, Any]) -> Advice:
    found = report.get("forgetting")
    if not found:
        return []
    lost = zip(found["stages"], found["metrics"], found["forgetting"], strict=False)
    worst = max(lost, key=lambda one: one[2] if one[2] is not None else 0.0)
    if worst[2] is None or worst[2] < MUCH_FORGOTTEN:
        return []
    text = (
        "This stage forgot {lost:.3f} of {metric} on the test of stage {stage}. If that is still "
        "needed: techniques: [replay], a lower learning rate, or lora."
    )
    return [(text, {"stage": worst[0], "metric": worst[1], "lost": worst[2]})]


def _weakest_class(report: dict[str, Any]) -> Advice:
    classes = [c for c in report["measures"]["per_class"] if c["support"]]
    if len(classes) < 2:
        return []
    weakest = min(classes, key=lambda c: c["f1"]["value"])
    rest = [c["f1"]["value"] for c in classes if c is not weakest]
    if sum(rest) / len(rest) - weakest["f1"]["value"] < 0.05:
        return []
    text = (
        "The class '{label}' is the weakest (F1 {f1:.3f}): more and clearer examples of it "
        "help most."
    )
    return [(text, {"label": weakest["label"], "f1": weakest["f1"]["value"]})]


def _interval(report: dict[str, Any]) -> Advice:
    name = report["verdict"]["headline"]
    headline = report["measures"]["metrics"][name]
    width = headline["high"] - headline["low"]
    if width < WIDE_INTERVAL * scale(name):
        return []
    text = (
        "The interval is {width:.3f} wide with {n} test rows: label more rows for a narrower one."
    )
    return [(text, {"width": width, "n": report["measures"]["n"]})]


def _calibration(report: dict[str, Any]) -> Advice:
    ece = report["measures"]["calibration"].get("ece")
    if ece is None or ece < POOR_CALIBRATION:
        return []
    text = "Probabilities are off by {ece:.3f} on average: do not take them at their word yet."
    return [(text, {"ece": ece})]


def _data(report: dict[str, Any]) -> Advice:
    card = report["data"]
    lost = sum(counts["dropped"] for counts in card["operators"].values())
    if lost < LARGE_LOSS * card["rows_in"]:
        return []
    text = "Preparation dropped {lost} of {rows} rows: look through the ledger for the reasons."
    return [(text, {"lost": lost, "rows": card["rows_in"]})]
