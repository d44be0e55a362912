"""What every page is made of: texts in one language, tables, the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from luthier.core.locale import translate
from luthier.core.page.style import CSS


class Say:
    """Texts in one language, ready for HTML."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str, **fields: object) -> str:
        """The text in this language with its fields filled in."""
        return escape(translate(text, self.language, **fields), quote=False)


def page(title: str, language: str, body: str) -> str:
    """A whole HTML document.

    Args:
        title: Plain text.
        language: ``en`` or ``zh``.
        body: HTML.
    """
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - Luthier</title><style>{CSS}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def section(title: str, content: str) -> str:
    """A titled part of a page; nothing where there is no content. Both are HTML."""
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def table(header: Iterable[str], rows: Sequence[Sequence[str]], numbers: int = 1) -> str:
    """A table; cells from column ``numbers`` on stand to the right. Cells are HTML."""
    cells = [
        "<tr>"
        + "".join(
            f'<td class="n">{cell}</td>' if i >= numbers else f"<td>{cell}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    ]
    head = "".join(
        f'<th class="n">{h}</th>' if i >= numbers else f"<th>{h}</th>" for i, h in enumerate(header)
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(cells)}</table></div>'
