"""Formats: known without being told, brought to one form, written again."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.public import FOLDER, needs_data

from luthier.core.errors import DataError
from luthier.data.formats import convert, recognise, write_file
from luthier.data.prepare import prepare
from luthier.data.sources import read_source
from luthier.recipe.schema import Data


def said(turns):
    return [(t["role"], t["content"]) for t in turns]


def rows(*values):
    return pl.DataFrame(list(values), infer_schema_length=None)


CASES = {
    "alpaca": ([{"instruction": "翻译", "input": "你好", "output": "hello"}],
               {"messages": [("user", "翻译\n你好"), ("assistant", "hello")]}),
    "sharegpt": ([{"conversations": [{"from": "human", "value": "a"},
                                     {"from": "gpt", "value": "b"}]}],
                 {"messages": [("user", "a"), ("assistant", "b")]}),
    "messages": ([{"system": "s", "messages": [{"role": "user", "content": "a"}]}],
                 {"messages": [("system", "s"), ("user", "a")]}),
    "prompt,completion": ([{"question": "why", "answer": "because"},
                           {"question": "a", "answer": "b"}, {"question": "c", "answer": "d"}],
                          {"messages": [("user", "why"), ("assistant", "because")]}),
    "prompt,chosen,rejected": ([{"prompt": "p", "chosen": "c", "rejected": "r"}],
                               {"prompt": [("user", "p")], "chosen": [("assistant", "c")],
                                "rejected": [("assistant", "r")]}),
    "prompt,completion,label": ([{"prompt": "p", "completion": "c", "label": True}],
                                {"messages": [("user", "p"), ("assistant", "c")], "label": "true"}),
    "squad": ([{"question": "who", "context": "it was Ann", "answers": {"text": ["Ann"],
                                                                        "answer_start": [7]}}],
              {"question": "who", "answers": [{"text": "Ann", "start": 7}]}),
    "tokens,ner_tags": ([{"tokens": ["Ann", "ran"], "ner_tags": ["B-PER", "O"]}],
                        {"tokens": ["Ann", "ran"], "tags": ["B-PER", "O"]}),
    "source,target": ([{"en": "hi", "zh": "你好"}], {"source": "hi", "target": "你好"}),
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), CASES.items())
def test_each_format_is_known_and_read(name, case):
    written, expected = case
    found = recognise(rows(*written))
    assert found.format == name
    first = found.rows.row(0, named=True)
    for column, value in expected.items():
        got = first[column]
        dialogue = isinstance(value, list) and value and isinstance(value[0], tuple)
        assert (said(got) if dialogue else got) == value


@pytest.mark.parametrize(("name", "case"), CASES.items())
def test_written_rows_are_read_as_they_were(name, case):
    found = recognise(rows(*case[0]))
    again = recognise(rows(*convert(found.rows, found.family, name)))
    assert again.format == name
    assert again.rows.equals(found.rows)


@pytest.mark.parametrize("frame", [
    rows({"text": "a", "label": "x"}, {"text": "b", "label": "y"}), rows({"text": "a"}),
    rows(*({"question": f"q{n}", "target": "yes" if n % 2 else "no"} for n in range(50))),
])  # fmt: skip
def test_labels_and_plain_texts_are_no_dialogue(frame):
    assert recognise(frame) is None


def test_a_dialogue_may_be_json_in_a_cell():
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    found = recognise(rows({"messages": json.dumps(turns)}))
    assert said(found.rows["messages"][0]) == [("user", "a"), ("assistant", "b")]


def test_who_is_learned_and_tools_are_kept():
    call = [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "a"}], "loss_weight": 0.0},
        {"role": "assistant", "content": None, "tool_calls": call},
        {"role": "assistant", "content": "b", "weight": 1},
    ]
    found = recognise(rows({"messages": json.dumps(turns), "tools": json.dumps([{"name": "f"}])}))
    first, second, third = found.rows["messages"][0]
    assert (first["content"], first["loss"], third["loss"]) == ("a", False, True)
    (written,) = convert(found.rows, "chat", "messages")
    assert written["messages"][1]["tool_calls"] == call
    assert written["messages"][0]["weight"] == 0
    assert written["tools"] == [{"name": "f"}]
    assert json.loads(second["tool_calls"]) == call


def test_two_dialogues_that_begin_alike_are_a_preference():
    begin = "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: joke?\n\nAssistant:"
    found = recognise(rows({"chosen": f"{begin} good one", "rejected": f"{begin} bad one"}))
    first = found.rows.row(0, named=True)
    assert said(first["prompt"])[-1] == ("user", "joke?")
    assert said(first["chosen"]) == [("assistant", "good one")]


BROKEN = [
    ("messages", {"messages": [{"role": "user", "content": "a"}]},
     {"messages": [{"role": "clown", "content": "a"}]}),
    ("messages", {"messages": [{"role": "user", "content": "a"}]}, {"messages": []}),
    ("question",
     {"question": "q", "context": "abc", "answers": {"text": ["b"], "answer_start": [1]}},
     {"question": "q", "context": "abc", "answers": {"text": ["z"], "answer_start": [1]}}),
    ("tokens", {"tokens": ["a"], "ner_tags": ["O"]}, {"tokens": ["a", "b"], "ner_tags": ["O"]}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "sound", "broken"), BROKEN)
def test_a_row_that_is_not_sound_is_null(column, sound, broken):
    found = recognise(rows(sound, broken))
    assert found.rows[column].is_null().to_list() == [False, True]


def test_an_answer_is_found_where_it_stands():
    answers = [{"text": ["ab"], "answer_start": [start]} for start in (3, 4)]
    found = recognise(rows(
        {"question": "q", "context": "ab ab", "answers": answers[0]},
        {"question": "q", "context": "xx ab ab", "answers": answers[1]},
    ))  # fmt: skip
    assert [spans[0]["start"] for spans in found.rows["answers"]] == [3, 3]


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=8
).filter(lambda text: text.strip() and text.lstrip()[0] not in "[{")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=6).filter(lambda t: len(t) % 2 == 0), min_size=1)
)
@pytest.mark.parametrize("to", ["alpaca", "sharegpt", "messages", "prompt,completion"])
def test_dialogues_survive_every_format(to, dialogues):
    roles = ("user", "assistant")
    turns = [
        {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(dialogue)]}
        for dialogue in dialogues
    ]
    found = recognise(rows(*turns))
    again = recognise(rows(*convert(found.rows, "chat", to)))
    assert again.rows["messages"].to_list() == found.rows["messages"].to_list()


def test_pairs_and_labels_can_be_told_as_dialogues():
    pairs = pl.DataFrame({"source": ["a"], "target": ["b"]})
    assert convert(pairs, "pairs", "prompt,completion") == [{"prompt": "a", "completion": "b"}]
    labels = pl.DataFrame({"text": ["a"], "label": ["good"]})
    assert convert(labels, "classify", "alpaca")[0]["output"] == "good"


@pytest.mark.parametrize(("to", "hint"), [("mesages", "messages"), ("squad", "sharegpt")])
def test_what_cannot_be_written_is_refused(to, hint):
    with pytest.raises(DataError, match=hint):
        convert(pl.DataFrame({"messages": []}), "chat", to)


def test_rows_without_room_are_left_out(tmp_path):
    turns = [{"messages": [{"role": "user", "content": "only"}]}, CASES["messages"][0][0]]
    whole = recognise(rows(*turns)).rows
    assert convert(whole, "chat", "alpaca") == [None, None]
    assert write_file(whole, "chat", tmp_path / "x.jsonl", "alpaca") == 2
    assert (tmp_path / "x.jsonl").read_text() == ""


DEMOS = {
    "alpaca_zh_demo.json": "alpaca", "glaive_toolcall_zh_demo.json": "sharegpt",
    "dpo_en_demo.json": "prompt,chosen,rejected", "kto_en_demo.json": "prompt,completion,label",
    "v1_sft_demo.jsonl": "messages", "reason_tool_use_demo_50.jsonl": "messages",
}  # fmt: skip


@needs_data
@pytest.mark.parametrize(("file", "name"), DEMOS.items())
def test_files_of_others_are_prepared(file, name, tmp_path):
    path = FOLDER / "llamafactory_demos" / file
    prepared = prepare(Data(train=str(path)), base_dir=tmp_path, folder=tmp_path / "out", to=name)
    assert prepared.card["sources"][0]["format"] == name
    assert prepared.card["rows_out"] > 0.8 * prepared.card["rows_in"]
    again = recognise(pl.DataFrame([
        json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    ], infer_schema_length=None))  # fmt: skip
    assert again.format == name
    assert len(again.rows) == prepared.card["rows"]["train"]


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize(
    ("file", "unanswerable"), [("dev-v1.1.json", False), ("dev-v2.0.json", True)]
)
def test_squad_is_read_whole_and_passages_do_not_straddle(file, unanswerable):
    found = recognise(read_source(file, base_dir=FOLDER / "squad").rows)
    assert found.format == "squad"
    assert found.rows["question"].null_count() == 0
    assert bool((found.rows["answers"].list.len() == 0).any()) is unanswerable
    prepared = prepare(Data(train=file), base_dir=FOLDER / "squad")
    everything = pl.concat([s.with_columns(s=pl.lit(n)) for n, s in prepared.splits.items()])
    assert (everything.group_by("context").agg(pl.col("s").n_unique())["s"] == 1).all()
    assert len(everything) > 0.98 * len(found.rows)
