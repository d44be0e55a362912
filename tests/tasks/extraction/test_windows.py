"""Windows hold every token of a context, and the tokens of an answer stand for its characters."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.tasks.extraction.reading import KINDS, LETTERS, tokenizer

from luthier.core.errors import ModelError
from luthier.tasks.extraction.windows import Windows, find, trimmed

SOME = settings(max_examples=80, deadline=None)
READERS = {kind: tokenizer(kind) for kind in KINDS}

signs = st.sampled_from([*LETTERS, *LETTERS[:26].upper(), " ", " ", "\n", "é", "e\u0301"])
texts = st.lists(signs, max_size=90).map("".join)
questions = st.lists(signs, max_size=40).map("".join)
kinds = st.sampled_from(KINDS)
lengths = st.integers(32, 48)
strides = st.integers(0, 31)


@SOME
@given(kinds, st.lists(st.tuples(questions, texts), min_size=1, max_size=3), lengths, strides)
def test_every_token_of_a_context_is_in_a_window(
    kind: str, rows: list[tuple[str, str]], length: int, stride: int
) -> None:
    reader = READERS[kind]
    asked, contexts = zip(*rows, strict=True)
    examples = list(Windows(reader, length, stride).encode(asked, contexts))
    assert sorted({e["row"] for e in examples}) == list(range(len(rows)))
    for row, context in enumerate(contexts):
        encoded = reader(context, add_special_tokens=False, return_offsets_mapping=True)
        group = [e for e in examples if e["row"] == row]
        assert [e["begins"] for e in group] == [True] + [False] * (len(group) - 1)
        assert [e["ends"] for e in group] == [False] * (len(group) - 1) + [True]
        seen = 0
        for example in group:
            first, offsets = example["first"], example["offsets"].tolist()
            ids = example["input_ids"]
            assert len(ids) <= length
            before = example is not group[0]
            start = next(
                place
                for place in range(seen, -1, -1)
                if encoded["input_ids"][place : place + len(offsets)]
                == ids[first : first + len(offsets)]
                and [list(o) for o in encoded["offset_mapping"][place:][: len(offsets)]] == offsets
            )
            assert start < seen or not before or stride == 0
            seen = start + len(offsets)
        assert seen == len(encoded["input_ids"])


@SOME
@given(kinds, questions, texts, lengths, strides, st.data())
def test_gold_answers_map_back_to_their_characters(
    kind: str, asked: str, context: str, length: int, stride: int, data: st.DataObject
) -> None:
    assume(context.strip())
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, min(len(context), start + 12)))
    answer = trimmed(context, (start, end))
    assume(context[slice(*answer)].strip() and context[answer[0]] != "\u0301")
    windows = Windows(READERS[kind], length, stride)
    found = []
    for example in windows.encode([asked], [context]):
        span = find(example, answer)
        if span:
            first, last = (place - example["first"] for place in span)
            place = (int(example["offsets"][first, 0]), int(example["offsets"][last, 1]))
            assert trimmed(context, place) == answer
            found.append(span)
    tokens = READERS[kind](context[slice(*answer)], add_special_tokens=False)["input_ids"]
    room = length - READERS[kind].num_special_tokens_to_add(pair=True)
    shared = min(stride, (room - room // 2) // 2)
    if example["begins"] or len(tokens) <= shared:
        assert found


def test_chinese_characters_stand_where_they_are() -> None:
    context = "合同于2024年签订，租期三年。甲方每月支付5000元整。"
    start = context.index("三年")
    for kind in KINDS:
        reader = tokenizer(kind)
        (example,) = Windows(reader, 384, 128).encode(["租期几年？"], [context])
        first, last = find(example, (start, start + 2)) or (0, 0)
        tokens = example["offsets"][first - example["first"] : last + 1 - example["first"]]
        assert {context[a:b] for a, b in tokens.tolist()} == {"三", "年"}
        assert len(tokens) == (6 if kind == "bytes" else 2)


def test_an_answer_inside_a_token_is_the_token() -> None:
    reader = tokenizer("wordpiece", words=("pro", "rata"))
    (example,) = Windows(reader, 64, 16).encode(["how?"], ["paid pro rata."])
    first, last = find(example, (6, 7)) or (0, 0)
    assert first == last
    assert example["offsets"][first - example["first"]].tolist() == [5, 8]


def test_an_answer_that_a_window_cuts_is_not_in_it() -> None:
    context = "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9"
    examples = list(Windows(tokenizer("wordpiece"), 32, 4).encode(["what?"], [context]))
    assert len(examples) == 2
    border = int(examples[0]["offsets"][-1, 0])
    whole, cut = (border - 2, border + 1), (border - 2, border + 5)
    assert [find(example, whole) is not None for example in examples] == [True, True]
    assert [find(example, cut) is not None for example in examples] == [False, True]


def test_marks_belong_to_the_letter_before() -> None:
    context = "le cafe\u0301 noir"
    assert trimmed(context, (2, 7)) == (3, 8)
    assert context[slice(*trimmed(context, (3, 7)))] == "cafe\u0301"
    assert trimmed("   ", (0, 3)) == (3, 3)


def test_long_questions_leave_room_for_the_context() -> None:
    reader, asked = tokenizer("wordpiece"), "x " * 500
    (example, *more) = Windows(reader, 384, 128).encode([asked], ["one two three"])
    assert not more
    assert example["first"] == 64 + 2


def test_a_row_without_context_has_a_window() -> None:
    for kind in KINDS:
        (example,) = Windows(tokenizer(kind), 64, 16).encode(["why?"], [""])
        assert example["offsets"].shape == (0, 2)
        assert find(example, (0, 1)) is None


def test_tokenizers_without_offsets_are_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(ModelError, match="which characters"):
        Windows(Slow(), 64, 16)
