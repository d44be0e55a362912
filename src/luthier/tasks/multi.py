"""Several tasks at once: one base, a head for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from luthier.core.lazy import lazy
from luthier.core.registry import Registered
from luthier.data.roles import GIVEN, Role
from luthier.recipe.registries import TASKS
from luthier.recipe.schema import Data
from luthier.tasks.task import Facts, Rows, TaskConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from transformers import PreTrainedTokenizerBase

    from luthier.tasks.mixture import mixture, parts
    from luthier.tasks.mixture.mixture import Mixture
else:
    mixture = lazy("luthier.tasks.mixture.mixture")
    parts = lazy("luthier.tasks.mixture.parts")

Positive = Annotated[float, Field(gt=0)]


@TASKS.register
class Multi(TaskConfig):
    """Several tasks in one model (Caruana 1997): what one of them learns of the base helps others.

    The tasks share the rows of `data`, or have rows of their own. One pass through the base serves
    all heads of a row. Metrics are named `TASK/METRIC`; `mean` is the mean of every task's own.
    """

    own_layers: ClassVar[bool] = True

    kind: Literal["multi"] = "multi"
    """This task."""
    tasks: Annotated[dict[str, Annotated[Any, Registered(TASKS)]], Field(min_length=1)]
    """Name to task, e.g. `{ner: {kind: tag, tags: entities}, pos: {kind: tag}}`."""
    data: dict[str, Data] = {}
    """Task to a data set of its own, instead of the stage's."""
    weights: dict[str, Positive] = {}
    """How much each task's loss counts; those not named count 1. The loss of a step is the sum over
    the tasks of weight times mean loss."""
    balance: Literal["fixed", "uncertainty", "gradnorm"] = "fixed"
    """`fixed`: by `weights`. `uncertainty`: a learned variance of each task divides its loss
    (Kendall, Gal and Cipolla 2018). `gradnorm`: learned weights make the tasks' gradients equally
    long (Chen et al. 2018); takes a backward pass for each task."""
    mixing: Literal["proportional", "temperature", "round_robin"] = "proportional"
    """How often rows of each data set are drawn: as many as there are, flattened by `temperature`,
    or of each the same number."""
    temperature: Annotated[float, Field(ge=1)] = 2.0
    """Of `mixing: temperature`: shares are as sizes to the power 1 / temperature."""
    conflicts: Literal["ignore", "measure", "project"] = "ignore"
    """`measure`: the log has the cosine between the tasks' gradients, and how often they point
    against each other. `project`: what does is taken out (PCGrad, Yu et al. 2020). Both take a
    backward pass for each task."""

    @field_validator("tasks")
    @classmethod
    def _plain_names(cls, tasks: dict[str, Any]) -> dict[str, Any]:
        for name, task in tasks.items():
            if not name.replace("_", "").replace("-", "").isalnum():
                raise ValueError(f"'{name}': names of tasks are letters, digits, - and _")
            if isinstance(task, Multi):
                raise ValueError("a mixture of tasks holds no other mixture")
            if not task.shares:
                raise ValueError(f"'{name}': a task {task.kind} has its base to itself")
        return tasks

    @model_validator(mode="after")
    def _known(self) -> Self:
        for said in (self.data, self.weights):
            for name in said:
                if name not in self.tasks:
                    known = ", ".join(self.tasks)
                    raise ValueError(f"there is no task '{name}'; there are: {known}")
        return self

    def roles(self) -> tuple[Role, ...]:
        """Those of the tasks that share the stage's rows, each column once."""
        found: dict[str, Role] = {}
        for name, task in self.tasks.items():
            if name not in self.data:
                for role in parts.columns(task).values():
                    found.setdefault(role.name, role)
        return tuple(sorted(found.values(), key=lambda role: role.kind not in GIVEN))

    def others(self) -> Mapping[str, Rows]:
        """The data sets of single tasks."""
        return {name: Rows(data, self._own_roles(name)) for name, data in self.data.items()}

    def _own_roles(self, name: str) -> tuple[Role, ...]:
        return tuple(parts.columns(self.tasks[name]).values())

    def alone(self, name: str, rows: pl.DataFrame) -> tuple[TaskConfig, pl.DataFrame]:
        """One of the tasks, and its rows under the names of its own roles."""
        own: TaskConfig = self.tasks[name]
        return own, parts.rows_of(name, own, rows)

    def metric_names(self) -> list[str]:
        """``TASK/METRIC`` of every task, and ``mean``."""
        names = [
            f"{name}/{metric}"
            for name, task in self.tasks.items()
            for metric in task.metric_names()
        ]
        return ["mean", *names]

    def learn(self, train: pl.DataFrame) -> Facts:
        """What each task learns of its rows."""
        return {
            "tasks": {
                name: dict(task.learn(parts.rows_of(name, task, train)))
                for name, task in self.tasks.items()
            }
        }

    def build(self, facts: Facts, processor: PreTrainedTokenizerBase) -> Mixture:
        """The tasks at work, as one."""
        return mixture.Mixture(self, facts["tasks"], processor)
