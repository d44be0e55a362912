"""What model cards say of classifiers."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.tasks.about import About

PIPELINE = (
    'from transformers import pipeline\nclassify = pipeline("text-classification", model="model")\n'
)


def about(labels: list[str], thresholds: Sequence[float] | None, mark: str | None) -> About:
    """What people are told of a classifier.

    Args:
        labels: Its classes.
        thresholds: Probabilities from which on they are given; None: not tuned.
        mark: What stands between two texts; None where it reads one.
    """
    return About(
        {"en": "text classifier", "zh": "文本分类模型"},
        "text-classification",
        PIPELINE + _call(mark) if thresholds is None else _with(thresholds, labels, mark),
        "from peft import AutoPeftModelForSequenceClassification\n"
        "model = AutoPeftModelForSequenceClassification.from_pretrained("
        f'"model", num_labels={len(labels)})',
        cuts="max_length",
    )


def _call(mark: str | None) -> str:
    return f"print(classify({_given(mark)}, truncation=True))"


def _given(mark: str | None) -> str:
    if mark is None:
        return '"..."'
    second = f'"{mark}..."'.replace("\n", "\\n")
    return f'{{"text": "...", "text_pair": {second}}}'


def _with(thresholds: Sequence[float], labels: list[str], mark: str | None) -> str:
    """Each class from its own threshold on."""
    limits = {label: round(value, 4) for label, value in zip(labels, thresholds, strict=True)}
    return (
        f"{PIPELINE}thresholds = {limits}\n"
        f"scores = classify({_given(mark)}, truncation=True, top_k=None)\n"
        'print([s["label"] for s in scores if s["score"] >= thresholds[s["label"]]])'
    )
