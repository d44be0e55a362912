"""Training some rows of the embedding is training all of them, where nothing reads the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.helpers import classifier, model_for
from torch import Tensor

from luthier.models.model import Model
from luthier.models.vocabulary import KnownRows, train_all_rows, train_known_rows

IDS = [[2, 5, 6, 3], [2, 9, 3], [2, 11, 5, 12, 3]]


def model_of(base: Path) -> Model:
    return model_for(classifier(base), base, dropout=0.0)


def trained(model: Model, decay: float = 0.0) -> dict[str, Tensor]:
    """The parameters after five steps on IDS."""
    examples = [{"input_ids": ids, "label": index} for index, ids in enumerate(IDS)]
    task = classifier(Path(model.processor.name_or_path))
    batch = task.collate(examples)
    core = model.core.train()
    optimizer = torch.optim.AdamW(core.parameters(), lr=1e-2, weight_decay=decay)
    for _ in range(5):
        output = core(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        task.loss(output, batch)[0].backward()
        optimizer.step()
        optimizer.zero_grad()
    train_all_rows(core)
    return {name: p.detach().clone() for name, p in core.named_parameters()}


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_learns_what_the_whole_embedding_learns(bases: dict[str, Path], family: str) -> None:
    expected = trained(model_of(bases[family]))
    model = model_of(bases[family])
    train_known_rows(model.core, IDS)
    assert isinstance(model.core.get_input_embeddings(), KnownRows)
    found = trained(model)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_rows_that_nothing_reads_stay_as_they_were(bert: Path) -> None:
    model = model_of(bert)
    before = model.core.get_input_embeddings().weight.detach().clone()
    train_known_rows(model.core, IDS)
    trained(model, decay=0.5)
    after = model.core.get_input_embeddings().weight.detach()
    known = sorted({token for ids in IDS for token in ids})
    other = [row for row in range(1, len(before)) if row not in known]
    assert torch.equal(after[other], before[other])
    assert not torch.isclose(after[known], before[known]).all(-1).any()


def test_evaluation_reads_every_row_as_training_left_it(bert: Path) -> None:
    model = model_of(bert)
    train_known_rows(model.core, IDS)
    narrow = model.core.get_input_embeddings()
    model.core.train()
    with torch.no_grad():
        narrow.weight.add_(1.0)
    model.core.eval()
    every = torch.arange(len(model.processor))
    seen = narrow(every)
    train_all_rows(model.core)
    assert torch.equal(seen, model.core.get_input_embeddings()(every))
    assert torch.equal(seen[5], narrow.weight[narrow._place[5]])


def test_what_was_frozen_stays_frozen(bert: Path) -> None:
    model = model_of(bert)
    model.core.get_input_embeddings().weight.requires_grad_(False)
    train_known_rows(model.core, IDS)
    assert not model.core.get_input_embeddings().weight.requires_grad
    train_all_rows(model.core)
    assert not model.core.get_input_embeddings().weight.requires_grad


def test_a_table_that_serves_two_is_left_whole(bases: dict[str, Path]) -> None:
    model = model_of(bases["t5"])
    train_known_rows(model.core, IDS)
    assert type(model.core.get_input_embeddings()) is torch.nn.Embedding


def test_an_unknown_token_in_training_is_refused(bert: Path) -> None:
    model = model_of(bert)
    train_known_rows(model.core, IDS)
    model.core.train()
    with pytest.raises(IndexError):
        model.core(input_ids=torch.tensor([[2, 20, 3]]))
