"""The tree of errors a user may meet.

Every error says what is wrong, where, and what to do next. The message and the
hint are templates with named fields, so that one error can be shown in any
language (see :mod:`luthier.core.locale`).
"""

from __future__ import annotations

from luthier.core.locale import translate


class LuthierError(Exception):
    """Something the user can put right.

    Args:
        message: English template, e.g. ``"No file at {path}."``.
        hint: English template of what to do next.
        where: The place: a file, ``file:line``, ``file, row 7`` or a recipe key.
        **fields: Values of the templates' fields.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, hint: str | None = None, where: str | None = None, **fields: object
    ) -> None:
        self.message = message
        self.hint = hint
        self.where = where
        self.fields = fields
        super().__init__(self.render("en"))

    def render(self, language: str | None = None) -> str:
        """The whole error as text: one line, then the place and the hint where known."""
        lines = [translate(self.message, language, **self.fields)]
        if self.where:
            lines.append(f"  --> {self.where}")
        if self.hint:
            label = translate("hint: ", language)
            lines.append(f"{label}{translate(self.hint, language, **self.fields)}")
        return "\n".join(lines)


class RecipeError(LuthierError):
    """The recipe, or an override of it, cannot be used as written."""


class Diverged(RecipeError):
    """Training left the finite numbers."""


class DataError(LuthierError):
    """A source cannot be read, or its rows cannot serve the task."""


class ModelError(LuthierError):
    """A base cannot be found, loaded or used for the task."""


class MergeError(ModelError):
    """Adapters cannot be merged without changing the answers; the model is as it was."""


class RunError(LuthierError):
    """A run directory is missing, unfinished, damaged or in use."""


class SetupError(LuthierError):
    """An optional package or a capability of the machine is missing."""


class NothingSupervisedError(DataError):
    """No token or row carries a label, so training would learn nothing."""


class Interrupted(LuthierError):
    """The user stopped the work (Ctrl-C or SIGTERM); it can be resumed."""

    exit_code = 130
