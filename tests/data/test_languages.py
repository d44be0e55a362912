"""Languages: told where there is evidence, unknown where there is none."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.public import FOLDER, labelled, needs_data

from luthier.data.languages import UNKNOWN, WORDS, identify

TEXTS = {
    "en": "The report was not what they had expected of it.",
    "de": "Das ist nicht die Antwort, auf die wir gewartet haben.",
    "fr": "Elle ne sait pas encore ce qui est dans la boîte.",
    "es": "No sabía que los niños estaban en la casa con su abuela.",
    "it": "Non so perché il treno della sera è sempre in ritardo.",
    "pt": "Ele não sabe o que aconteceu com os livros da escola.",
    "nl": "Ik weet niet wat er met de boeken van het kind is gebeurd.",
    "cs": "Nevím, jestli se to stalo na ulici nebo už je to jinak.",
    "zh": "今天的会议改到下午三点。",
    "ja": "今日の会議は午後三時からです。",
    "ko": "오늘 회의는 오후 세 시입니다.",
    "ru": "Сегодня собрание начнётся в три часа.",
    "uk": "Сьогодні збори почнуться о третій годині, їх буде кілька.",
    "ar": "يبدأ الاجتماع اليوم في الساعة الثالثة",
    "fa": "جلسه امروز ساعت سه بعد از ظهر برگزار می‌شود، چه خبر؟",
    "el": "Η συνάντηση σήμερα αρχίζει στις τρεις.",
    "he": "הפגישה היום מתחילה בשלוש",
    "hi": "आज की बैठक तीन बजे शुरू होगी",
    "th": "การประชุมวันนี้เริ่มตอนบ่ายสาม",
}


@pytest.mark.parametrize(("code", "text"), TEXTS.items())
def test_one_sentence_is_enough(code, text):
    assert identify(pl.Series([text])).to_list() == [code]


@pytest.mark.parametrize("text", ["", None, "42", "OK", "!!!", "😀", "Xyzzy plugh", "https://x.y"])
def test_without_evidence_nothing_is_said(text):
    assert identify(pl.Series([text], dtype=pl.String)).to_list() == [UNKNOWN]


def test_every_text_gets_its_own_answer_in_order():
    mixed = [*TEXTS.values(), "", *reversed(TEXTS.values())]
    assert identify(pl.Series(mixed)).to_list() == [*TEXTS, UNKNOWN, *reversed(TEXTS)]
    assert identify(pl.Series([], dtype=pl.String)).to_list() == []


def test_english_names_in_chinese_do_not_mislead():
    assert identify(pl.Series(["我用 Python 和 PyTorch 写了一个模型，效果很好"])).to_list() == [
        "zh"
    ]


def test_no_language_lists_a_word_twice():
    for words in WORDS.values():
        assert len(words.split()) == len(set(words.split()))


@needs_data
def test_captions_in_four_languages():
    lines = (FOLDER / "multi30k" / "val.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for code in ("en", "de", "fr", "cs"):
        told = identify(pl.Series([row[code] for row in rows]))
        known = told.filter(told != UNKNOWN)
        assert (known == code).mean() > 0.98
        assert len(known) > 0.7 * len(told)


@needs_data
@pytest.mark.parametrize(("name", "code"), [("news", "en"), ("chinese", "zh"), ("questions", "en")])
def test_data_of_one_language(name, code):
    told = identify(labelled(name)["text"])
    assert (told == code).mean() > 0.95
    assert told.is_in([code, UNKNOWN]).mean() > 0.998
