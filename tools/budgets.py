"""Hold the code to its budgets: lines of a file, a class, a function; and no package forgotten."""

from __future__ import annotations

import ast
import statistics
import sys
from pathlib import Path

FILE, CLASS, FUNCTION, MEDIAN = 400, 250, 60, 12
ROOT = Path(__file__).parent.parent / "src" / "luthier"


def length(node: ast.AST) -> int:
    """Lines from the first to the last of a definition."""
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def main() -> int:
    over: list[str] = []
    functions: list[int] = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT.parent.parent)
        lines = len(text.splitlines())
        if lines > FILE:
            over.append(f"{name}: {lines} lines, at most {FILE}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and length(node) > CLASS:
                over.append(f"{name}:{node.lineno}: class {node.name} has {length(node)} lines")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions.append(length(node))
                if length(node) > FUNCTION:
                    over.append(f"{name}:{node.lineno}: {node.name} has {length(node)} lines")
    median = statistics.median(functions)
    if median > MEDIAN:
        over.append(f"the median function has {median} lines, at most {MEDIAN}")
    print("\n".join(over) or f"budgets kept: {len(functions)} functions, median {median} lines")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
