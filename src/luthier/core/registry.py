"""Kinds of things that are one file each: tasks, techniques, schedules.

A registry knows the package its members live in and imports that package's
modules when first asked; adding a member is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from luthier.core.config import Config
from luthier.core.names import nearest

Member = TypeVar("Member", bound=Config)

REGISTRY_KEY = "x-registry"
"""Stands in a JSON Schema where any member of a registry may stand."""


class Registry:
    """The classes of one concept, found by their ``kind``.

    Args:
        concept: What the members are, for messages: ``"task"``.
        package: Dotted name of the package whose modules define the members.
    """

    def __init__(self, concept: str, package: str) -> None:
        self.concept = concept
        self.package = package
        self._members: dict[str, type[Config]] = {}
        self._discovered = False

    def register(self, member: type[Member]) -> type[Member]:
        """Class decorator: make ``member`` known under its field ``kind``."""
        kind = member.model_fields["kind"].default
        if not isinstance(kind, str):
            raise TypeError(f"{member.__name__} needs a default for its field 'kind'")
        self._members[kind] = member
        return member

    def members(self) -> dict[str, type[Config]]:
        """Every member by kind, in alphabetical order."""
        if not self._discovered:
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            self._discovered = True
        return dict(sorted(self._members.items()))

    def parse(self, value: Any) -> Config:
        """The member that ``value`` describes: a mapping with ``kind``, a bare kind, or itself."""
        if isinstance(value, Config) and type(value) in self.members().values():
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, dict) or "kind" not in value:
            raise PydanticCustomError(
                "missing_kind", "needs a key 'kind'", {"known": list(self.members())}
            )
        kind = value["kind"]
        member = self.members().get(str(kind))
        if member is None:
            known = ", ".join(self.members())
            guess = nearest(str(kind), self.members())
            raise PydanticCustomError(
                "unknown_kind",
                "no {concept} of kind '{kind}'; there are: {known}",
                {"concept": self.concept, "kind": str(kind), "known": known, "nearest": guess},
            )
        return member.model_validate(value)


class Registered:
    """Annotation for a field that holds a member of a registry.

    ``task: Annotated[Any, Registered(TASKS)]`` accepts the mapping of any task
    and lists them all in the JSON Schema.

    Args:
        registry: Whose members may stand there.
        default: The kind that a mapping without ``kind`` means.
    """

    def __init__(self, registry: Registry, default: str | None = None) -> None:
        self.registry = registry
        self.default = default

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._parse,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda member: member.model_dump(mode="json")
            ),
        )

    def _parse(self, value: Any) -> Config:
        if self.default and isinstance(value, dict) and "kind" not in value:
            value = {"kind": self.default, **value}
        return self.registry.parse(value)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # pydantic allows references to its own definitions only; the recipe's schema fills it in.
        return {REGISTRY_KEY: self.registry.concept}
