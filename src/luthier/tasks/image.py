"""Image classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from luthier.core.config import Config
from luthier.core.lazy import lazy
from luthier.data.augment.images import PRESETS, ImageAugmentation
from luthier.data.roles import Role
from luthier.recipe.registries import TASKS
from luthier.tasks.classify import Classify
from luthier.tasks.imaging.classifier import ImageClassifier
from luthier.tasks.task import Facts, TaskConfig

if TYPE_CHECKING:
    import polars as pl

    from luthier.data.formats import images
    from luthier.models.images import ImageProcessor
else:
    images = lazy("luthier.data.formats.images")


class Mixing(Config):
    """How often images of a batch are mixed, and how evenly."""

    kind: Literal["mixup", "cutmix"]
    """`mixup`: each image is laid over another, both see-through (Zhang et al. 2018). `cutmix`: a
    box of each is taken from another (Yun et al. 2019). The truth is mixed alike."""
    alpha: Annotated[float, Field(gt=0)] = 0.2
    """Shares are drawn from Beta(alpha, alpha): small, most images are nearly whole; 1, any share
    is as likely."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Of a batch to be mixed."""


@TASKS.register
class Image(TaskConfig):
    """Give an image one class: folders by class, or a table of paths (or bytes) and labels."""

    reads: ClassVar[Literal["text", "image"]] = "image"

    kind: Literal["image"] = "image"
    """This task."""
    size: Annotated[int, Field(ge=8, le=2048)] | None = None
    """Side in pixels of what the network is given; default: what the base was made for. A vision
    transformer takes no other."""
    augment: Literal["none", "light", "standard", "strong"] | ImageAugmentation = "light"
    """How training images are changed each time they are shown: a ready setting, or
    probabilities and strengths of one's own, e.g. `{crop: 1.0, flip: 0.5, cutout: 0.3}`. `light`:
    parts of 80% or more, and left and right exchanged. Use `none`, or leave `flip` out, where
    left and right matter, as in letters."""
    mix: Mixing | None = None
    """Train on mixtures of two images."""
    class_weights: Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """How much each class counts in the loss, as of the task `classify`."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the truth that is spread over all classes, as of the task `classify`."""

    def roles(self) -> tuple[Role, ...]:
        """``image`` and ``label``."""
        return (Role("image", "image", images.PLACES), Role("label", "label", images.LABELS))

    def metric_names(self) -> list[str]:
        """Those of one class."""
        return self.classes().metric_names()

    def classes(self) -> Classify:
        """What the answer is, as the task `classify` says it."""
        return Classify(class_weights=self.class_weights, label_smoothing=self.label_smoothing)

    def augmentation(self) -> ImageAugmentation:
        """How training images are changed."""
        return PRESETS[self.augment] if isinstance(self.augment, str) else self.augment

    def learn(self, train: pl.DataFrame) -> Facts:
        """The class names, sorted; their weights if asked.

        Raises:
            DataError: If ``class_weights`` names a class that no row has.
        """
        return self.classes().learn(train)

    def build(self, facts: Facts, processor: ImageProcessor) -> ImageClassifier:
        """The classifier for these classes."""
        return ImageClassifier(self, facts, processor)
