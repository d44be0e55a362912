"""A body under another head: the same numbers as with the weights copied by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES
from tests.helpers import classifier, model_for

from luthier.models import kernels
from luthier.models.bases import Base
from luthier.models.graft import called_beside, under_head
from luthier.models.load import load_model
from luthier.models.model import Head, Model
from luthier.models.processors import load_tokenizer
from luthier.tasks.task import Batch, inputs_of

TEXTS = ["profit rose", "the company net loss", "shares held"]
QUESTIONS = Head("AutoModelForQuestionAnswering", {}, None)


def other_body(model: Model) -> Model:
    """The model with its base moved, as training does."""
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.core.named_parameters():
            if name.startswith(f"{model.core.base_model_prefix}."):
                parameter += 0.1 * torch.randn_like(parameter)
    return model


def batch_of(base: Path) -> Batch:
    tokens = load_tokenizer(Base(base.name, base, "folder"))
    return dict(tokens(TEXTS, return_tensors="pt", padding=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_as_with_the_weights_copied(bases: dict[str, Path], family: str) -> None:
    base = bases[family]
    one, two = classifier(base), classifier(base, labels=["long", "short"])
    head, copied = (model_for(one, base, seed=1) for _ in range(2))
    body = other_body(model_for(two, base, seed=2))
    prefix = f"{body.core.base_model_prefix}."
    moved = {k: v for k, v in body.core.state_dict().items() if k.startswith(prefix)}
    copied.core.load_state_dict(moved, strict=False)
    grafted = under_head(body, head)
    batch = inputs_of(batch_of(base))
    grafted.network.eval()
    with torch.no_grad():
        wanted = copied.network.eval()(**batch).logits
        assert torch.equal(grafted.network(**batch).logits, wanted)


def test_gradients_reach_the_body_alone(bert: Path) -> None:
    body = model_for(classifier(bert, labels=["long", "short"]), bert)
    grafted = under_head(body, model_for(classifier(bert), bert))
    grafted.network(**batch_of(bert)).logits.sum().backward()
    assert body.core.get_parameter("bert.encoder.layer.0.output.dense.weight").grad is not None
    assert grafted.core.get_parameter("classifier.weight").grad is None


def test_a_head_for_every_token_is_called_beside_one_for_the_first(bert: Path) -> None:
    """The fast kernel of a classifier leaves the other tokens out of its last layer."""
    base = Base(bert.name, bert, "folder")
    task = classifier(bert)
    body = model_for(task, bert, dropout=0.0)
    asking = load_model(base, QUESTIONS, task.tokenizer, seed=1, dropout=0.0)
    alone = load_model(base, QUESTIONS, task.tokenizer, seed=1, dropout=0.0)
    grafted = under_head(body, asking)
    body.network.train()
    kernels.use_fast(body.core)
    batch = batch_of(bert)
    with torch.no_grad():
        short = body.network(**batch).logits
        with called_beside(body, grafted):
            starts = grafted.network(**batch).start_logits
        assert starts == pytest.approx(alone.network.eval()(**batch).start_logits, abs=1e-5)
        assert torch.equal(body.network(**batch).logits, short)


def test_a_pooler_that_the_body_lacks_stays(bert: Path) -> None:
    task = classifier(bert)
    asking = load_model(Base(bert.name, bert, "folder"), QUESTIONS, task.tokenizer)
    head = model_for(task, bert)
    pooler = head.core.base_model.pooler
    assert under_head(asking, head).core.base_model.pooler is pooler
