"""The task parse: words and their tokens, loss, decoding, baselines, mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from luthier.core.errors import DataError
from luthier.data.formats.trees import is_tree
from luthier.metrics import Tree
from luthier.models.bases import Base
from luthier.models.heads.biaffine import Biaffine, Scores, pooled
from luthier.models.processors import load_tokenizer
from luthier.tasks.parse import Parse
from luthier.tasks.parsing.parser import IGNORED, Parser

ROWS = pl.DataFrame({
    "tokens": [["the", "net-sales", "rose"], ["oil", "fell"]],
    "heads": [[2, 3, 0], [2, 0]],
    "deprels": [["det", "nsubj", "root"], ["nsubj", "root"]],
})  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer(bases: dict[str, Path]) -> PreTrainedTokenizerFast:
    return load_tokenizer(Base("bert", bases["bert"], "folder"))


def parser(tokenizer: PreTrainedTokenizerFast, **settings: Any) -> Parser:
    config = Parse(**settings)
    return config.build(config.learn(ROWS), tokenizer)


@pytest.fixture
def task(bases: dict[str, Path]) -> Parser:
    return parser(load_tokenizer(Base("bert", bases["bert"], "folder")))


def scores(rows: int, words: int, labels: int = 3, seed: int = 0) -> Scores:
    """What a head with random weights says of random vectors."""
    torch.manual_seed(seed)
    head = Biaffine(8, arc_units=8, label_units=4, labels=labels, dropout=0.0).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    with torch.inference_mode():
        found: Scores = head(torch.randn(rows, words, 8), torch.ones(rows, words).bool())
    return found


def cut(output: Scores, rows: slice, words: int) -> Scores:
    """Some rows of scores, and the first words of each."""
    return Scores(
        output.arcs[rows, :words, : words + 1],
        output.dependents[rows, :words], output.heads[rows, : words + 1],
    )  # fmt: skip


def test_relations_of_roots_and_of_others_are_learned() -> None:
    assert Parse().learn(ROWS) == {
        "labels": ["det", "nsubj", "root"], "roots": ["root"], "others": ["det", "nsubj"],
    }  # fmt: skip


def test_a_word_is_its_first_token_or_all(bases: dict[str, Path], task: Parser) -> None:
    first, _ = task.encode(ROWS)
    ids = first["input_ids"]
    assert task.tokenizer.convert_ids_to_tokens(ids)[1:3] == ["the", "net"]
    assert len(ids) == 2 + 5
    assert first["words"] == [(1, 2), (2, 3), (5, 6)]
    whole = parser(load_tokenizer(Base("bert", bases["bert"], "folder")), pool="mean")
    assert whole.encode(ROWS)[0]["words"] == [(1, 2), (2, 5), (5, 6)]
    assert first["label"].tolist() == [[2, 3, 0], [0, 1, 2]]


def test_means_are_over_the_tokens_of_a_word() -> None:
    hidden = torch.arange(10.0).reshape(1, 5, 2)
    words = torch.tensor([[[1, 2], [2, 5], [0, 0]]])
    assert pooled(hidden, words).tolist() == [[[2, 3], [6, 7], [0, 0]]]


def test_words_behind_the_end_are_not_trained_and_count_as_wrong(bases: dict[str, Path]) -> None:
    task = parser(load_tokenizer(Base("bert", bases["bert"], "folder")), max_length=6)
    (example, other) = task.encode(ROWS)
    assert len(example["input_ids"]) <= 6
    assert example["input_ids"][-1] == task.tokenizer.sep_token_id
    assert len(example["words"]) == 2
    # The head of the second word is behind the end too.
    assert example["label"].tolist() == [[2, IGNORED], [0, IGNORED]]
    _, notes = task.answerable(ROWS)
    assert notes == ["1 words are beyond 6 tokens: they count as wrong"]
    batch = task.collate([example, other])
    decoded = task.decode(cut(scores(2, 2), slice(None), 2), batch)
    long, _ = task.gather(decoded, [example, other])
    assert (len(long.heads), long.heads[2], long.deprels[2]) == (3, -1, "")
    assert task.measure([long, decoded[1]], task.references(ROWS), resamples=0).n == 2
    with pytest.raises(DataError, match="2 of its 3 words fill 6 tokens"):
        task.encode(ROWS.select("tokens"))


WORD = st.text(st.characters(exclude_categories=("Cs",)), min_size=0, max_size=6)


@settings(max_examples=150, deadline=None)
@given(words=st.lists(WORD, min_size=1, max_size=8), longest=st.integers(4, 20))
def test_any_words_have_tokens_of_their_own_up_to_the_end(
    tokenizer: PreTrainedTokenizerFast, words: list[str], longest: int
) -> None:
    task = parser(tokenizer, max_length=longest)
    rows = pl.DataFrame({"tokens": [words], "heads": [[0] * len(words)],
                         "deprels": [["root"] * len(words)]})  # fmt: skip
    (example,) = task.encode(rows)
    tokenizer.model_max_length = 64
    assert len(example["input_ids"]) <= longest
    starts = [start for start, _ in example["words"]]
    assert starts == sorted(set(starts))
    assert all(0 < start < len(example["input_ids"]) - 1 for start in starts)
    if len(words) + 2 <= longest and len(example["words"]) < len(words):
        assert len(example["input_ids"]) > longest - 6


def test_words_of_a_byte_level_base_have_the_space_that_texts_have() -> None:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, special_tokens=["<pad>"], show_progress=False
    )
    backend.train_from_iterator(["we saw the old mill by the river"] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", model_max_length=64
    )
    (example,) = parser(tokenizer).encode(pl.DataFrame({"tokens": [["the", "old", "mill"]]}))
    assert example["input_ids"] == tokenizer(" the old mill")["input_ids"]
    starts = [example["input_ids"][start] for start, _ in example["words"]]
    assert all(token.startswith("Ġ") for token in tokenizer.convert_ids_to_tokens(starts))


def test_loss_is_a_sum_that_batches_add_up_to(task: Parser) -> None:
    random = np.random.default_rng(0)
    output, words = scores(5, 6), [6, 5, 3, 3, 1]
    labels = torch.full((5, 2, 6), IGNORED)
    for row, count in enumerate(words):
        heads = random.integers(0, count, count)
        heads[heads == np.arange(1, count + 1)] = 0
        labels[row, :, :count] = torch.tensor(np.stack([heads, random.integers(0, 3, count)]))
    whole, weight = task.loss(output, {"labels": labels})
    assert weight == sum(words)
    parts = [
        task.loss(cut(output, slice(a, b), words[a]), {"labels": labels[a:b, :, : words[a]]})
        for a, b in ((0, 1), (1, 2), (2, 4), (4, 5))
    ]
    # Words that are no more in a batch were no heads; random ones are, so they are taken out.
    arcs = output.arcs.clone()
    for row, count in enumerate(words):
        arcs[row, :, count + 1 :] = torch.finfo(torch.float32).min
    whole, _ = task.loss(Scores(arcs, output.dependents, output.heads), {"labels": labels})
    assert sum(float(total) for total, _ in parts) == pytest.approx(float(whole), rel=1e-6)
    assert sum(count for _, count in parts) == weight


def test_decoded_trees_are_trees_and_do_not_depend_on_padding(task: Parser) -> None:
    lengths = [7, 4, 1, 2]
    examples = [
        {"input_ids": [2, *[5] * n, 3], "words": [(k, k + 1) for k in range(1, n + 1)], "count": n}
        for n in lengths
    ]
    torch.manual_seed(1)
    head = Biaffine(8, arc_units=8, label_units=4, labels=3, dropout=0.0).eval()
    vectors = torch.randn(4, 7, 8)
    exists = torch.arange(7) < torch.tensor(lengths)[:, None]
    with torch.inference_mode():
        together = task.decode(head(vectors, exists), task.collate(examples))
        for row, count in enumerate(lengths):
            output = head(vectors[row : row + 1, :count], exists[row : row + 1, :count])
            (alone,) = task.decode(output, task.collate(examples[row : row + 1]))
            assert alone.heads == together[row].heads
            assert alone.deprels == together[row].deprels
            assert alone.probabilities == pytest.approx(together[row].probabilities, abs=1e-6)
    for tree in together:
        assert is_tree(tree.heads)
        roots = [head == 0 for head in tree.heads]
        assert roots == [deprel == "root" for deprel in tree.deprels]
        assert sum(roots) == 1
        assert all(0 < chance <= 1 for chance in tree.probabilities)


def test_label_scores_are_the_biaffine_form_of_the_paper() -> None:
    torch.manual_seed(0)
    head = Biaffine(6, arc_units=5, label_units=4, labels=3, dropout=0.0).eval()
    vectors = torch.randn(1, 4, 6)
    heads = torch.tensor([[2, 0, 4, 1]])
    output = head(vectors, torch.ones(1, 4).bool())
    found = output.labels(heads)[0]
    nodes = torch.cat([head.root.weight[None], vectors], 1)[0]
    weights = head.label.weight.reshape(3, 5, 4)
    bias = head.label.bias.reshape(3, 5)
    for word in range(4):
        own = head.label_dependent(nodes[word + 1])
        above = torch.cat([head.label_head(nodes[heads[0, word]]), torch.ones(1)])
        expected = torch.stack([above @ (weights[k] @ own + bias[k]) for k in range(3)])
        assert found[word].tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_answers_are_conllu_and_words(task: Parser) -> None:
    rows = pl.DataFrame({"tokens": [["oil", "fell"], []]}, schema={"tokens": pl.List(pl.String)})
    trees = [Tree([2, 0], ["nsubj", "root"], [0.5, 0.75]), Tree([], [], [])]
    said, empty = task.answers(trees, rows)
    lines = [line.split("\t") for line in said["conllu"].splitlines() if line]
    assert [[line[0], line[1], line[6], line[7]] for line in lines] == [
        ["1", "oil", "2", "nsubj"], ["2", "fell", "0", "root"],
    ]  # fmt: skip
    assert said["words"][0] == {
        "id": 1, "token": "oil", "head": 2, "deprel": "nsubj", "probability": 0.5,
    }  # fmt: skip
    assert empty == {"conllu": "", "words": []}
    assert task.read("She doesn't know.") == {"tokens": ["She", "does", "n't", "know", "."]}


def test_mistakes_are_the_surest_wrong_words(task: Parser) -> None:
    wrong = Tree([3, 3, 0], ["det", "nsubj", "root"], [0.9, 0.8, 0.95])
    right = Tree([2, 0], ["nsubj", "root"], [1.0, 1.0])
    (mistake,) = task.mistakes(ROWS, [wrong, right], 5)
    assert mistake == {
        "text": "the net-sales rose", "true": "det(net-sales-2, the-1)",
        "predicted": "det(rose-3, the-1)", "probability": 0.9,
    }  # fmt: skip


def test_relations_that_training_lacks_are_noted(task: Parser) -> None:
    rows = pl.DataFrame({"tokens": [["oil", "fell"]], "heads": [[2, 0]],
                         "deprels": [["obj", "root"]]})  # fmt: skip
    kept, notes = task.answerable(rows)
    assert len(kept) == 1
    assert notes == ["1 words count as wrong: unknown relations obj"]
    assert task.encode(rows)[0]["label"].tolist() == [[2, 0], [IGNORED, 2]]
    assert task.baseline(ROWS).values()["uas"] == 1
