"""The task image at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.tasks.about import About
from luthier.tasks.classification.classifier import Classifier
from luthier.tasks.task import Batch, Example, Facts

if TYPE_CHECKING:
    import polars as pl
    import torch
    from torch import Tensor

    from luthier.models import features
    from luthier.models import model as models
    from luthier.models.images import ImageProcessor
    from luthier.models.model import Head
    from luthier.tasks.classification import one_class
    from luthier.tasks.image import Image
    from luthier.tasks.imaging import pictures
else:
    pl, torch = lazy("polars"), lazy("torch")
    models = lazy("luthier.models.model")
    features = lazy("luthier.models.features")
    one_class = lazy("luthier.tasks.classification.one_class")
    pictures = lazy(f"{__package__}.pictures")

USAGE = (
    "from transformers import pipeline\n"
    'classify = pipeline("image-classification", model="model")\n'
    'print(classify("photo.jpg"))'
)
ADAPTED = (
    "from peft import PeftConfig, PeftModel\n"
    "from transformers import AutoModelForImageClassification\n"
    'base = PeftConfig.from_pretrained("model").base_model_name_or_path\n'
    "network = AutoModelForImageClassification.from_pretrained("
    "base, num_labels={count}, ignore_mismatched_sizes=True)\n"
    'model = PeftModel.from_pretrained(network, "model")'
)


class ImageClassifier(Classifier):
    """Image classification with a transformers image-classification head.

    Examples carry where an image is, not its pixels; only those of a batch are ever decoded.

    Args:
        config: What the recipe says.
        facts: ``labels`` and what else was learned: ``weights``.
        processor: The base's; it is set to the recipe's size.
    """

    reads: ClassVar[Literal["text", "image"]] = "image"
    slow_to_collate: ClassVar[bool] = True

    def __init__(self, config: Image, facts: Facts, processor: ImageProcessor) -> None:
        self.image = config
        self.labels = list(facts["labels"])
        self.processor = processor
        if config.size:
            processor.scale_to(config.size)
        self.target = one_class.OneClass(config.classes(), self.labels, facts.get("weights"))
        self.default_metric = self.target.default_metric  # type: ignore[misc]
        self.classes = tuple(self.labels)
        self.needs = ()

    def head(self) -> Head:
        """``AutoModelForImageClassification`` with these labels."""
        text = super().head()
        return models.Head("AutoModelForImageClassification", text.config, None)

    def about(self) -> About:
        """Through transformers' pipeline, or peft's class."""
        noun = {"en": "image classifier", "zh": "图像分类模型"}
        adapted = ADAPTED.format(count=len(self.labels))
        return About(noun, "image-classification", USAGE, adapted)

    def encode(self, rows: pl.DataFrame) -> list[Example]:
        """Where each image is, and its label as an index."""
        examples: list[Example] = [{"image": image} for image in pictures.values(rows["image"])]
        if "label" in rows.columns:
            for example, label in zip(examples, self.references(rows), strict=True):
                example["label"] = label
        return examples

    @property
    def shows_alike(self) -> bool:
        """Whether images are neither changed nor mixed."""
        return not self.image.mix and not self.image.augmentation().changes

    def given(self, example: Example) -> Sequence[int]:
        """A digest of the image's content and of what is made of it."""
        return list(pictures.digest(example["image"], self.processor.numbers))

    def size(self, example: Example) -> int:
        """One: every image is scaled to the same size."""
        return 1

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """What the file is called."""
        return pictures.names(rows["image"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """``pixel_values`` (rows, 3, height, width) of the decoded images; ``labels`` if known.

        Of images whose features a frozen base gave before, those instead: (rows, width).
        """
        if all(features.FEATURES in example for example in examples):
            known = torch.stack([example[features.FEATURES] for example in examples])
            return self._batch(examples, known)
        return self._batch(examples, pictures.decoded(examples, self.processor))

    def collate_to_train(self, examples: Sequence[Example], seeds: Sequence[int]) -> Batch:
        """The same with images changed, and perhaps mixed, at random.

        How an image is changed depends on the seed, the step and its content, not on the
        micro-batch it is in; what it is mixed with is of its micro-batch. With a mixture come
        ``_partner_labels`` (rows,) and ``_kept`` (rows,), the share of the own label.
        """
        if self.shows_alike:
            return self.collate(examples)
        changes = pictures.Changes(self.image.augmentation(), tuple(seeds[:2]))
        batch = self._batch(examples, pictures.decoded(examples, self.processor, changes))
        return pictures.mixed(batch, self.image.mix, seeds) if self.image.mix else batch

    def loss(self, output: Any, batch: Batch) -> tuple[Tensor, float]:
        """Cross-entropy, summed, and the weight of the rows' classes.

        Of mixed images that of both truths, by their shares, which is the cross-entropy with the
        mixed truth.
        """
        logits = output.logits.float()
        own, weight = self.target.loss(logits, batch["labels"])
        if "_kept" not in batch:
            return own, weight
        kept = float(batch["_kept"][0])
        other, other_weight = self.target.loss(logits, batch["_partner_labels"])
        return own * kept + other * (1 - kept), weight * kept + other_weight * (1 - kept)

    def read(self, said: str) -> dict[str, Any]:
        """The image of a path."""
        return {"image": said}

    def _batch(self, examples: Sequence[Example], pixels: Tensor) -> Batch:
        batch = {"pixel_values": pixels}
        if "label" in examples[0]:
            batch["labels"] = torch.tensor([int(example["label"]) for example in examples])
        return batch
