"""What a recipe can say, each key with its type, limits, unit and default."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from luthier.core.config import Config
from luthier.core.registry import Registered
from luthier.recipe.compatible import works_with
from luthier.recipe.new import BaseName
from luthier.recipe.registries import OPTIMIZERS, PREPARATION, SCHEDULES, TASKS, TECHNIQUES

NEW_RATE = 1e-3
"""The learning rate that suits random weights."""

Share = Annotated[float, Field(ge=0, lt=1)]


class Split(Config):
    """How rows that come without a split are divided."""

    validation: Share = 0.1
    """Share of the rows kept aside to steer training (early stopping, best checkpoint)."""
    test: Share = 0.2
    """Share of the rows opened only once, for the verdict."""
    stratify: bool = True
    """Keep the mix of labels equal in every split."""
    seed: int = 0
    """Decides which row goes where. Separate from the training seed, so that runs compare."""
    method: Literal["random", "hash", "time"] = "random"
    """`random`: by chance. `hash`: by what the row says (or its group), so that a row keeps its
    split when the data grow; shares are then met on average. `time`: the latest rows are the test,
    those before them validation."""
    group: str | None = None
    """Column whose equal values stay in one split: customer, conversation, document."""
    time: str | None = None
    """Column with the date or number that `method: time` goes by."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Cross-validation: the rows are dealt into so many folds, one of which is the test."""
    fold: Annotated[int, Field(ge=0)] = 0
    """Number of the fold that is the test, from 0."""
    few_shot: Annotated[int, Field(gt=0)] | None = None
    """Keep only so many rows of each class in train."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.method == "time") != (self.time is not None):
            raise ValueError("method: time and time: COLUMN belong together")
        if self.folds is not None and self.fold >= self.folds:
            raise ValueError("folds are counted from 0, so fold must be less than folds")
        if self.folds is not None and self.method != "random":
            raise ValueError("folds are dealt by chance: leave method out")
        return self


class Source(Config):
    """A source with settings of its own. A source without any may be its name alone."""

    source: str
    """File, folder, hub data set (`hf:owner/name`) or database (`sqlite:///file.db#table`, or a
    query behind the `#`), relative to the recipe. A slice behind it takes some rows only:
    `[:1000]`, `[1000:2000]`, `[:10%]`, or `[~1000]` for so many by chance (by the split's seed)."""
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How often each of its rows is in train: 2 repeats them, 0.5 leaves half of them out, by the
    split's seed. Rows are repeated after the division and after all checks, so that copies are
    never divided between splits nor taken for duplicates."""
    columns: dict[str, str] = {}
    """Role to column name in this source, before those of `data.columns`."""
    encoding: str | None = None
    """Text encoding of this source; default: that of `data`."""
    delimiter: str | None = None
    """Column separator of this source; default: that of `data`."""


def _form(value: Any) -> str:
    """Which form of a source is written, so that errors name the key within it."""
    if isinstance(value, list):
        return "<list>"
    return "<settings>" if isinstance(value, dict | Source) else "<name>"


Name = Annotated[str, Tag("<name>")]
Settings = Annotated[Source, Tag("<settings>")]
OneSource = Annotated[Name | Settings, Discriminator(_form)]
Sources = Annotated[
    Name | Settings | Annotated[list[OneSource], Tag("<list>")], Discriminator(_form)
]


class Data(Config):
    """Where rows come from and how they are prepared."""

    train: Sources
    """File, folder, hub data set (`hf:owner/name`), database (`sqlite:///file.db#table`), or
    several of them. Relative to the recipe. Perhaps with a slice: `news.csv[:1000]`."""
    validation: OneSource | None = None
    """Source of the validation rows; default: split off from `train`."""
    test: OneSource | None = None
    """Source of the test rows; default: split off from `train`."""
    split: Split = Split()
    """Division of `train` where `validation` or `test` is not given."""
    columns: dict[str, str] = {}
    """Role to column name, e.g. `{text: Review}`, where the usual synonyms do not find it."""
    labels: dict[str, str] = {}
    """Other spellings of a label, e.g. `{bullish: positive}`."""
    encoding: str | None = None
    """Text encoding, e.g. `gb18030`; default: detected."""
    delimiter: str | None = None
    """Column separator of text tables; default: detected."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Use at most this many rows of `train`, chosen by the split's seed."""
    profile: Literal["news", "social", "web", "chat", "corpus", "none"] | None = None
    """Kind of text, which decides the steps that clean it: edited text, posts, pages, what people
    and assistants say, `corpus` for much plain text to pre-train on (repeated and empty documents
    go, and little else is done), or `none` to clean nothing. Default: by the kind of rows."""
    steps: dict[str, bool | dict[str, Any]] = {}
    """Changes to the profile's steps: kind to `false` (off), `true` (on) or its settings, e.g.
    `{pii: {action: mask}, near_duplicates: false}`."""
    prepare: list[Annotated[Any, Registered(PREPARATION)]] | None = None
    """Exactly these preparation steps, in this order, instead of `profile` and `steps`."""
    restore: list[str] = []
    """Quarantine files of earlier preparations, edited: the rows in them are put back."""

    @field_validator("steps")
    @classmethod
    def _steps_exist(cls, steps: dict[str, Any]) -> dict[str, Any]:
        for kind, change in steps.items():
            PREPARATION.parse({"kind": kind, **(change if isinstance(change, dict) else {})})
        return steps

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.prepare is not None and (self.steps or self.profile):
            raise ValueError("give the steps in prepare, or change them in profile and steps")
        return self

    @model_validator(mode="after")
    def _weights_of_train(self) -> Self:
        for split in ("validation", "test"):
            if any(source.weight != 1 for source in self.sources(split)):
                raise ValueError("a weight is for sources of train: others are measured on as is")
        return self

    def sources(self, split: str) -> list[Source]:
        """The sources that are named for a split, each with its settings.

        Args:
            split: `train`, `validation` or `test`.
        """
        named = getattr(self, split)
        several = named if isinstance(named, list) else [named]
        return [
            one if isinstance(one, Source) else Source(source=one)
            for one in several if one is not None
        ]  # fmt: skip


class EarlyStopping(Config):
    """Stop when validation no longer improves."""

    patience: Annotated[int, Field(gt=0)] = 2
    """Evaluations without improvement before training stops."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """Smallest change of the metric that counts as improvement."""


class BatchGrowth(Config):
    """More rows a step when validation stands still, instead of a lower rate (Smith et al. 2018).

    The gradient's noise falls, as it does with a lower rate, with fewer updates for the same rows.
    """

    factor: Annotated[int, Field(ge=2)] = 2
    """How many times as many rows a step has after each plateau."""
    most: Annotated[int, Field(ge=2)] = 8
    """At most so many times as many as at first."""
    patience: Annotated[int, Field(ge=0)] = 1
    """Evaluations without improvement that are let pass; one more is a plateau."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """Smallest change of the metric that counts as improvement."""
    metric: str | None = None
    """Validation metric to watch, e.g. `loss`; default: the one that picks the best weights."""


class Training(Config):
    """How the model is fitted. Names as in transformers' TrainingArguments where both have them."""

    epochs: Annotated[float, Field(gt=0)] = 3
    """Passes over the training rows; fractions are allowed."""
    max_steps: Annotated[int, Field(gt=0)] | None = None
    """Optimizer steps, instead of `epochs`."""
    max_training_tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens to train on, repetitions counted, instead of `epochs`."""
    max_minutes: Annotated[float, Field(gt=0)] | None = None
    """Minutes to train, evaluations not counted, instead of `epochs`. The schedule follows the
    steps that the time seems to have room for, so a run depends on the speed of the machine; with
    `wsd` nothing does until the decay begins."""
    batch_size: Annotated[int, Field(gt=0)] | Literal["auto"] = 32
    """Rows per micro-batch; rows per optimizer step = this times `gradient_accumulation_steps`.
    `auto`: as many of the `rows_per_step` as memory has room for and no more than are of use,
    measured before the first step; the update is the same."""
    rows_per_step: Annotated[int, Field(gt=0)] | None = None
    """Rows per optimizer step where `batch_size` is `auto`; default: 32."""
    gradient_accumulation_steps: Annotated[int, Field(gt=0)] = 1
    """Micro-batches per optimizer step. The gradient is that of one large batch, exactly."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Token budget of a micro-batch, padding included: longer batches are cut into several, which
    changes the update by rounding alone. Default: 8,192 on a processor, 8,192 for every 10 GiB of
    its memory on a GPU. With `batch_size: auto` it follows from that."""
    group_by_length: bool = True
    """Form batches of rows of like length, so that little is padding. False: wholly random."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Highest learning rate, before a technique's multiplier. Default: what suits the techniques
    (`luthier techniques` says it), 1e-3 for a new base, else 1e-4."""
    optimizer: Annotated[Any, Registered(OPTIMIZERS, default="adamw")] = Field(
        default={"kind": "adamw"}, validate_default=True
    )
    """How gradients become changes of the weights."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled decay of the weights; never of biases and normalisation weights."""
    max_grad_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """Gradients are scaled down to this global norm; null: never."""
    schedule: Annotated[Any, Registered(SCHEDULES, default="linear")] = Field(
        default_factory=lambda given: given["optimizer"].schedule, validate_default=True
    )
    """The learning rate over time, as a multiplier of `learning_rate`; default: linear, with a
    warm-up of a tenth of the steps. Optimizer `schedule_free`: constant, with the same warm-up."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: less memory, about
    a third more time, the same gradients."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Dropout of the base while training; default: what the base was made with."""
    seed: int = 0
    """Decides head initialisation, order of rows and dropout."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of training; auto: bf16 where the processor computes it, else fp32.
    Evaluation is always fp32."""
    reuse_frozen: bool = True
    """Where the lowest layers are frozen: compute what they give once for each row, and use it in
    all epochs and later runs; their dropout is then off. False: compute it at every step."""
    evaluate_every: Annotated[int, Field(gt=0)] | None = None
    """Optimizer steps between evaluations on validation; default: once an epoch."""
    save_every: Annotated[int, Field(gt=0)] | None = None
    """Optimizer steps between checkpoints to resume from; default: at every evaluation."""
    early_stopping: EarlyStopping | None = None
    """Stop before the last step when validation no longer improves."""
    grow_batch: BatchGrowth | None = None
    """Let steps have more rows when validation no longer improves. `epochs`, `max_steps` and the
    steps between evaluations count steps of the first size."""

    @property
    def rows_of_a_step(self) -> int:
        """Rows behind one optimizer step."""
        if self.batch_size == "auto":
            return self.rows_per_step or 32
        return self.batch_size * self.gradient_accumulation_steps

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if sum(map(bool, (self.max_steps, self.max_training_tokens, self.max_minutes))) > 1:
            raise ValueError("give one of max_steps, max_training_tokens and max_minutes")
        return self

    @model_validator(mode="after")
    def _rows_said_once(self) -> Self:
        auto = self.batch_size == "auto"
        if self.rows_per_step is not None and not auto:
            raise ValueError("rows_per_step is for batch_size: auto")
        if auto and self.gradient_accumulation_steps > 1:
            raise ValueError("with batch_size: auto give rows_per_step instead of accumulation")
        return self


class Evaluation(Config):
    """What is measured and what must be reached."""

    target: dict[str, float] = {}
    """Metric to the value it must reach, e.g. `{f1_macro: 0.9}`. Losses and errors: at most."""
    best: str | None = None
    """Validation metric that picks the checkpoint kept; default: the first of `target`, else the
    task's own; of tasks that write texts `loss`, as writing takes long."""
    batch_size: Annotated[int, Field(gt=0)] = 64
    """Rows per batch. Speed only: results do not depend on it."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Level of the bootstrap intervals."""
    resamples: Annotated[int, Field(ge=100)] = 1000
    """Bootstrap resamples behind each interval."""
    earlier: bool = True
    """Whether the tests of the stages that this one's base comes from are opened again after it, to
    see what it has forgotten of them."""


class Stage(Config):
    """One round of training."""

    name: str = "main"
    """Name of the stage, part of its folder's name."""
    base: BaseName = None
    """What to start from: a built-in name (`minilm-l6`, for images `luthier-resnet`), a folder, a
    hub id, `run:NAME`, `new:resnet-small`, a small network for images with random weights, or
    `{new: {family: decoder, size: mini}}`, a network for text with random weights.
    A later stage without it starts from the stage before."""
    task: Annotated[Any, Registered(TASKS)]
    """What is learned."""
    data: Data
    """Where rows come from and how they are prepared."""
    techniques: list[Annotated[Any, Registered(TECHNIQUES)]] = []
    """What is trained and how; default: everything."""
    training: Training = Training()
    """How the model is fitted."""
    evaluation: Evaluation = Evaluation()
    """What is measured and what must be reached."""

    @model_validator(mode="after")
    def _rate_suits_what_is_trained(self) -> Self:
        if "learning_rate" not in self.training.model_fields_set:
            suited = [rate for technique in self.techniques if (rate := technique.usual_rate())]
            usual = NEW_RATE if self._is_new() else self.training.learning_rate
            known = {"learning_rate": max(suited, default=usual)}
            # The recipe is frozen from here on.
            object.__setattr__(self, "training", self.training.model_copy(update=known))
        return self

    @model_validator(mode="after")
    def _new_base_is_trained(self) -> Self:
        adapted = [technique.kind for technique in self.techniques if technique.needs_base]
        if self._is_new() and adapted:
            raise ValueError(f"{adapted[0]} adapts a trained base, and {self.base} is random")
        return self

    @model_validator(mode="after")
    def _techniques_fit_the_task(self) -> Self:
        unfit = [one.kind for one in self.techniques if not works_with(one, self.task)]
        if unfit:
            raise ValueError(f"{unfit[0]} does not work with the task {self.task.kind}")
        return self

    @model_validator(mode="after")
    def _adapters_find_their_base(self) -> Self:
        changed = [technique.kind for technique in self.techniques if technique.changes_base]
        alone = [t.kind for t in self.techniques if getattr(t, "merge", True) is False]
        if changed and alone:
            raise ValueError(
                f"{changed[0]} changes the base, and {alone[0]} saves adapters without it: "
                "set merge: true"
            )
        return self

    def _is_new(self) -> bool:
        """Whether the base has random weights."""
        return str(self.base).partition(":")[0] == "new"

    def spelled_out(self) -> list[Self]:
        """The stage, behind the one that its task asks for before its own."""
        prelude = self.task.prelude()
        if prelude is None:
            return [self]
        kind = prelude.task.kind
        first = {
            "name": kind if self.name == "main" else f"{self.name}-{kind}",
            "task": prelude.task,
            "techniques": [],
            "training": self.training.model_copy(update=dict(prelude.training)),
            "evaluation": self.evaluation.model_copy(update={"target": {}, "best": None}),
        }
        rest = {"base": None, "task": prelude.rest}
        return [self.model_copy(update=first), self.model_copy(update=rest)]


class Recipe(Config):
    """One YAML file that says a whole run. With one stage its keys may stand at the top level."""

    name: Annotated[str, Field(pattern=r"^[\w][\w.-]*$", max_length=80)]
    """Name of the run: letters, digits, `-`, `_`, `.`."""
    description: str = ""
    """What the recipe shows, for people."""
    stages: Annotated[list[Stage], Field(min_length=1)]
    """Rounds of training; each starts from the model of the one before."""

    @field_validator("stages")
    @classmethod
    def _first_has_base(cls, stages: list[Stage]) -> list[Stage]:
        if stages[0].base is None:
            raise ValueError("the first stage needs a base, e.g. base: minilm-l6")
        whole = [part for stage in stages for part in stage.spelled_out()]
        if len({stage.name for stage in whole}) != len(whole):
            raise ValueError("each stage needs a name of its own")
        return whole
