"""The task tag: every word is answered once, at its first token, whatever the words are."""

from __future__ import annotations

from random import Random
from typing import Any

import polars as pl
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast
from transformers.modeling_outputs import TokenClassifierOutput

from luthier.core.errors import DataError, ModelError
from luthier.metrics import Tagged
from luthier.tasks.tag import Tag
from luthier.tasks.tagging.tagger import Tagger
from luthier.tasks.tagging.windows import windows
from luthier.tasks.task import IGNORED
from luthier.tasks.words.pieces import Sentence, read_words

QUICK = settings(max_examples=100, deadline=None)
TEXTS = ["Marie Curie discovered polonium in Paris", "苹果公司在北京", "unbelievably long words"]

ODD = ["", " ", "\u200b", "\u0301", "\u202e", "e\u0301", "\xad", "[SEP]", "ﬁ", "İ",
       "👩‍👩‍👧", "北京", "New York", "\ud7ff", "Curie", "unbelievable", "\x00", "\ufffd",
       "\u3000"]  # fmt: skip
WORDS = st.lists(st.sampled_from(ODD) | st.text(max_size=12), max_size=12)


def word_piece() -> PreTrainedTokenizerFast:
    """As BERT's: accents and marks without width are dropped, Chinese is parted."""
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    backend.train_from_iterator(TEXTS, trainers.WordPieceTrainer(special_tokens=special))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=512,
    )  # fmt: skip


def bytes_of_words() -> PreTrainedTokenizerFast:
    """As GPT-2's: bytes, with the space before a word as a part of it."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|end|>"], initial_alphabet=alphabet
    )
    backend.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|end|>", pad_token="<|end|>", model_max_length=512
    )


TOKENIZERS = {"word pieces": word_piece(), "bytes": bytes_of_words()}
MAKERS = {"word pieces": word_piece, "bytes": bytes_of_words}


def tagger(tokenizer: str = "word pieces", tags: str = "O B-PER I-PER", **settings: Any) -> Tagger:
    config = Tag(**settings)
    rows = pl.DataFrame({"tokens": [tags.split()], "tags": [tags.split()]})
    made = config.build(config.learn(rows), MAKERS[tokenizer]())
    assert isinstance(made, Tagger)
    return made


WINDOWED = {name: tagger(name, "DET NOUN VERB", max_length=16, stride=4) for name in TOKENIZERS}


@pytest.mark.parametrize("name", TOKENIZERS)
@QUICK
@given(WORDS)
@example(ODD)
def test_every_word_has_tokens_and_every_token_a_word(name: str, words: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    (read,) = read_words(tokenizer, [words])
    assert len(read.spans) == len(words)
    assert all(start < end for start, end in read.spans)
    taken = [place for start, end in read.spans for place in range(start, end)]
    special = tokenizer.num_special_tokens_to_add()
    assert taken == list(range(special // 2, len(read.ids) - special // 2))
    for word, (start, end) in zip(words, read.spans, strict=True):
        (alone,) = read_words(tokenizer, [[word]])
        (own,) = alone.spans
        assert read.ids[start:end] == alone.ids[slice(*own)]


def test_a_word_of_which_nothing_is_left_is_an_unknown_one() -> None:
    tokenizer = TOKENIZERS["word pieces"]
    (read,) = read_words(tokenizer, [["Marie", "\u0301", "", "Curie"]])
    (without,) = read_words(tokenizer, [["Marie", "[UNK]", "[UNK]", "Curie"]])
    assert read == without


@QUICK
@given(st.lists(st.integers(1, 12), max_size=30), st.integers(6, 20), st.integers(0, 12))
def test_windows_answer_every_word_once_within_their_length(
    sizes: list[int], longest: int, overlap: int
) -> None:
    ids, spans = [-1], []
    for word, size in enumerate(sizes):
        spans.append((len(ids), len(ids) + size))
        ids += [100 * word + piece for piece in range(size)]
    ids.append(-2)
    answered = []
    parts = list(windows(Sentence(ids, spans), longest, overlap))
    for window in parts:
        assert len(window.ids) <= max(longest, 2)
        assert (window.ids[0], window.ids[-1]) == (-1, -2)
        assert window.first == len(answered)
        assert [window.ids[place] % 100 for place in window.places] == [0] * len(window.places)
        answered += [window.ids[place] // 100 for place in window.places]
    assert answered == list(range(len(sizes)))
    assert len(parts) == 1 or all(window.places for window in parts)


def test_words_at_a_border_are_seen_with_what_is_around_them() -> None:
    ids = list(range(42))
    spans = [(place, place + 1) for place in range(1, 41)]
    first, second, *_ = windows(Sentence(ids, spans), 22, 8)
    assert first.ids == [0, *range(1, 21), 41]
    assert second.ids[1:9] == [*range(13, 21)]
    assert first.places == [*range(1, 17)]
    assert (second.first, second.places[0]) == (16, 5)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_labels_stand_at_first_tokens_and_answers_come_back_in_order(
    name: str, sentences: list[list[str]], random: Random
) -> None:
    task = WINDOWED[name]
    tags = [random.choices(task.labels, k=len(sentence)) for sentence in sentences]
    listed = pl.List(pl.String)
    schema = {"tokens": listed, "tags": listed}
    rows = pl.DataFrame({"tokens": sentences, "tags": tags}, schema=schema)
    examples = task.encode(rows)
    assert all(len(e["input_ids"]) <= 16 for e in examples)
    batch = task.collate(examples)
    assert batch["labels"].shape == batch["input_ids"].shape == batch["attention_mask"].shape
    logits = torch.nn.functional.one_hot(batch["labels"].clamp(min=0), len(task.labels)) * 50.0
    output = TokenClassifierOutput(logits=logits)
    total, weight = task.loss(output, batch)
    assert weight == sum(map(len, tags))
    assert float(total) == pytest.approx(0, abs=1e-6)
    said = task.gather(task.decode(output, batch), examples)
    assert [list(one.tags) for one in said] == task.references(rows) == tags
    seen = task.spread(rows, examples)["tokens"].to_list()
    assert [word for part in seen for word in part] == [w for s in sentences for w in s]


def test_chances_do_not_depend_on_the_batch() -> None:
    task = tagger()
    rows = pl.DataFrame({"tokens": [["Marie", "Curie"], ["in"], ["a", "long", "walk", "in"]]})
    examples = task.encode(rows)
    torch.manual_seed(0)
    whole = task.collate(examples)
    logits = torch.randn(*whole["input_ids"].shape, len(task.labels))
    together = task.decode(TokenClassifierOutput(logits=logits), whole)
    for row, one in enumerate(examples):
        alone = task.collate([one])
        own = TokenClassifierOutput(logits=logits[row : row + 1, : len(one["input_ids"])])
        (chances,) = task.decode(own, alone)
        assert chances == pytest.approx(together[row], abs=1e-12)


def rows_of(tags: list[str], tokens: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"tokens": [tokens or ["w"] * len(tags)], "tags": [tags]})


def test_what_is_learned_of_rows() -> None:
    learn = Tag().learn
    assert learn(rows_of(["O", "I-PER", "B-LOC"])) == {
        "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "scheme": "BIO", "characters": True,
    }  # fmt: skip
    assert learn(rows_of(["VERB", "NOUN"]))["labels"] == ["NOUN", "VERB"]
    assert learn(rows_of(["B-X", "L-X"]))["scheme"] == "BIOES"
    assert learn(rows_of(["O", "S-X"], ["他", "北京"]))["characters"] is False
    assert Tag(scheme="BIO").learn(rows_of(["PER", "O"]))["labels"] == ["O", "B-PER", "I-PER"]
    assert Tag(scheme="none").learn(rows_of(["O", "B-PER"]))["labels"] == ["B-PER", "O"]


@pytest.mark.parametrize(
    ("tags", "said"),
    [(["O", "B-ORG|B-LOC"], "inside one another"), (["NOUN", "NOUN"], "nothing to tell apart")],
)
def test_rows_that_cannot_be_learned_are_refused(tags: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Tag().learn(rows_of(tags))


def test_a_column_is_chosen_by_its_name() -> None:
    (tokens, tags) = Tag(tags="upos").roles()
    assert (tokens.synonyms, tags.name, tags.synonyms) == ((), "tags", ("upos",))


def test_unknown_tags_are_not_trained_and_are_noted() -> None:
    task = tagger()
    rows = rows_of(["B-PER", "I-PER", "B-GPE", "O"])
    (example_,) = task.encode(rows)
    assert [label for label in example_["labels"] if label != IGNORED] == [1, 2, 0]
    assert "1 entities count as wrong: unknown types GPE" in task.answerable(rows)[1]
    task = tagger(tags="DET NOUN")
    assert "1 words count as wrong: unknown tags X" in task.answerable(rows_of(["DET", "X"]))[1]


def answer(task: Tagger, said: Any, labels: list[str]) -> dict[str, Any]:
    """What is answered where the network is sure of these tags."""
    rows = pl.DataFrame({"tokens": [said]})
    (one,) = task.encode(rows)
    logits = torch.zeros(1, len(one["input_ids"]), len(task.labels))
    for place, label in zip(one["places"], labels, strict=True):
        logits[0, place, task.labels.index(label)] = 40.0
    output = TokenClassifierOutput(logits=logits)
    decoded = task.decode(output, task.collate([one]))
    (found,) = task.answers(task.gather(decoded, [one]), rows)
    return found


def test_entities_of_a_text_have_its_characters() -> None:
    text = "  Marie\u0301  Curie, 24, met 居里 夫人."
    labels = ["B-PER", "I-PER", "O", "O", "O", "O", *["B-PER", "I-PER", "I-PER", "I-PER"], "O"]
    found = answer(tagger(), text, labels)
    assert [(e["type"], text[e["start"] : e["end"]]) for e in found["entities"]] == [
        ("PER", "Marie\u0301  Curie"), ("PER", "居里 夫人"),
    ]  # fmt: skip
    assert [e["text"] for e in found["entities"]] == ["Marie\u0301  Curie", "居里 夫人"]
    assert found["tagged"] == "  [PER Marie\u0301  Curie], 24, met [PER 居里 夫人]."
    assert all(e["probability"] == pytest.approx(1) for e in found["entities"])
    assert [w["token"] for w in found["words"]] == [
        text[w["start"] : w["end"]] for w in found["words"]
    ]


def test_entities_of_words_have_the_characters_of_the_text_they_make() -> None:
    words = ["Marie", "Curie", "met", *"居里"]
    found = answer(tagger(), words, ["B-PER", "I-PER", "O", "B-PER", "I-PER"])
    assert found["text"] == "Marie Curie met 居里"
    assert [(e["text"], e["start"], e["end"]) for e in found["entities"]] == [
        ("Marie Curie", 0, 11), ("居里", 16, 18),
    ]  # fmt: skip


def test_illegal_tags_are_never_answered() -> None:
    found = answer(tagger(), ["Marie", "Curie"], ["O", "I-PER"])
    assert [word["tag"] for word in found["words"]] in (["O", "O"], ["B-PER", "I-PER"])


def test_parts_of_speech_are_answered_word_by_word() -> None:
    found = answer(tagger(tags="DET NOUN"), "The cat", ["DET", "NOUN"])
    assert found["tagged"] == "The/DET cat/NOUN"
    assert [(w["tag"], w["start"], w["end"]) for w in found["words"]] == [
        ("DET", 0, 3), ("NOUN", 4, 7),
    ]  # fmt: skip


def test_a_tokenizer_that_cannot_tell_words_is_refused() -> None:
    task = tagger()
    task.tokenizer = SlowTokenizer()
    with pytest.raises(ModelError, match="does not tell which tokens make a word"):
        task.encode(pl.DataFrame({"tokens": [["a"]]}))


class SlowTokenizer(PreTrainedTokenizerFast):
    """One that has no tokenizer.json."""

    is_fast = False  # type: ignore[assignment]

    def __init__(self) -> None:
        pass


def test_mistakes_show_the_surest_first() -> None:
    task = tagger()
    rows = pl.DataFrame({"tokens": [["Marie", "Curie"], ["Ada", "ran"]],
                         "tags": [["B-PER", "I-PER"], ["B-PER", "O"]]})  # fmt: skip
    said = [Tagged(["B-PER", "O"], [0.9, 0.6], [0.6]), Tagged(["O", "O"], [0.8, 0.9], [])]
    first, second = task.mistakes(rows, said, 5)
    assert first == {
        "text": "Ada ran", "true": "[PER Ada]", "predicted": "-", "probability": 0.8,
    }  # fmt: skip
    assert (second["true"], second["predicted"]) == ("[PER Marie Curie]", "[PER Marie]")
    assert task.mistakes(rows, said, 1) == [first]
