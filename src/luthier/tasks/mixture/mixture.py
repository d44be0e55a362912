"""A mixture of tasks at work: each works on its rows, as it would alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from luthier.data.plan import Plan
from luthier.metrics import Measures
from luthier.models.heads.several import BALANCE, SEPARATOR, SeveralHeads, marked, several
from luthier.models.model import Head
from luthier.models.opinions import Opinion
from luthier.tasks.about import About
from luthier.tasks.agreement import Agreement
from luthier.tasks.mixture import parts
from luthier.tasks.mixture.balance import balanced, evened
from luthier.tasks.mixture.joint import joint
from luthier.tasks.task import Batch, Example, Task, inputs_of

if TYPE_CHECKING:
    from luthier.tasks.multi import Multi

SCALES = "_scales"
"""In a batch: (tasks,) what a task's summed loss is multiplied by."""


class Mixture(Task):
    """Several tasks on one base.

    Predictions and references are mappings from a task's name to its own.
    """

    default_metric: ClassVar[str] = "mean"

    def __init__(
        self, config: Multi, facts: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self.config = config
        self.facts = facts
        # A task may set the longest text of its tokenizer.
        self.tasks: dict[str, Task] = {
            name: task.build(facts[name], deepcopy(tokenizer))
            for name, task in config.tasks.items()
        }
        self.tokenizer = tokenizer
        self.moving = config.balance != "fixed"
        self.project = config.conflicts == "project"
        self.apart = config.conflicts != "ignore" or config.balance == "gradnorm"
        self.max_length = max(task.max_length for task in self.tasks.values())
        self.whole_vocabulary = any(task.whole_vocabulary for task in self.tasks.values())

    def head(self) -> Head:
        """Every task's own head."""
        heads = {name: task.head() for name, task in self.tasks.items()}
        learned = self.config.balance != "fixed"
        return Head(SeveralHeads, several(heads, balance=learned), None)

    def about(self) -> About:
        """What its tasks are; only luthier knows such a model."""
        nouns = [task.about().noun for task in self.tasks.values()]
        said = {
            code: (", " if code == "en" else "、").join(n[code] for n in nouns) for code in nouns[0]
        }
        usage = 'import luthier\nmodel = luthier.load("model")\nprint(model.predict(["..."]))'
        noun = {"en": f"model of several tasks ({said['en']})", "zh": f"多任务模型（{said['zh']}）"}
        return About(noun, "token-classification", usage, usage)

    def parts(self, rows: pl.DataFrame) -> Iterator[tuple[str, Task, pl.DataFrame]]:
        """Each task that has rows here, with these."""
        for name, task in self.tasks.items():
            mine = parts.rows_of(name, self.config.tasks[name], rows)
            if len(mine):
                yield name, task, mine

    def looked_at(
        self, rows: pl.DataFrame, examples: Sequence[Example]
    ) -> Iterator[tuple[str, Task, pl.DataFrame, Sequence[Example]]]:
        """Every task with its own rows and what they are to it."""
        for name, task, mine in self.parts(rows):
            places = {e["places"][name]: e["parts"][name] for e in examples if name in e["places"]}
            yield name, task, mine, [places[place] for place in sorted(places)]

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """One example for every different input: ``parts`` holds what it is to each task.

        Tasks whose input is the same tokens share a pass through the base.
        """
        joined: dict[tuple[bytes, int], Example] = {}
        for name, task, mine in self.parts(rows):
            seen: dict[bytes, int] = {}
            for place, example in enumerate(task.encode(mine)):
                ids = np.asarray(example["input_ids"], dtype=np.int32).tobytes()
                turn = seen[ids] = seen.get(ids, -1) + 1
                whole = joined.setdefault(
                    (ids, turn), {"input_ids": example["input_ids"], "parts": {}, "places": {}}
                )
                whole["parts"][name], whole["places"][name] = example, place
        return list(joined.values())

    def plan(self, examples: Sequence[Example]) -> Plan:
        """Rows of different tasks are different sets."""
        if self.config.mixing == "proportional":
            return Plan()
        names = [tuple(sorted(example["parts"])) for example in examples]
        numbers = {found: number for number, found in enumerate(sorted(set(names)))}
        sets = np.array([numbers[found] for found in names], dtype=np.int64)
        flat = self.config.mixing == "round_robin"
        return Plan.tempered(sets, np.inf if flat else self.config.temperature)

    def of_step(self, examples: Sequence[Example]) -> Batch:
        """What makes of each task's summed loss its mean over the step, times its weight."""
        weights = [
            sum(task.weight(e["parts"][name]) for e in examples if name in e["parts"])
            for name, task in self.tasks.items()
        ]
        counts = [self.config.weights.get(name, 1.0) for name in self.tasks]
        scales = [
            len(examples) * count / weight if weight else 0.0
            for count, weight in zip(counts, weights, strict=True)
        ]
        return {SCALES: torch.tensor(scales)}

    def collate(self, examples: Sequence[Example]) -> Batch:
        """All inputs, and for every task its own batch under its name."""
        longest = max(len(example["input_ids"]) for example in examples)
        ids = np.full((len(examples), longest), self.tokenizer.pad_token_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, example in enumerate(examples):
            ids[row, : len(example["input_ids"])] = example["input_ids"]
            mask[row, : len(example["input_ids"])] = 1
        batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        for name, task in self.tasks.items():
            rows = [row for row, example in enumerate(examples) if name in example["parts"]]
            if rows:
                own = task.collate([examples[row]["parts"][name] for row in rows])
                taken = inputs_of(own)
                batch[name + SEPARATOR + "rows"] = torch.tensor(rows)
                for key, value in own.items():
                    mark = "" if key in taken else "_"
                    batch[mark + name + SEPARATOR + key] = value
        return batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """The tasks' mean losses over the step, weighed and added up, times the rows."""
        parts, rows = self.losses(output, batch)
        return torch.stack(list(parts.values())).sum(), rows

    def yardstick(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """The same by the recipe's weights alone: learned ones would change what is compared."""
        parts = self._weighed(output, batch)
        return torch.stack(list(parts.values())).sum(), float(len(batch["input_ids"]))

    def losses(self, output: Any, batch: Batch) -> tuple[dict[str, Tensor], float]:
        """What each task adds to the loss."""
        rows = len(batch["input_ids"])
        parts = self._weighed(output, batch)
        return balanced(parts, output[BALANCE], self.config.balance, rows), float(rows)

    def _weighed(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """The tasks' mean losses over the step, times the recipe's weights and the rows."""
        found = {}
        for place, (name, task) in enumerate(self.tasks.items()):
            if name in output:
                summed, _ = task.loss(output[name], _own(batch, name))
                found[name] = summed * float(batch[SCALES][place])
        return found

    def opinions(self, output: Any, batch: Batch) -> list[Opinion]:
        """Those of every task that has rows in the batch."""
        own = ((name, task) for name, task in self.tasks.items() if name in output)
        return [
            opinion
            for name, task in own
            for opinion in task.opinions(output[name], _own(batch, name))
        ]

    def steer(self, agreement: Agreement) -> dict[str, float]:
        """With ``balance: gradnorm``, the direction in which each task's weight is to move."""
        if self.config.balance != "gradnorm":
            return {}
        directions = evened(agreement.norms)
        return {f"balance*.{marked(name)}": direction for name, direction in directions.items()}

    def decode(self, output: Any, batch: Batch) -> list[dict[str, Any]]:
        """Every task's value of each example that it has."""
        decoded: list[dict[str, Any]] = [{} for _ in range(len(batch["input_ids"]))]
        for name, task in self.tasks.items():
            if name in output:
                own = _own(batch, name)
                values = task.decode(output[name], own)
                for row, value in zip(own["rows"].tolist(), values, strict=True):
                    decoded[row][name] = value
        return decoded

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> dict[str, Any]:
        """Each task's predictions for its rows."""
        found = {}
        for name, task in self.tasks.items():
            mine = sorted(
                (example["places"][name], number)
                for number, example in enumerate(examples) if name in example["places"]
            )  # fmt: skip
            if mine:
                values = [decoded[number][name] for _, number in mine]
                found[name] = task.gather(values, [examples[n]["parts"][name] for _, n in mine])
        return found

    def references(self, rows: pl.DataFrame) -> dict[str, Any]:
        """Each task's true answers."""
        return {name: task.references(mine) for name, task, mine in self.parts(rows)}

    def measure(
        self, predictions: Any, references: Any, *, confidence: float = 0.95, resamples: int = 1000
    ) -> Measures:
        """Every task's metrics, and the mean of their own."""
        own = {
            name: task.measure(
                predictions[name], references[name], confidence=confidence, resamples=resamples
            )
            for name, task in self.tasks.items() if name in references
        }  # fmt: skip
        return joint(own, {name: task.default_metric for name, task in self.tasks.items()})

    def fit_on_validation(self, predictions: Any, references: Any) -> dict[str, Any]:
        """What each task tunes."""
        facts = {name: dict(own) for name, own in self.facts.items()}
        for name in references:
            facts[name] |= self.tasks[name].fit_on_validation(predictions[name], references[name])
        return {"tasks": facts}

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The best constant answers of all."""
        own = {name: task.baseline(mine) for name, task, mine in self.parts(rows)}
        return joint(own, {name: task.default_metric for name, task in self.tasks.items()})

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows; each task passes over those that are not its own."""
        return rows, []

    def answers(self, predictions: Any, rows: pl.DataFrame) -> list[dict[str, Any]]:
        """Each task's answer under its name."""
        found: list[dict[str, Any]] = [{} for _ in range(len(rows))]
        for name, task, mine in self.parts(rows):
            given = task.answers(predictions[name], mine)
            for place, answer in zip(mine["_place"], given, strict=True):
                found[place][name] = answer
        return found

    def read(self, said: str) -> dict[str, Any]:
        """All that the tasks make of it."""
        row: dict[str, Any] = {}
        for task in self.tasks.values():
            row |= task.read(said)
        return row

    def mistakes(self, rows: pl.DataFrame, predictions: Any, count: int) -> list[dict[str, Any]]:
        """Of every task a share, its name before what is true."""
        each = max(1, count // len(self.tasks))
        return [
            {**mistake, "true": f"{name}: {mistake['true']}"}
            for name, task, mine in self.parts(rows)
            for mistake in task.mistakes(mine, predictions[name], each)
        ]


def _own(batch: Batch, name: str) -> Batch:
    """A task's own batch."""
    found = {}
    for key, value in batch.items():
        own, _, field = key.removeprefix("_").partition(SEPARATOR)
        if own == name and field:
            found[field] = value
    return found
