"""Noise of many kinds: what goes, what stays, and that clean texts are not touched."""

from __future__ import annotations

import importlib.util

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import context, table
from tests.public import labelled, needs_data

from luthier.data.operators.boilerplate import Boilerplate
from luthier.data.operators.chinese import Chinese
from luthier.data.operators.emoji import Emoji
from luthier.data.operators.html import Html
from luthier.data.operators.mentions import Mentions
from luthier.data.operators.mojibake import Mojibake
from luthier.data.operators.repeats import Repeats
from luthier.data.operators.urls import Urls
from luthier.data.steps import steps_for
from luthier.recipe.schema import Data

CASES = [
    (Mojibake(), "itâ€™s a cafÃ©", "it’s a café"),
    (Mojibake(), "ä½\xa0å¥½", "你好"),
    (Html(), "Q&amp;A &lt;3 &#39;", "Q&A <3 '"),
    (Html(), "a<br/>b <b>c</b>", "a b  c "),
    (Html(), "twice &amp;quot;escaped&amp;quot;", 'twice "escaped"'),
    (Html(), "a<script>let x = '<b>';</script>b<!-- no -->c", "a b c"),
    (Html(line_ends="keep"), "<p class='x'>一</p><p>二</p>", " 一\n 二\n"),
    (Chinese(), "Ａ股涨了１２％，好！", "A股涨了12％，好！"),
    (Chinese(gaps=True), "今 天 天气 很 好 ok fine", "今天天气很好 ok fine"),
    (Urls(), "see https://a.b/c?d=1, and www.x.cn。好", "see URL, and URL。好"),
    (Urls(), "（http://x.com/y）看http://t.cn/RqZ好", "（URL）看URL好"),
    (Urls(action="remove"), "at https://a.b/c.", "at ."),
    (Mentions(), "@bob_1 thanks @小明 :)", "@user thanks @user :)"),
    (Mentions(action="remove"), "hi @bob!", "hi !"),
    (Mentions(action="keep", hashtags="split"), "#NeverAgain #一起", "Never Again 一起"),
    (Mentions(hashtags="remove"), "so #good now", "so  now"),
    (Emoji(), "good 👍🏽 day 🇩🇪", "good :thumbs up sign: day :flag de:"),
    (Emoji(action="remove"), "a👨\u200d👩\u200d👧b❤️c1️⃣", "abc"),
    (Repeats(), "soooooo goooood!!!!!! 哈哈哈哈哈", "sooo goood!!! 哈哈哈"),
    (Repeats(most=1), "aabb 1000", "ab 1000"),
]  # fmt: skip

KEPT = [
    (Mojibake(), "naïve café – “quoted” £5 Ünïcödé 中文，全角！ é"),
    (Html(), "a < b and b > c, AT&T, <name> wrote 1 < 2 <= 3"),
    (Chinese(), "全角标点，“引号”！ｶﾅ plain"),
    (Urls(), "node.js, e.g. this and 3.14"),
    (Mentions(), "mail bob@example.org or a@b, 5 @ 3"),
    (Emoji(), "plain text ™ © 1 # * 中文"),
    (Repeats(), "10000000 cooool"[:8] + " committee aaa"),
]


def _one(step, text):
    return step.apply(table([(text, "x")]), context())["text"][0]


@pytest.mark.parametrize(("step", "dirty", "clean"), CASES)
def test_what_is_cleaned(step, dirty, clean):
    assert _one(step, dirty) == clean


@pytest.mark.parametrize(("step", "text"), KEPT)
def test_what_stays(step, text):
    assert _one(step, text) == text


@pytest.mark.parametrize("step", {type(step): step for step, *_ in CASES}.values())
@settings(deadline=None, max_examples=60)
@given(text=st.text(st.sampled_from("ab1 @#&;<>!哈，\n\u200d👍🏽é./:")))
def test_a_second_time_changes_nothing(step, text):
    once = _one(step, text)
    assert _one(step, once) == once or isinstance(step, (Html, Mentions))


@pytest.mark.skipif(not importlib.util.find_spec("opencc"), reason="without the extra chinese")
def test_one_script_for_chinese():
    assert _one(Chinese(script="simplified"), "繁體中文 abc") == "繁体中文 abc"
    assert _one(Chinese(script="traditional"), "简体") == "簡體"


def test_lines_of_the_page_go_and_those_of_the_text_stay():
    pages = [
        (f"Story {n} begins.\nRead more\nIt ends.\nACME daily, Monday", "x") for n in range(30)
    ]
    told = context()
    rows = Boilerplate().apply(table(pages), told)
    assert rows["text"][3] == "Story 3 begins."
    assert told.fitted["boilerplate"] == ["ACME daily, Monday", "It ends.", "Read more"]
    later = context(fitted=told.fitted)
    assert Boilerplate().apply(table([("New.\nIt ends.", "x")]), later)["text"][0] == "New."


def test_a_text_of_one_line_is_no_boilerplate():
    rows = Boilerplate().apply(table([("Read more", "x")] * 30), context())
    assert set(rows["text"]) == {"Read more"}


@needs_data
@pytest.mark.parametrize("name", ["news", "chinese", "questions"])
def test_clean_texts_are_hardly_changed(name):
    rows = labelled(name, 4000)
    step_rows = table(list(rows.select("text", "label").iter_rows()))
    told = context()
    for step in steps_for(Data(train="x.csv")):
        if step.scope == "text" and step.kind != "whitespace":
            step_rows = step.apply(step_rows, told)
    changed = told.ledger.table().filter(pl.col("action") == "changed")["row"].n_unique()
    assert changed < 0.005 * len(rows)
