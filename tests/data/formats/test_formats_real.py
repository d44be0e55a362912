"""Formats of real data sets are told by what is in them, and hardly a row is not sound."""

from __future__ import annotations

import polars as pl
import pytest
from tests.public import FOLDER, needs_data

from luthier.data.formats import recognise
from luthier.data.sources import read_source

KNOWN = {
    "alpaca_zh/translated_proofread.jsonl[:200]": "alpaca",
    "cmrc2018/trial.json[:200]": "squad",
    "squad/dev-v2.0.json[:200]": "squad",
    "dialogsum/dev.jsonl": "source,target",
    "multi30k/val.jsonl[:200]": "source,target",
    "tatoeba_en_zh/all.tsv[:200]": "source,target",
    "hh_rlhf_harmless/test.jsonl[:100]": "prompt,chosen,rejected",
    "ewt_multitask/dev.jsonl[:200]": "conllu",
    "cifar10_images/test.parquet[:50]": "image,label",
}

PLAIN = {
    "llamafactory_demos/wiki_demo.txt": "plain text: each line",
    "tiny_shakespeare/input.txt": "plain text: each paragraph",
}


@needs_data
@pytest.mark.parametrize(("spec", "name"), KNOWN.items())
def test_formats_of_real_sets(spec, name):
    raw = read_source(spec, base_dir=FOLDER)
    found = recognise(raw.rows, raw.folder)
    assert found is not None
    assert found.format == name
    required = [role.name for role in found.roles if role.required]
    broken = found.rows.select(pl.any_horizontal(pl.col(required).is_null())).to_series().sum()
    assert broken <= 0.02 * len(raw.rows)


@needs_data
@pytest.mark.parametrize("spec", [
    "trec6/test.tsv", "chnsenticorp/dev.tsv", "financial_phrasebank/all_agree.csv",
    "twitter_airline/tweets.csv[:500]", "pubmedqa/test.jsonl",
])  # fmt: skip
def test_real_tables_of_texts_and_labels_are_no_other_format(spec):
    assert recognise(read_source(spec, base_dir=FOLDER).rows) is None


@needs_data
@pytest.mark.parametrize(("spec", "says"), PLAIN.items())
def test_real_plain_texts(spec, says):
    raw = read_source(spec, base_dir=FOLDER)
    assert raw.rows.columns == ["text"]
    assert len(raw.rows) > 20
    assert raw.notes[0].startswith(says)
