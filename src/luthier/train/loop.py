"""The training loop: a generator of events."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from luthier.core.ahead import Ahead
from luthier.core.errors import Diverged
from luthier.data.batch import Rows, micro_batches, plan_epoch
from luthier.metrics import higher_is_better
from luthier.models import kernels
from luthier.models.batch_norm import keep_frozen_statistics
from luthier.models.devices import choose_precision, device, token_budget, world
from luthier.models.features import Features
from luthier.models.model import Model
from luthier.models.prefix import Prefix
from luthier.recipe.schema import Training
from luthier.tasks.task import Batch, Example, Task
from luthier.techniques.companion import Companion
from luthier.train.apart import Apart
from luthier.train.events import (
    CheckpointDue,
    Evaluated,
    Event,
    Finished,
    Reused,
    Sampled,
    Started,
    Stepped,
    Stopped,
)
from luthier.train.optimizer import Course, set_pace, trained
from luthier.train.plateaus import plateaus
from luthier.train.schedule import Moment
from luthier.train.state import Progress
from luthier.train.step import StepResult, accumulate, update

LOSS = "loss"
"""Name among the validation metrics of the task's own loss."""
FIRST_GUESS = 1000
"""Steps that a budget of time is taken to have room for until one was timed."""


@dataclass
class Session:
    """One round of training: what it works on, what it follows and where it stands."""

    model: Model
    task: Task
    examples: Sequence[Example]
    optimizer: torch.optim.Optimizer
    settings: Training
    metric: str
    """Validation metric that picks the best weights."""
    evaluate: Callable[[], dict[str, float]] | None
    """Measures the model on validation; None where there is no validation split."""
    course: Course
    """How fast which parameters move, over the whole training."""
    companions: Sequence[Companion] = ()
    """What goes along with training."""
    progress: Progress = field(default_factory=Progress)
    known: Prefix | Features | None = None
    """Frozen layers whose output is kept."""
    told: Reused | None = None
    """What is kept of them."""

    def __post_init__(self) -> None:
        self.lengths = self.task.sizes(self.examples)
        self._mixture = self.task.plan(self.examples)
        self._plan: tuple[int, list[Rows]] = (-1, [])
        end = sys.maxsize if self.settings.max_minutes else self.total_steps
        self._ahead = Ahead(lambda step: list(self._collated(step)), end)

    @property
    def trained(self) -> frozenset[str]:
        """Names of the parameters that move at some time."""
        return trained(self.course)

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """While it is open the network has the weights that are to be measured and kept."""
        with ExitStack() as stack:
            stack.enter_context(self.settings.optimizer.measuring(self.optimizer))
            for companion in self.companions:
                stack.enter_context(companion.measuring())
            yield

    @property
    def rows_per_step(self) -> int:
        """Rows behind one optimizer step."""
        return self.settings.rows_of_a_step

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one pass over the rows."""
        return math.ceil(len(self.examples) / self.rows_per_step)

    @property
    def total_steps(self) -> int:
        """Optimizer steps planned; under a budget of time, as many as it seems to have room for."""
        settings, progress = self.settings, self.progress
        if settings.max_minutes:
            budget = 60 * settings.max_minutes
            if progress.seconds >= budget:
                return progress.step
            pace = max(progress.seconds, 1e-9) / max(1, progress.step)
            seen = math.ceil(budget / pace) if progress.step else FIRST_GUESS
            return max(progress.step + 1, seen)
        if settings.max_training_tokens:
            epochs = settings.max_training_tokens / max(1, int(self.lengths.sum()))
            return max(1, math.ceil(epochs * self.steps_per_epoch))
        planned = math.ceil(settings.epochs * self.steps_per_epoch)
        return settings.max_steps or max(1, planned)

    @property
    def evaluate_every(self) -> int:
        """Optimizer steps between evaluations."""
        return self.settings.evaluate_every or self.steps_per_epoch

    @property
    def save_every(self) -> int:
        """Optimizer steps between checkpoints."""
        return self.settings.save_every or self.evaluate_every

    def moment(self) -> Moment:
        """Where training stands, for the schedule."""
        progress = self.progress
        return Moment(
            progress.step, self.total_steps, progress.evaluations, progress.losses, self.metric
        )

    def portions(self) -> range:
        """The steps, as they are planned, whose rows make the next update.

        One, or of a grown batch several, but never beyond an evaluation or a checkpoint.
        """
        step, growth = self.progress.step, self.settings.grow_batch
        if growth is None:
            return range(step, step + 1)
        found = plateaus(
            self.progress.evaluations, growth.metric or self.metric,
            patience=growth.patience, min_delta=growth.min_delta,
        )  # fmt: skip
        grown = min(growth.most, growth.factor**found)
        ends = [every - step % every for every in (self.evaluate_every, self.save_every)]
        return range(step, step + min(grown, *ends, self.total_steps - step))

    def rows_of(self, step: int) -> Rows:
        """The rows of an optimizer step: a function of (seed, epoch, step) alone."""
        epoch, index = divmod(step, self.steps_per_epoch)
        planned, plan = self._plan
        if planned != epoch:
            plan = plan_epoch(
                self.lengths,
                self.rows_per_step,
                seed=self.settings.seed,
                epoch=epoch,
                by_length=self.settings.group_by_length,
                rows=self._mixture.epoch(len(self.examples), seed=self.settings.seed, epoch=epoch),
            )
            self._plan = (epoch, plan)
        return plan[index]

    def cut(self, step: int) -> list[Rows]:
        """The micro-batches of an optimizer step."""
        return micro_batches(
            self.rows_of(step),
            self.lengths,
            parts=self.settings.gradient_accumulation_steps,
            max_tokens=token_budget(self.settings.max_tokens, device()),
        )

    def batches(self, step: int) -> Iterable[Batch]:
        """The micro-batches, collated; where that takes long, those of the next step meanwhile."""
        return self._ahead.get(step) if self.task.slow_to_collate else self._collated(step)

    def _collated(self, step: int) -> Iterator[Batch]:
        for index, rows in enumerate(self.cut(step)):
            examples = [self.examples[row] for row in rows]
            yield self.task.collate_to_train(examples, (self.settings.seed, step, index))


def train(session: Session) -> Iterator[Event]:
    """Train from where ``session.progress`` stands to the end.

    The generator pauses at every event; a consumer may save the session's state
    then, or stop iterating, and training goes on later exactly as if it had not.
    """
    progress = session.progress
    resumed_at = progress.step
    yield Started(progress.step, session.total_steps)
    if session.told:
        yield replace(session.told, step=progress.step)
    prepare_to_train(session)
    while True:
        if _evaluation_due(session):
            yield _evaluate(session)
            with session.measuring():
                texts = session.task.samples(session.model, session.settings.seed)
            if texts:
                yield Sampled(progress.step, texts)
            prepare_to_train(session)
        total = session.total_steps
        if progress.stopped or progress.step >= total:
            break
        if progress.step % session.save_every == 0 and progress.step > resumed_at:
            yield CheckpointDue(progress.step)
        yield _step(session, total)
    if progress.stopped:
        yield Stopped(progress.step, progress.best_step)
    yield Finished(progress.step, progress.best_step if session.evaluate else progress.step)


def prepare_to_train(session: Session) -> None:
    """Training mode, but for frozen statistics, with the kernels that are fastest in it."""
    core = session.model.core
    session.model.network.train()
    keep_frozen_statistics(core)
    if device().type == "cpu":
        kernels.use_fast(core)
    if session.settings.gradient_checkpointing:
        core.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
    session.task.adjust(core)


def _evaluation_due(session: Session) -> bool:
    """Whether validation is to be measured before the next step.

    True again after a resume from a state saved between a step and its evaluation.
    """
    progress = session.progress
    if session.evaluate is None or progress.step == 0:
        return False
    done = bool(progress.evaluations) and progress.evaluations[-1]["step"] == progress.step
    at_end = progress.step >= session.total_steps
    return not done and (at_end or progress.step % session.evaluate_every == 0)


def _step(session: Session, total: int) -> Stepped:
    progress, settings = session.progress, session.settings
    started = time.perf_counter()
    moment, portions = session.moment(), session.portions()
    rate = settings.learning_rate * settings.schedule.multiplier(moment)
    set_pace(session.optimizer, session.course, progress.step / total, rate)
    rows = np.concatenate([session.rows_of(step) for step in portions])
    batches = [batch for step in portions for batch in session.cut(step)]
    result = _compute(session, portions, batches)
    progress.step += len(portions)
    for companion in session.companions:
        companion.after_update(progress.step / total)
    progress.losses = _latest([*progress.losses, result.loss], settings.schedule.memory)
    progress.rows += len(rows)
    progress.seconds += time.perf_counter() - started
    return Stepped(
        progress.step,
        epoch=progress.step / session.steps_per_epoch,
        loss=result.loss,
        lr=rate,
        grad_norm=result.grad_norm,
        rows=len(rows),
        tokens=int(session.lengths[rows].sum()),
        padded=sum(len(batch) * int(session.lengths[batch].max()) for batch in batches),
        total=total,
        cosines=result.cosines,
        reaction=settings.schedule.reaction(moment),
        grown=len(portions),
    )


def _latest(values: list[float], count: int) -> list[float]:
    return values[-count:] if count else []


def _compute(session: Session, portions: Iterable[int], batches: list[Rows]) -> StepResult:
    settings = session.settings
    place = device()
    task = session.task
    seeds = (settings.seed, session.progress.step)
    shared = task.of_step([session.examples[row] for batch in batches for row in batch])
    apart = Apart(session.model.core) if task.apart else None
    loss_sum, weight_sum = accumulate(
        session.model.network,
        task,
        ({**batch, **shared} for step in portions for batch in session.batches(step)),
        place=place,
        precision=choose_precision(settings.precision, place),
        seeds=seeds,
        apart=apart,
        companions=session.companions,
    )
    cosines = None
    if apart is not None:
        agreement = apart.agreement()
        cosines = dict(agreement.cosines)
        apart.finish(task.steer(agreement), project=task.project, seeds=seeds)
    for companion in session.companions:
        companion.before_update(world().sum(weight_sum))
    try:
        result = update(
            session.optimizer, loss_sum, weight_sum,
            max_norm=settings.max_grad_norm, world=world(),
        )  # fmt: skip
        return replace(result, cosines=cosines)
    except FloatingPointError as error:
        raise Diverged(
            "Training diverged at step {step}: {problem}.",
            hint="Lower training.learning_rate (it is {rate}), or lengthen the warm-up.",
            step=session.progress.step + 1,
            problem=str(error),
            rate=settings.learning_rate,
        ) from None


def _evaluate(session: Session) -> Evaluated:
    assert session.evaluate is not None
    progress = session.progress
    with session.measuring():
        metrics = session.evaluate()
    value = metrics.get(session.metric)
    sign = 1 if higher_is_better(session.metric) else -1
    stopping = session.settings.early_stopping
    margin = stopping.min_delta if stopping else 0.0
    # A metric may be undefined, as a correlation is while all answers are alike.
    best = value is not None and (
        progress.best_value is None or sign * (value - progress.best_value) > margin
    )
    if best:
        progress.best_value, progress.best_step = value, progress.step
        progress.without_improvement = 0
    else:
        progress.without_improvement += 1
    progress.evaluations.append({"step": progress.step, "metrics": metrics})
    progress.stopped = bool(
        stopping
        and progress.without_improvement >= stopping.patience
        and progress.step < session.total_steps
    )
    return Evaluated(progress.step, metrics, session.metric, best)
