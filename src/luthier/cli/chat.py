"""``luthier chat``: talk with a tuned model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import note, print_json
from luthier.core.locale import translate

if TYPE_CHECKING:
    from luthier.evaluation.conversation import Conversation

EXIT, RESET = "/exit", "/reset"


def command(
    run: Annotated[str, typer.Argument(help="A run, its name, or a model folder.")],
    system: Annotated[
        str | None, typer.Option("--system", help="A system prompt before the first question.")
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of an answer at most; default: the model's.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="Draw words by chance; 0: the likeliest.")
    ] = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Talk with a model tuned for chat; lines from a pipe are questions one after the other."""
    import luthier
    from luthier.evaluation.conversation import Conversation, spoken

    changes: dict[str, Any] = {}
    if max_new_tokens is not None:
        changes["max_new_tokens"] = max_new_tokens
    if temperature is not None:
        changes |= {"do_sample": temperature > 0}
        changes |= {"temperature": temperature} if temperature > 0 else {}
    talk = Conversation(luthier.load(run, runs_dir=runs_dir), system, **changes)
    interactive = sys.stdin.isatty()
    if interactive:
        note("Ask away. {reset} forgets what was said, {exit} ends.", reset=RESET, exit=EXIT)
    for line in _asked(interactive):
        if line == RESET:
            talk.reset()
            note("Forgotten.")
        else:
            _answer(talk, line, silent=as_json)
    if as_json:
        print_json({"messages": spoken(talk.turns)})


def _asked(interactive: bool) -> Iterator[str]:
    """What a person or a pipe asks, until one of them ends."""
    while True:
        try:
            line = input(translate("you> ") if interactive else "").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line == EXIT:
            return
        if line:
            yield line


def _answer(talk: Conversation, line: str, *, silent: bool) -> None:
    def show(part: str) -> None:
        if not silent:
            print(part, end="", flush=True)

    try:
        talk.say(line, show)
    except KeyboardInterrupt:
        # Who interrupts an answer wants to ask something else.
        talk.turns.pop()
    if not silent:
        print()
