"""Plots as inline SVG: they print, scale and need nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 360, 220
WIDE = 720
"""Width of plots that stand above each other."""
WHOLE_FROM = 10
"""Above this the horizontal axis counts steps, in whole numbers."""

LEFT, RIGHT, TOP, BOTTOM = 48, 10, 24, 34


@dataclass(frozen=True)
class Line:
    """One curve of a plot."""

    name: str
    points: Points
    style: str
    """CSS class: ``a`` or ``b`` for the colour, ``dots`` for marks."""


@dataclass(frozen=True)
class Panel:
    """One of several plots above each other."""

    label: str
    """Above its axis."""
    lines: Sequence[Line]


def line_plot(
    lines: Sequence[Line], *, x_label: str, y_label: str,
    mark: tuple[float, str] | None = None, square: bool = False, powers: bool = False,
) -> str:  # fmt: skip
    """Curves over common axes.

    Args:
        lines: What to draw; those without points are left out.
        x_label: Under the axis.
        y_label: Above the axis.
        mark: A vertical line at an x, with its name.
        square: Both axes from 0 to 1, with the diagonal.
        powers: The x are exponents of ten, and the axis shows the numbers.
    """
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    frame = _Frame.square() if square else _Frame.around([p for ln in lines for p in ln.points])
    if powers:
        frame = replace(frame, powers=True)
    parts = [frame.axes(x_label, y_label)]
    if square:
        parts.append(_path(frame, [(0, 0), (1, 1)], "guide"))
    parts += [frame.mark(*mark)] if mark else []
    parts += [_curve(frame, line) for line in lines]
    return _figure(WIDTH, HEIGHT, parts, lines)


def stacked_plot(
    panels: Sequence[Panel], *, x_label: str, marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Plots above each other over one horizontal axis.

    Args:
        panels: From top to bottom; those without points are left out.
        x_label: Under the lowest.
        marks: Vertical lines through all of them, each at an x, with its name.
    """
    panels = [Panel(panel.label, [line for line in panel.lines if line.points]) for panel in panels]
    panels = [panel for panel in panels if panel.lines]
    points = [p for panel in panels for line in panel.lines for p in line.points]
    if not points:
        return ""
    over = _Frame.around(points)
    parts = []
    for place, panel in enumerate(panels):
        own = _Frame.around([p for line in panel.lines for p in line.points])
        frame = replace(own, low_x=over.low_x, high_x=over.high_x, width=WIDE)
        label = x_label if place == len(panels) - 1 else ""
        content = [frame.axes(label, panel.label), *(frame.mark(*mark) for mark in marks)]
        content += [_curve(frame, line) for line in panel.lines]
        parts.append(f'<g transform="translate(0 {place * HEIGHT})">{"".join(content)}</g>')
    several = [line for panel in panels for line in panel.lines if len(panel.lines) > 1]
    return _figure(WIDE, HEIGHT * len(panels), parts, several)


def _figure(width: int, height: int, parts: Sequence[str], lines: Sequence[Line]) -> str:
    """An SVG with its legend, where there are lines to tell apart."""
    legend = "".join(
        f'<span class="key {ln.style}">{escape(ln.name)}</span>' for ln in lines if len(lines) > 1
    )
    names = ", ".join(line.name for line in lines)
    return (
        f'<figure><svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(names)}">'
        f"{''.join(parts)}</svg><figcaption>{legend}</figcaption></figure>"
    )


def _curve(frame: _Frame, line: Line) -> str:
    dots = line.points if "dots" in line.style else []
    return _path(frame, line.points, line.style) + "".join(
        f'<circle class="{line.style}" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="3"/>'
        for x, y in dots
    )


def interval_bar(value: float, low: float, high: float, target: float | None) -> str:
    """A value between 0 and 1 with its interval and target, as a bar."""
    place = [100 * min(1.0, max(0.0, v)) for v in (low, high, value, target or 0.0)]
    goal = (
        f'<line class="target" x1="{place[3]:.1f}" x2="{place[3]:.1f}" y1="0" y2="12"/>'
        if target is not None
        else ""
    )
    return (
        '<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="4" y="4"/>'
        f'<rect class="range" x="{place[0]:.1f}" width="{max(0.8, place[1] - place[0]):.1f}" '
        f'y="3" height="6"/><rect class="point" x="{place[2] - 0.5:.1f}" width="1" height="12"/>'
        f"{goal}</svg>"
    )


def share_bar(share: float, style: str = "a") -> str:
    """A share between 0 and 1 as a bar.

    Args:
        share: Its length; what lies outside is cut.
        style: CSS class: ``a`` or ``b`` for the colour.
    """
    width = 100 * min(1.0, max(0.0, share))
    return (
        '<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="6" y="3"/>'
        f'<rect class="fill {style}" width="{width:.2f}" height="6" y="3"/></svg>'
    )


def thin(points: Points, most: int = 400) -> list[tuple[float, float]]:
    """At most about ``most`` points: means of neighbours."""
    size = max(1, len(points) // most)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(g[-1][0], sum(y for _, y in g) / len(g)) for g in groups]


@dataclass(frozen=True)
class _Frame:
    low_x: float
    high_x: float
    low_y: float
    high_y: float
    width: int = WIDTH
    powers: bool = False

    @classmethod
    def around(cls, points: Points) -> _Frame:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        low, high = min(0.0, *ys), max(ys)
        return cls(min(xs), max(max(xs), min(xs) + 1e-9), low, max(high, low + 1e-9) * 1.05)

    @classmethod
    def square(cls) -> _Frame:
        return cls(0, 1, 0, 1)

    def x(self, value: float) -> float:
        share = (value - self.low_x) / (self.high_x - self.low_x)
        return LEFT + share * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low_y) / (self.high_y - self.low_y)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def mark(self, value: float, name: str) -> str:
        """A vertical line at an x, with its name."""
        x = self.x(value)
        return (
            f'<line class="guide" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x - 4:.1f}" y="{TOP + 10}" text-anchor="end">{escape(name)}</text>'
        )

    def axes(self, x_label: str, y_label: str) -> str:
        parts = []
        for step in range(5):
            value = self.low_y + (self.high_y - self.low_y) * step / 4
            y = self.y(value)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" '
                f'y2="{y:.1f}"/>'
            )
            parts.append(
                f'<text x="{LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{value:.2g}</text>'
            )
        for step in range(3):
            value = self.low_x + (self.high_x - self.low_x) * step / 2
            value = round(value) if self.high_x > WHOLE_FROM else value
            anchor = ("start", "middle", "end")[step]
            shown = f"{10**value:.1e}" if self.powers else f"{value:.4g}"
            parts.append(
                f'<text x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 14}" '
                f'text-anchor="{anchor}">{shown}</text>'
            )
        parts.append(
            f'<text class="label" x="{(LEFT + self.width) / 2}" y="{HEIGHT - 4}" '
            f'text-anchor="middle">{escape(x_label)}</text>'
            f'<text class="label" x="2" y="{TOP - 12}">{escape(y_label)}</text>'
        )
        return "".join(parts)


def _path(frame: _Frame, points: Points, style: str) -> str:
    steps = " ".join(
        f"{'L' if i else 'M'}{frame.x(x):.1f} {frame.y(y):.1f}" for i, (x, y) in enumerate(points)
    )
    return f'<path class="{style}" d="{steps}"/>'
