"""What all tasks have in common that write token by token."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.tasks.task import Batch, Task

if TYPE_CHECKING:
    import polars as pl
    import torch
    from torch import Tensor, nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.data import languages
    from luthier.metrics import Measures, Wanted, Written
    from luthier.models import opinions
    from luthier.models.kernels import logits as kernels
    from luthier.models.model import Head
    from luthier.models.opinions import Opinion
    from luthier.tasks.writing import batches, generation, shown
    from luthier.tasks.writing.judged import Judged
else:
    NAMES = ("batches", "generation", "shown")
    pl = lazy("polars")
    metrics, languages = lazy("luthier.metrics"), lazy("luthier.data.languages")
    kernels, opinions = lazy("luthier.models.kernels.logits"), lazy("luthier.models.opinions")
    batches, generation, shown = (lazy(f"{__package__}.{n}") for n in NAMES)


class Speaker(Task):
    """A task that writes with a transformers encoder-decoder or decoder.

    Args:
        judged: How what is written is measured.
        tokenizer: The base's.
    """

    generates: ClassVar[bool] = True
    picked_by: ClassVar[str | None] = "loss"
    settings: dict[str, Any]
    """Of generation, by transformers' names."""

    def __init__(self, judged: Judged, tokenizer: PreTrainedTokenizerBase) -> None:
        self.judged = judged
        self.tokenizer = tokenizer
        self.signs = batches.Signs.of(tokenizer)
        self.names = judged.compared()
        self.default_metric = self.names[0] if self.names else "perplexity"  # type: ignore[misc]
        self.writes = True

    def head(self) -> Head:
        """``AutoModelForSeq2SeqLM``, or ``AutoModelForCausalLM`` for a decoder alone."""
        return generation.head(self.signs, self.settings)

    def adjust(self, core: PreTrainedModel) -> None:
        """Leave the logits to the loss; they are computed where texts are written."""
        kernels.defer_logits(core)

    def compute(self, network: nn.Module, batch: Batch, place: torch.device) -> generation.Output:
        """What the network writes, and the loss of every token of the right texts."""
        moved = {name: part.to(place) for name, part in batch.items()}
        write = self.writes and (bool(self.names) or not batches.trained_part(batch))
        return generation.written(network, moved, self.signs, self.settings, write=write)

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy of the tokens to write, summed, and their number."""
        return generation.loss(
            output.logits, batch["labels"], self.signs, smoothing=self.judged.label_smoothing
        )

    def opinions(self, output: Any, batch: Batch) -> list[Opinion]:
        """Which token is to be written at each place."""
        logits, labels = batches.predicted(self.signs, output.logits, batch["labels"])
        return [opinions.foretold(logits, labels)]

    def decode(self, output: generation.Output, batch: Batch) -> list[Written]:
        """The texts, whether they were ended, and the loss of the right ones."""
        return generation.read(output, self.tokenizer, self.settings["eos_token_id"])

    def wanted(
        self, texts: Sequence[tuple[str, ...]], plain: Sequence[tuple[str, ...]]
    ) -> list[Wanted]:
        """What is known of each row's text.

        Args:
            texts: (rows,) the right ones, at least one each.
            plain: (rows,) what could be answered without a model.
        """
        language = self.judged.language
        first = pl.Series("text", [row[0] for row in texts], dtype=pl.String)
        codes = [language] * len(first)
        if language == "auto":
            codes = languages.identify(first).to_list()
        parts = zip(texts, codes, plain, strict=True)
        return [metrics.Wanted(one, code or "", other) for one, code, other in parts]

    def measure(
        self,
        predictions: list[Written],
        references: list[Wanted],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """What the texts are worth, and how likely the right ones are."""
        return metrics.measure_writing(
            predictions, references, names=self.names, lowercase=self.judged.lowercase,
            confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def watched(self, rows: pl.DataFrame, metric: str) -> tuple[Task, pl.DataFrame]:
        """Without writing where a loss is watched, else on some of the rows."""
        if metric in metrics.LIKELIHOOD:
            cheaper = copy.copy(self)
            cheaper.writes = False
            return cheaper, rows
        return self, rows.gather_every(max(1, -(-len(rows) // self.judged.watched_rows)))

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The best answer without a model, by each metric."""
        wanted = self.references(rows)
        return metrics.measure_plain(wanted, self.names, lowercase=self.judged.lowercase)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows."""
        return rows, []

    def answers(self, predictions: list[Written], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``answer``, and whether the model ended it by itself."""
        return [{"answer": one.text, "ended": one.ended} for one in predictions]

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Written], count: int
    ) -> list[dict[str, Any]]:
        """None: a text is hardly ever simply wrong."""
        return []

    def showcase(
        self, rows: pl.DataFrame, predictions: list[Written], count: int
    ) -> list[dict[str, Any]]:
        """Texts from the worst to the best by the first metric, as each scores alone."""
        if not self.names:
            return []
        some = rows.head(shown.SCORED)
        return shown.samples(
            self.texts(some).to_list(), predictions[: len(some)],
            self.references(some), self.names[0], count,
        )  # fmt: skip
