"""Tags that are names and no more: parts of speech."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from luthier.core.lazy import lazy
from luthier.tasks.tagging.tagger import Tagger

if TYPE_CHECKING:
    import polars as pl

    from luthier import metrics
    from luthier.metrics import Measures, Tagged
    from luthier.tasks.tagging import saying
else:
    metrics, saying = lazy("luthier.metrics"), lazy(f"{__package__}.saying")


class WordTagger(Tagger):
    """A tag for every word."""

    default_metric: ClassVar[str] = "accuracy"

    def measure(
        self,
        predictions: list[Tagged],
        references: list[list[str]],
        *,
        confidence: float = 0.95,
        resamples: int = 1000,
    ) -> Measures:
        """Words with the right tag; intervals over sentences."""
        return metrics.measure_tags(
            references, predictions, confidence=confidence, resamples=resamples
        )

    def baseline(self, rows: pl.DataFrame) -> Measures:
        """The most frequent tag for every word."""
        truth = self.references(rows)
        usual = metrics.constant_tag(truth)
        said = [metrics.Tagged([usual] * len(tags), [1.0] * len(tags)) for tags in truth]
        return self.measure(said, truth, resamples=0)

    def answerable(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """All rows; a note on tags that the model cannot give, which count as wrong."""
        tags = rows["tags"].explode().drop_nulls()
        strange = tags.filter(~tags.is_in(self.labels))
        if strange.is_empty():
            return rows, []
        names = ", ".join(sorted(strange.unique()))
        return rows, [f"{len(strange)} words count as wrong: unknown tags {names}"]

    def answers(self, predictions: list[Tagged], rows: pl.DataFrame) -> list[dict[str, Any]]:
        """``tagged`` (each word with its tag), and ``words``.

        Of each word ``token``, ``tag``, ``probability``, ``start`` and ``end`` in ``text``.
        """
        given = zip(self._said(rows), predictions, strict=True)
        return [
            {
                "tagged": " ".join(f"{w}/{t}" for w, t in zip(said, one.tags, strict=True)),
                "words": saying.words(said, places, one),
                "text": text,
            }
            for (text, said, places), one in given
        ]

    def mistakes(
        self, rows: pl.DataFrame, predictions: list[Tagged], count: int
    ) -> list[dict[str, Any]]:
        """The wrong word of each sentence with the most certainty behind it."""
        given = zip(self._said(rows), self.references(rows), predictions, strict=True)
        found = [saying.worst_word(text, said, truth, one) for (text, said, _), truth, one in given]
        return saying.surest(found, count)
