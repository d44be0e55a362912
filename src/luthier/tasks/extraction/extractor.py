"""The task extract at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from luthier.core.errors import DataError
from luthier.core.lazy import lazy
from luthier.tasks.about import About
from luthier.tasks.task import Batch, Example, Facts, Task

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import torch
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from luthier import metrics
    from luthier.data import languages
    from luthier.metrics import Asked, Measures
    from luthier.models import model as models
    from luthier.models import opinions
    from luthier.models.model import Head
    from luthier.models.opinions import Opinion
    from luthier.tasks.classification import encoding
    from luthier.tasks.extract import Extract
    from luthier.tasks.extraction import cards, shown, spans, windows
    from luthier.tasks.extraction.spans import Candidate, Found, Spans
else:
    NAMES = ("cards", "shown", "spans", "windows")
    np, pl, torch = lazy("numpy"), lazy("polars"), lazy("torch")
    metrics, languages = lazy("luthier.metrics"), lazy("luthier.data.languages")
    models, opinions = lazy("luthier.models.model"), lazy("luthier.models.opinions")
    encoding = lazy("luthier.tasks.classification.encoding")
    cards, shown, spans, windows = (lazy(f"{__package__}.{n}") for n in NAMES)

IGNORED = -100
"""Label of a window that is not trained."""


class Extractor(Task):
    """Answers cut out of contexts, with a transformers question-answering head.

    Args:
        config: What the recipe says.
        facts: ``no_answer`` (whether a question may have none) and, tuned, ``threshold``.
        tokenizer: The base's.
    """

    default_metric = "f1"
    answer: ClassVar[str] = "answers"

    def __init__(self, config: Extract, facts: Facts, tokenizer: PreTrainedTokenizerBase) -> None:
        self.config = config
        self.tokenizer = tokenizer
        self.max_length = min(config.max_length, tokenizer.model_max_length)
        tokenizer.model_max_length = self.max_length
        self.unanswerable = bool(facts["no_answer"])
        self.threshold = float(facts.get("threshold", 0.0))

    def head(self) -> Head:
        """``AutoModelForQuestionAnswering``: scores of each token as first and as last."""
        return models.Head("AutoModelForQuestionAnswering", {"num_labels": 2}, "QUESTION_ANS")

    def about(self) -> About:
        """With transformers, which has no pipeline for it since version 5."""
        threshold = self.threshold if self.unanswerable else None
        mark = encoding.between(self.tokenizer)
        return cards.about(self.config.max_answer_tokens, threshold, mark)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """The windows of every row; with the first and last token of the answer where known.

        Windows that lack the first answer, or a part of it, point at the first token of all. A
        row whose answer no window holds whole, or that has none although it must, is not trained.
        """
        questions, contexts = (
            rows[name].cast(pl.String).fill_null("").to_list() for name in ("question", "context")
        )
        cut = windows.Windows(self.tokenizer, self.max_length, self.config.stride)
        examples = list(cut.encode(questions, contexts))
        answers = rows["answers"].to_list() if "answers" in rows.columns else None
        for row, group in groupby(examples, key=_row):
            every = list(group)
            for example in every:
                example["context"] = contexts[row]
            if answers is not None:
                self._label(every, answers[row] or [])
        return examples

    def _label(self, group: list[Example], answers: Sequence[Mapping[str, Any]]) -> None:
        found: list[tuple[int, int] | None] = [None] * len(group)
        if answers:
            start = answers[0]["start"]
            end = start + len(answers[0]["text"])
            place = windows.trimmed(group[0]["context"], (start, end))
            found = [windows.find(example, place) for example in group]
        known = any(found) if answers else self.unanswerable
        for example, span in zip(group, found, strict=True):
            example["label"] = (span or (0, 0)) if known else None

    def weight(self, example: Example) -> float:
        """Whether the window is trained."""
        return float(example["label"] is not None)

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """The question and the context, a line each."""
        said = [pl.col(name).fill_null("") for name in ("question", "context")]
        return rows.select(pl.concat_str(said, separator="\n").alias("text")).to_series()

    def spread(self, rows: pl.DataFrame, examples: Sequence[Example]) -> pl.DataFrame:
        """Each window with its own part of the context."""
        parts = [
            e["context"][e["offsets"][0, 0] : e["offsets"][-1, 1]] if len(e["offsets"]) else ""
            for e in examples
        ]
        seen = rows[[e["row"] for e in examples]]
        return seen.with_columns(pl.Series("context", parts, dtype=pl.String))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` and perhaps ``token_type_ids`` (windows, length).

        ``_inside`` (windows, length) tells the tokens of the context; ``labels`` (windows, 2)
        where known.
        """
        batch = encoding.inputs(self.tokenizer, examples)
        inside = np.zeros(batch["input_ids"].shape, dtype=bool)
        for place, example in enumerate(examples):
            first = example["first"]
            inside[place, first : first + len(example["offsets"])] = True
        batch["_inside"] = torch.from_numpy(inside)
        if "label" in examples[0]:
            labels = [example["label"] or (IGNORED, IGNORED) for example in examples]
            batch["labels"] = torch.tensor(labels)
        return batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Mean cross-entropy of first and last token of each window, summed; windows trained.

        Among the tokens of the context and the first of all, which says that there is no answer.
        """
        labels, logits = batch["labels"], self._open(output, batch)
        total = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), reduction="sum", ignore_index=IGNORED
        )
        return total / 2, float((labels[:, 0] != IGNORED).sum())

    def opinions(self, output: Any, batch: Batch) -> list[Opinion]:
        """Where the answer begins and ends, of each window that is trained."""
        logits, trained = self._open(output, batch), batch["labels"][:, 0] != IGNORED
        return [opinions.Opinion(logits[trained, side], "one") for side in (0, 1)]

    def _open(self, output: Any, batch: Batch) -> Tensor:
        """Scores (windows, 2, length) of each token as first and last that may be one."""
        open_to = batch["_inside"].clone()
        open_to[:, 0] = True
        logits = torch.stack([output.start_logits, output.end_logits], 1).float()
        return logits.masked_fill(~open_to.unsqueeze(1), opinions.CLOSED)

    def decode(self, output: Any, batch: Batch) -> list[Spans]:
        """The best spans of every window."""
        start, end = output.start_logits.double(), output.end_logits.double()
        inside = batch["_inside"].to(start.device)
        return spans.best_spans(start, end, inside, self.config.max_answer_tokens)

    def gather(self, decoded: list[Any], examples: Sequence[Example]) -> list[Found]:
        """The best answers of every row, from all its windows."""
        pairs = zip(examples, decoded, strict=True)
        groups = (list(group) for _, group in groupby(pairs, key=lambda pair: pair[0]["row"]))
        return [spans.merged(*zip(*group, strict=True)) for group in groups]

    def references(self, rows: pl.DataFrame) -> list[Asked]:
        """The texts of all answers, and the language whose definition they are measured by."""
        language = self.config.language
        codes = (
            languages.identify(rows["context"]) if language == "auto" else [language] * len(rows)
        )
        return [
            metrics.Asked(tuple(a["text"] for a in answers or ()), "zh" if code == "zh" else "en")
            for answers, code in zip(rows["answers"].to_list(), codes, strict=True)
        ]

    def measure(
        self,
        predictions: list[Found],
        references: list[Asked],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Exact match and F1, and whether no answer is given where there is none."""
        given = [self._best(found) for found in predictions]
        return metrics.measure_answers(
            [best.text if best else "" for best, _ in given], references,
            unanswerable=self.unanswerable,
            probabilities=np.array([probability for _, probability in given]),
            confidence=confidence, resamples=resamples,
        )  # fmt: skip

    def fit_on_validation(
        self, predictions: list[Found], references: list[Asked]
    ) -> Mapping[str, Any]:
        """``threshold``: by how much no answer must score above the best one to be given."""
        pairs = [pair for pair in zip(predictions, references, strict=True) if pair[0].candidates]
        if not (self.unanswerable and pairs):
            return {}
        differences = np.array([found.difference for found, _ in pairs])
        if_given = np.array([self._worth(found.candidates[0], asked) for found, asked in pairs])
        if_none = np.array([self._worth(None, asked) for _, asked in pairs])
        return {"threshold": metrics.fit_no_answer(differences, if_given, if_none)}

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The better of no answer and the most frequent true one."""
        asked = self.references(rows)
        best = metrics.constant_answer(asked, unanswerable=self.unanswerable)
        return metrics.measure_answers(
            [best] * len(asked), asked, unanswerable=self.unanswerable, resamples=0
        )

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows, or those with an answer where the model always gives one."""
        none = rows["answers"].list.len() == 0
        if self.unanswerable or not none.any():
            return rows, []
        return rows.filter(~none), [f"{int(none.sum())} rows left out: the model always answers"]

    def answers(self, predictions: list[Found], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``answer`` (empty: there is none), ``probability``, ``start`` and ``end`` in the context.

        With ``top`` above 1 also ``candidates``, the same of the best answers.
        """
        given = []
        for found in predictions:
            answer = shown.answer(*self._best(found))
            if self.config.top > 1:
                shares = found.probabilities(unanswerable=self.unanswerable)
                best = zip(found.candidates[: self.config.top], shares, strict=False)
                answer["candidates"] = [shown.answer(one, float(share)) for one, share in best]
            given.append(answer)
        return given

    def read(self, said: str) -> NoReturn:
        """Nothing: a text alone is no question about a text.

        Raises:
            DataError: Always.
        """
        raise DataError(
            "The model asks a question and a context, and here is one text: '{said}'.",
            hint="Give --field question='...' --field context='...', or a file with --input.",
            said=said if len(said) <= 60 else f"{said[:59]}…",
        )

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Found], count: int
    ) -> list[dict[str, Any]]:
        """Answers that share nothing with the truth, those with the most certainty first."""
        given = [self._best(found) for found in predictions]
        wrong = [
            row
            for row, asked in enumerate(self.references(rows))
            if not self._worth(given[row][0], asked)
        ]
        wrong.sort(key=lambda row: -given[row][1])
        return [shown.mistake(rows.row(row, named=True), *given[row]) for row in wrong[:count]]

    def _worth(self, best: Candidate | None, asked: Asked) -> float:
        """The F1 of an answer."""
        said = best.text if best else ""
        return metrics.score_answer(said, asked, unanswerable=self.unanswerable).f1

    def _best(self, found: Found) -> tuple[Candidate | None, float]:
        """The answer, or None for none, and its probability."""
        shares = found.probabilities(unanswerable=self.unanswerable)
        none = self.unanswerable and found.difference > self.threshold
        if none or not found.candidates:
            return None, float(shares[-1])
        return found.candidates[0], float(shares[0])


def _row(example: Example) -> int:
    row: int = example["row"]
    return row
