"""Exact match and F1 are those of SQuAD 1.1, SQuAD 2.0 and CMRC 2018, written out again here."""

from __future__ import annotations

import math
import re
import string
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics.draws import CLOSE, QUICK, assert_sound

from luthier.core.errors import DataError
from luthier.metrics import Asked, constant_answer, fit_no_answer, measure_answers, score_answer
from luthier.metrics.answer_texts import cmrc_parts

THOUSAND = settings(max_examples=1000, deadline=None)
ENGLISH = (
    "The", "the", "a", "An", "cat", "Cat's", "théâtre", "U.S.", "(1,200)", "--", "", "  ", "\t",
    "of", "the-end", "“quoted”", "ＡＢ", "14", "%", "a.", "theatre", "x_y", "…", "\u00a0", "İ",
)  # fmt: skip
CHINESE = (
    *"上海的北京大学一二《》，。！“”、·－", "2018", "年", "abc", "ABC", " ", "-", "x-y", "10",
    "word two",
)  # fmt: skip
LEFT_OUT = [
    "-", ":", "_", "*", "^", "/", "\\", "~", "`", "+", "=", "，", "。", "：", "？", "！", "“", "”",
    "；", "’", "《", "》", "……", "·", "、", "「", "」", "（", "）", "－", "～", "『", "』",
]  # fmt: skip

english = st.lists(st.sampled_from(ENGLISH), max_size=5).map(" ".join) | st.text(max_size=6)
chinese = st.lists(st.sampled_from(CHINESE), max_size=8).map("".join)


def squad_normal(text: str) -> str:
    """Lower case; then punctuation, articles, and white space, one after the other."""
    text = text.lower()
    text = "".join(c for c in text if c not in set(string.punctuation))
    text = re.sub(r"\b(a|an|the)\b", " ", text)
    return " ".join(text.split())


def squad_f1(prediction: str, truth: str, *, second: bool) -> float:
    said, true = squad_normal(prediction).split(), squad_normal(truth).split()
    if second and (len(said) == 0 or len(true) == 0):
        return float(said == true)
    same = sum((Counter(said) & Counter(true)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(true)
    return 2 * precision * recall / (precision + recall)


def squad(prediction: str, truths: list[str], *, second: bool) -> tuple[float, float]:
    if second:
        truths = [text for text in truths if squad_normal(text)] or [""]
    exact = max(float(squad_normal(prediction) == squad_normal(text)) for text in truths)
    return exact, max(squad_f1(prediction, text, second=second) for text in truths)


def cmrc_segments(text: str) -> list[str]:
    """Chinese characters, and what stands between them at white space."""
    segments, pending = [], ""
    for character in text.lower().strip():
        if character in LEFT_OUT:
            continue
        if "\u4e00" <= character <= "\u9fa5":
            segments += [*pending.split(), character]
            pending = ""
        else:
            pending += character
    return segments + pending.split()


def longest_common(one: list[str], other: list[str]) -> int:
    """Of the runs that both have."""
    table, longest = np.zeros((len(one) + 1, len(other) + 1), dtype=int), 0
    for i in range(len(one)):
        for j in range(len(other)):
            if one[i] == other[j]:
                table[i + 1, j + 1] = table[i, j] + 1
                longest = max(longest, table[i + 1, j + 1])
    return int(longest)


def cmrc(prediction: str, truths: list[str]) -> tuple[float, float]:
    def plain(text: str) -> str:
        return "".join(c for c in text.lower().strip() if c not in LEFT_OUT)

    f1 = []
    for truth in truths:
        said, true = cmrc_segments(prediction), cmrc_segments(truth)
        shared = longest_common(true, said)
        if shared == 0:
            f1.append(0.0)
            continue
        precision, recall = shared / len(said), shared / len(true)
        f1.append(2 * precision * recall / (precision + recall))
    return max(float(plain(prediction) == plain(truth)) for truth in truths), max(f1)


@THOUSAND
@given(english, st.lists(english, max_size=4))
def test_answers_score_as_in_squad(prediction: str, truths: list[str]) -> None:
    asked = Asked(tuple(truths))
    second = score_answer(prediction, asked, unanswerable=True)
    assert second == pytest.approx(squad(prediction, truths, second=True), abs=CLOSE)
    if truths:
        first = score_answer(prediction, asked)
        assert first == pytest.approx(squad(prediction, truths, second=False), abs=CLOSE)


@THOUSAND
@given(chinese, st.lists(chinese, min_size=1, max_size=3))
def test_answers_score_as_in_cmrc_2018(prediction: str, truths: list[str]) -> None:
    found = score_answer(prediction, Asked(tuple(truths), "zh"))
    assert found == pytest.approx(cmrc(prediction, truths), abs=CLOSE)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2018年3月", ["2018", "年", "3", "月"]),
        ("《三国演义》", list("三国演义")),
        ("iPhone 12 Pro手机", ["iphone", "12", "pro", "手", "机"]),
        ("约1,200人(估计)", ["约", "1,200", "人", "(", "估", "计", ")"]),
        ("it's 100%", ["it", "'s", "100", "%"]),
        ("don't", ["do", "n't"]),
    ],
)
def test_words_between_chinese_characters_are_those_of_nltk(text: str, parts: list[str]) -> None:
    assert cmrc_parts(text) == parts


CASES = [
    ("the Nile", Asked(("Nile", "River Nile"))),
    ("in 1900", Asked(("1900",))),
    ("", Asked(())),
    ("Paris", Asked(())),
    ("", Asked(("London",))),
    ("上海", Asked(("上海市",), "zh")),
]


def test_a_table_is_the_mean_of_its_questions() -> None:
    predictions, asked = zip(*CASES, strict=True)
    found = measure_answers(predictions, asked, unanswerable=True, resamples=0)
    assert found.values() == pytest.approx(
        {
            "exact_match": 2 / 6,
            "f1": (1 + 2 / 3 + 1 + 0 + 0 + 0.8) / 6,
            "has_answer_f1": (1 + 2 / 3 + 0 + 0.8) / 4,
            "no_answer_accuracy": 1 / 2,
        },
        abs=CLOSE,
    )


@QUICK
@given(st.lists(st.sampled_from(CASES), min_size=1, max_size=12), st.booleans())
def test_measures_are_sound(cases: list[tuple[str, Asked]], unanswerable: bool) -> None:
    if not unanswerable:
        cases = [case for case in cases if case[1].answers] or CASES[:2]
    predictions, asked = zip(*cases, strict=True)
    sure = np.linspace(0.1, 1, len(cases))
    found = measure_answers(
        predictions, asked, unanswerable=unanswerable, probabilities=sure, resamples=50
    )
    assert_sound(found)
    assert found.n == len(cases)
    none = {"no_answer_accuracy"} & found.metrics.keys()
    assert bool(none) == (unanswerable and any(not one.answers for one in asked))


def test_interval_narrows_with_questions() -> None:
    def width(count: int) -> float:
        asked = [Asked(("yes",))] * count
        said = ["yes" if row % 3 else "no" for row in range(count)]
        found = measure_answers(said, asked).metrics["exact_match"]
        return found.high - found.low

    assert width(30) / width(3000) == pytest.approx(10, rel=0.3)


def test_what_is_gained_over_a_constant_answer_is_measured() -> None:
    asked = [Asked((str(row % 3),)) for row in range(60)]
    found = measure_answers([one.answers[0] for one in asked], asked)
    assert found.gains["f1"].value == pytest.approx(2 / 3)
    assert found.gains["f1"].low > 0.5


def test_constant_answer_is_the_better_of_none_and_the_most_frequent() -> None:
    asked = [Asked(("Rome",)), Asked(("Rome", "the city")), Asked(("Oslo",)), Asked(())]
    assert constant_answer(asked, unanswerable=True) == "Rome"
    assert constant_answer([*asked, Asked(()), Asked(())], unanswerable=True) == ""


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        measure_answers([], [])
    with pytest.raises(ValueError, match="zip"):
        measure_answers(["a"], [Asked(("a",)), Asked(("b",))])


worth = st.sampled_from([0.0, 0.5, 1.0])
rows = st.lists(st.tuples(st.integers(-6, 6), worth, worth), min_size=1, max_size=12)


@QUICK
@given(rows)
def test_threshold_is_the_best_of_all(cases: list[tuple[int, float, float]]) -> None:
    difference, given_, none = (
        np.array(column, dtype=float) for column in zip(*cases, strict=True)
    )

    def mean(threshold: float) -> float:
        return float(np.where(difference > threshold, none, given_).mean())

    found = fit_no_answer(difference, given_, none)
    tried = [mean(threshold) for threshold in np.arange(-8, 8.25, 0.25)]
    assert mean(found) == pytest.approx(max(tried), abs=CLOSE)
    if mean(0) == pytest.approx(max(tried), abs=CLOSE):
        assert found == 0


def test_no_differences_leave_the_threshold_at_zero() -> None:
    nothing = np.array([])
    assert fit_no_answer(nothing, nothing, nothing) == 0
    assert math.isfinite(fit_no_answer(np.array([3.0]), np.array([0.0]), np.array([1.0])))
