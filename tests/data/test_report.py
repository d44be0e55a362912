"""The page on prepared data says what the card and the ledger say, in both languages."""

from __future__ import annotations

from html.parser import HTMLParser

import polars as pl
import pytest

from luthier.data.finding import Finding
from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared
from luthier.data.report import data_page
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The texts of a page; fails on a tag that is closed wrongly."""

    def __init__(self, html):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            assert name not in ("src", "href"), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def prepared(tmp_path) -> Prepared:
    rows = [(f"<b>sentence</b> {n} & more", "好" if n % 2 else "bad") for n in range(40)]
    rows += [("<script>alert(1)</script>", "bad")] * 2 + [("", "bad")]
    table = pl.DataFrame(rows, schema=["text", "label"], orient="row")
    table.write_csv(tmp_path / "a.csv")
    return prepare(Data(train="a.csv"), Classify().roles(), base_dir=tmp_path)


def _with(prepared, *findings):
    prepared.card["findings"] = [finding.to_json() for finding in findings]
    return prepared


FINDING = Finding(
    "{count} more findings are in the report.", "pii", 0.9, "data.steps.pii.action=mask",
    fields={"count": 3}, examples=({"row": 7, "text": "<i>x</i>", "share": 0.25},),
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(prepared, language):
    html = data_page(_with(prepared, FINDING), language)
    page = Page(html)
    assert "http" not in html
    assert f'lang="{language}"' in html
    assert "<script" not in html
    assert "data.steps.pii.action=mask" in page.texts
    assert "<i>x</i>" in page.texts
    assert "0.250" in page.texts


def test_every_step_and_its_counts_are_there(prepared):
    texts = Page(data_page(prepared, "en")).texts
    for step in prepared.card["operators"]:
        assert step in texts
    out = prepared.card["rows_out"]
    assert f"43 rows came in, {out} are ready" in " ".join(texts)


def test_the_verdict_follows_the_worst_finding(prepared):
    pages = [
        data_page(_with(prepared, Finding(FINDING.message, "x", harm, fields={"count": 1})), "en")
        for harm in (0.1, 0.4, 0.9)
    ]
    found = [tone for page in pages for tone in ("good", "so", "bad") if f"verdict {tone}" in page]
    assert found == ["good", "so", "bad"]


def test_both_languages_have_the_finding(prepared):
    text = FINDING.to_json()["text"]
    assert text["en"].startswith("3 more")
    assert "3" in text["zh"]
    assert text["zh"] != text["en"]


def test_nothing_found_is_said(prepared):
    assert "Nothing that needs a decision." in data_page(_with(prepared), "en")
