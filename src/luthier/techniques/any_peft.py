"""Any adapter that peft has, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.core.names import nearest
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Mergeable

if TYPE_CHECKING:
    from peft import mapping

    from luthier.models.model import Model
else:
    mapping = lazy("peft.mapping")

OURS = {"task_type", "peft_type", "modules_to_save", "inference_mode", "base_model_name_or_path"}
"""Fields that are set for every adapter."""

ELSEWHERE = {
    "PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "CPT", "CARTRIDGE",
    "ADALORA", "ADAPTION_PROMPT", "XLORA", "POLY", "SHADOW",
}  # fmt: skip
"""peft's types that need more than a configuration: a technique of their own, or several tasks."""


@TECHNIQUES.register
class AnyPeft(Mergeable):
    """Train any adapter of the peft library, by its name there, and the head."""

    source: ClassVar[str] = "Mangrulkar et al. 2022, the library peft"

    kind: Literal["peft"] = "peft"
    """This technique."""
    peft_type: str
    """peft's name of the adapter, e.g. `HRA`, `RANDLORA`, `FOURIERFT`, `MISS`."""
    settings: dict[str, Any] = {}
    """Fields of peft's configuration of it, e.g. `{r: 8, target_modules: [query, value]}`."""

    def check(self, model: Model) -> None:
        """Refuse names that peft does not have.

        Raises:
            RecipeError: If there is no such adapter, or it has no such field.
        """
        super().check(model)
        kinds = {kind.value: config for kind, config in mapping.PEFT_TYPE_TO_CONFIG_MAPPING.items()}
        usable = sorted(kinds.keys() - ELSEWHERE)
        if self.peft_kind() not in usable:
            near = nearest(self.peft_kind(), usable)
            raise RecipeError(
                "peft has no adapter '{name}' that trains so.",
                hint="Did you mean '{near}'?" if near else "There are: {known}.",
                name=self.peft_type,
                near=near,
                known=", ".join(usable),
            )
        known = {field.name for field in fields(kinds[self.peft_kind()])} - OURS
        for name in self.settings:
            if name not in known:
                near = nearest(name, known)
                raise RecipeError(
                    "peft's adapter has no field '{name}'.",
                    hint="Did you mean '{near}'?" if near else "There are: {known}.",
                    name=name,
                    near=near,
                    known=", ".join(sorted(known)),
                )

    def peft_kind(self) -> str:
        """Peft's name."""
        return self.peft_type.upper()

    def peft_settings(self, model: Model) -> Mapping[str, Any]:
        """What peft is told."""
        return self.settings
