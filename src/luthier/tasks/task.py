"""The contract of a task: columns, encoding, head, loss, decoding, metrics.

A task's configuration learns facts from the training rows (label names) and with a tokenizer
becomes the task at work. Training, evaluation and serving share its ``encode`` and ``decode``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.config import Config
from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.data.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier.data import plan as plans
    from luthier.data import texts
    from luthier.metrics import Measures
    from luthier.models import opinions
    from luthier.models.kernels import logits
    from luthier.models.model import Head, Model
    from luthier.models.opinions import Opinion
    from luthier.recipe.schema import Data
    from luthier.tasks.about import About
    from luthier.tasks.agreement import Agreement
else:
    np = lazy("numpy")
    opinions = lazy("luthier.models.opinions")
    logits = lazy("luthier.models.kernels.logits")
    plans = lazy("luthier.data.plan")
    texts = lazy("luthier.data.texts")

Example = dict[str, Any]
"""One encoded row: ``input_ids`` and whatever else the task's ``collate`` takes."""

Batch = dict[str, "Tensor"]
"""What the network is called with, and beside it ``labels`` and names that begin with ``_``, which
only the task reads. The first dimension of each is the batch's examples."""

Facts = Mapping[str, Any]
"""What a task learned from its training rows; JSON."""

Predictions = Any
"""One prediction per row, in order: an array (rows, ...) or a list, as the task likes it."""

References = Any
"""The true answers, one per row, in the form that the task's ``measure`` compares with."""


IGNORED = -100
"""Label of a token that is not trained, as torch's cross-entropy has it."""


TASK = "_task"
"""Column of rows that only one task of several learns from: its name."""


@dataclass(frozen=True)
class Rows:
    """A data set beside the stage's own."""

    data: Data
    """As a recipe says it."""
    roles: tuple[Role, ...]
    """What it must hold."""


def inputs_of(batch: Batch) -> Batch:
    """The part of a batch that the network is called with."""
    return {k: v for k, v in batch.items() if k != "labels" and not k.startswith("_")}


class Task(ABC):
    """A task at work: knows its labels and its tokenizer."""

    default_metric: ClassVar[str]
    """Picks the best checkpoint where the recipe names none."""
    classes: Sequence[str] = ()
    """Names of the classes it answers with, where it has such."""
    needs: Sequence[str] = ()
    """Roles that a row must have to be answered although the recipe does not ask for them: those
    that the training rows turned out to have."""
    reads: ClassVar[Literal["text", "image"]] = "text"
    """What the base is given."""
    slow_to_collate: ClassVar[bool] = False
    """Whether batches are worth making while those before them are computed."""
    generates: ClassVar[bool] = False
    """Whether it answers in tokens that it writes one after the other: the labels are those."""
    cut_by: ClassVar[str] = "max_length"
    """Setting that says how many tokens are kept of a row."""
    picked_by: ClassVar[str | None] = None
    """Metric that picks the best checkpoint although the recipe's target is another; None: the
    first of the target does."""
    answer: ClassVar[str] = "label"
    """Role that holds the answer; without it rows are encoded as in serving."""
    moving: bool = False
    """Whether what is learned changes the measure of the loss, so that ``yardstick`` is another."""
    apart: bool = False
    """Whether each part of the loss gets a backward pass of its own, so that its gradient of
    shared weights is known."""
    project: bool = False
    """Whether such gradients are kept from pointing against each other."""
    tokenizer: PreTrainedTokenizerBase
    """The base's."""
    max_length: int
    """Tokens kept of a row, special ones included."""

    whole_vocabulary: bool = False
    """Whether training may read or say pieces that are not in the rows as they were encoded."""

    @property
    def shows_alike(self) -> bool:
        """Whether training gives the network the same of an example each time."""
        return type(self).collate_to_train is Task.collate_to_train

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end what it writes; empty: the tokenizer's end token."""
        return frozenset()

    @abstractmethod
    def head(self) -> Head:
        """The task layers to put on a base."""

    @abstractmethod
    def about(self) -> About:
        """What people are told of its models."""

    @abstractmethod
    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Rows as the network's input, in order; with labels where the rows have them."""

    def encode_to_train(self, rows: pl.DataFrame, folder: Path) -> Sequence[Example]:
        """Rows to train on: as :meth:`encode` has them, or packed, or kept in files.

        Args:
            rows: Prepared rows.
            folder: For files, which may be there already from before the run was stopped.
        """
        return self.encode(rows)

    def adjust(self, core: PreTrainedModel) -> None:
        """Let the network compute what ``loss`` and ``decode`` take; called before either."""
        logits.compute_logits(core)

    def samples(self, model: Model, seed: int) -> list[str]:
        """What the model makes up, for people to read while it is trained; default: nothing."""
        return []

    def looked_at(
        self, rows: pl.DataFrame, examples: Sequence[Example]
    ) -> Iterator[tuple[str, Task, pl.DataFrame, Sequence[Example]]]:
        """What the audit looks at: the name, rows and examples of each task; alone without name."""
        yield "", self, rows, examples

    def served(self, rows: pl.DataFrame) -> list[Sequence[int]]:
        """Token ids that serving gives the network of each row, or that it writes on from."""
        bare = rows.drop(self.answer, strict=False)
        return [example["input_ids"] for example in self.encode(bare)]

    def given(self, example: Example) -> Sequence[int]:
        """Every token id that training gives the network of an example, or what stands for it."""
        ids: Sequence[int] = example["input_ids"]
        return ids

    def size(self, example: Example) -> int:
        """What an example costs in a batch, against the token budget."""
        return len(example["input_ids"])

    def sizes(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """:meth:`size` of each example: (examples,)."""
        return np.array([self.size(example) for example in examples], dtype=np.int64)

    def weight(self, example: Example) -> float:
        """What an example with labels adds to the weight that its loss is a sum over."""
        return 1.0

    def plan(self, examples: Sequence[Example]) -> plans.Plan:
        """Which examples an epoch has; default: each once."""
        return plans.Plan()

    def of_step(self, examples: Sequence[Example]) -> Batch:
        """What every micro-batch of a step must know of all the step's examples."""
        return {}

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """What each row says to the network, before it is cut into tokens."""
        return rows["text"].fill_null("")

    def spread(self, rows: pl.DataFrame, examples: Sequence[Example]) -> pl.DataFrame:
        """A row for each example of encoded rows: where a row gives several, the part each has."""
        return rows

    @abstractmethod
    def collate(self, examples: Sequence[Example]) -> Batch:
        """Examples padded into one batch: (rows, longest length) tensors."""

    def collate_to_train(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        """The same for training, where a task may change examples at random.

        Args:
            examples: Of one micro-batch.
            seeds: All that chance may depend on: the run's seed, step, number of the micro-batch.
        """
        return self.collate(examples)

    def compute(self, network: nn.Module, batch: Batch, place: torch.device) -> Any:
        """What :meth:`decode` reads of a batch: the network's output, or what it writes.

        Args:
            network: In evaluation mode.
            batch: From :meth:`collate`.
            place: Where the network is.
        """
        return network(**{name: tensor.to(place) for name, tensor in inputs_of(batch).items()})

    @abstractmethod
    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """The batch's loss as a sum and the weight it is a sum over."""

    def yardstick(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """The same by a measure that stays what it is while the model learns; default: that."""
        return self.loss(output, batch)

    def losses(self, output: Any, batch: Batch) -> tuple[Mapping[str, Tensor], float]:
        """What :meth:`loss` gives, its sum in the parts that different tasks have of it."""
        total, weight = self.loss(output, batch)
        return {"": total}, weight

    def opinions(self, output: Any, batch: Batch) -> Sequence[Opinion]:
        """What an output says of all in the batch that is trained, to be compared with others'.

        Default: its ``logits`` where there are ``labels``.

        Raises:
            RecipeError: If the task's answers are no logits.
        """
        try:
            return opinions.opinions(output, batch["labels"])
        except (KeyError, ValueError):
            raise RecipeError(
                "This task gives nothing that two networks could be compared by.",
                hint="Leave out distil (or set share: 0) and r_drop.",
            ) from None

    def steer(self, agreement: Agreement) -> Mapping[str, float]:
        """Pattern over parameter names to the gradient they get, where the parts' own decide it."""
        return {}

    @abstractmethod
    def decode(self, output: Any, batch: Batch) -> Sequence[Any] | NDArray[Any]:
        """The network's output as one value per example of the batch."""

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> Predictions:
        """The values of all examples, in order, as one prediction per row."""
        return decoded

    @abstractmethod
    def references(self, rows: pl.DataFrame) -> References:
        """The true answers in the form that ``measure`` compares with."""

    @abstractmethod
    def measure(
        self,
        predictions: Predictions,
        references: References,
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Metrics of the predictions; ``resamples`` 0 leaves the intervals out."""

    def watched(self, rows: pl.DataFrame, metric: str) -> tuple[Task, pl.DataFrame]:
        """The task and the validation rows that training is measured with, perhaps at less cost.

        Args:
            rows: All validation rows.
            metric: That picks the best checkpoint.
        """
        return self, rows

    def fit_on_validation(
        self, predictions: Predictions, references: References
    ) -> Mapping[str, Any]:
        """What is tuned on validation rows once training is over, e.g. thresholds.

        Facts to add to those of :meth:`TaskConfig.learn`, as JSON; the task that is measured and
        saved is built with them.
        """
        return {}

    @abstractmethod
    def baseline(self, rows: pl.DataFrame) -> Measures:
        """What the best constant answer would be worth on these rows, without intervals."""

    @abstractmethod
    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """The rows whose true answer the task can give, and notes on the others."""

    @abstractmethod
    def answers(self, predictions: Predictions, rows: pl.DataFrame) -> list[dict[str, Any]]:
        """Predictions on rows as people read them, one JSON object per row, what matters first."""

    def showcase(
        self, rows: pl.DataFrame, predictions: Predictions, count: int
    ) -> list[dict[str, Any]]:
        """A few answers to read, good and bad: text, true, predicted, score; none by default."""
        return []

    def read(self, said: str) -> dict[str, Any]:
        """A row of what a person typed."""
        return {"text": said}

    @abstractmethod
    def mistakes(
        self, rows: pl.DataFrame, predictions: Predictions, count: int
    ) -> list[dict[str, Any]]:
        """The most confident wrong answers: text, true, predicted, probability."""


@dataclass(frozen=True)
class Prelude:
    """A stage that a task asks for before its own, on the same rows and from the same base."""

    task: TaskConfig
    """What is learned first."""
    training: Mapping[str, Any]
    """Training settings of that stage where they are others."""
    rest: TaskConfig
    """The task itself, which asks for none any more."""


class TaskConfig(Config):
    """What a recipe says of a task."""

    reads: ClassVar[Literal["text", "image"]] = "text"
    """What the base is given."""
    own_layers: ClassVar[bool] = False
    """Whether its layers on the base are ours, and not those of a class of transformers."""
    per_token: ClassVar[bool] = False
    """Whether the network says something of every token, and not of the whole."""
    shares: ClassVar[bool] = True
    """Whether it can be one of several tasks on one base."""

    kind: str

    def roles(self) -> tuple[Role, ...]:
        """The columns it needs."""
        raise NotImplementedError

    def others(self) -> Mapping[str, Rows]:
        """Data sets beside the stage's own, by the name that ``_task`` has in their rows."""
        return {}

    def alone(self, name: str, rows: pl.DataFrame) -> tuple[TaskConfig, pl.DataFrame]:
        """One of several tasks, and the rows that are its own.

        Raises:
            KeyError: If there is no such task.
        """
        raise KeyError(name)

    def prelude(self) -> Prelude | None:
        """What is to be learned in a stage before its own; None: nothing."""
        return None

    def metric_names(self) -> list[str]:
        """The metrics that the task measures."""
        raise NotImplementedError

    def said(self, rows: pl.DataFrame) -> pl.Series:
        """What a new tokenizer learns from: plain text, or all that the rows say."""
        return rows["text"] if "text" in rows.columns else texts.all_said(rows)

    def learn(self, train: pl.DataFrame) -> Facts:
        """What the task must know of the training rows, as JSON."""
        raise NotImplementedError

    def build(self, facts: Facts, processor: Any) -> Task:
        """The task at work.

        Args:
            facts: From :meth:`learn`.
            processor: The base's tokenizer, or image processor, as ``reads`` says.
        """
        raise NotImplementedError
