"""A bar chart as SVG: the CPU a request of each contender, relative to the bare handler."""

from collections.abc import Sequence
from html import escape

from bench.names import BARE, FASTIFY, IN_WORDS, OURS, TUTORIAL
from bench.report import Comparison

_WIDTH, _LABELS, _VALUES = 720, 180, 60
"""Pixels: of all, of what stands left of the bars, and right of them."""

_TITLE, _HEAD, _ROW, _BAR, _GAP = 56, 24, 22, 14, 12
"""Pixels: heights of the title, of an operation's name, of a row and of the bar in it, and between operations."""

_BARS = _WIDTH - _LABELS - _VALUES
_ORDER = (TUTORIAL, OURS, FASTIFY, BARE)

# A picture in a page knows which colours its reader prefers, not which ones the page has: it brings its background.
_STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .paper { fill: #ffffff; }
  .title { font-size: 16px; font-weight: 600; }
  .operation { font-weight: 600; }
  .quiet { fill: #59636e; }
  .tutorial { fill: #c2722e; } .todo-api { fill: #0969da; } .fastify { fill: #4c8f5d; } .bare { fill: #818b98; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .paper { fill: #0d1117; }
    .quiet { fill: #9198a1; }
    .tutorial { fill: #db8b4b; } .todo-api { fill: #4493f8; } .fastify { fill: #67ab78; } .bare { fill: #9198a1; }
  }
"""


def picture(comparisons: Sequence[Comparison]) -> str:
    """Return the chart."""
    names = [name for name in _ORDER if name in comparisons[0].medians]
    ratios = [{**comparison.to_bare, BARE: 1.0} for comparison in comparisons]
    scale = _BARS / max(max(each.values()) for each in ratios)
    parts = [
        _text(16, 26, "CPU a request, as a multiple of a bare handler's", "title"),
        _text(16, 45, "Less is better; each worker on one core, one PostgreSQL, the same rows and bodies.", "quiet"),
    ]
    top = _TITLE
    for comparison, of_bare in zip(comparisons, ratios, strict=True):
        parts.append(_text(16, top + 17, comparison.operation, "operation"))
        top += _HEAD
        for name in names:
            parts += _row(top, name, of_bare[name], of_bare[name] * scale)
            top += _ROW
        top += _GAP
    label = "; ".join(
        f"{comparison.operation}: " + ", ".join(f"{IN_WORDS[name]} {of_bare[name]:.1f}" for name in names)
        for comparison, of_bare in zip(comparisons, ratios, strict=True)
    )
    size = f'width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_WIDTH} {top}" role="img"'
    paper = f'<rect class="paper" {size} rx="6"/>'
    return "\n".join([f'{head} aria-label="{escape(label)}">', f"<style>{_STYLE}</style>", paper, *parts, "</svg>", ""])


def _row(top: float, name: str, ratio: float, length: float) -> list[str]:
    """Return the bar of a contender between its name and its figure."""
    middle = top + _ROW / 2 + 4.5
    bar = f'x="{_LABELS}" y="{top + (_ROW - _BAR) / 2:g}" width="{max(length, 1):.1f}" height="{_BAR}" rx="2"'
    return [
        _text(_LABELS - 8, middle, IN_WORDS[name], anchor="end"),
        f'<rect class="{name}" {bar}/>',
        _text(_LABELS + length + 8, middle, f"{ratio:.1f}"),
    ]


def _text(x: float, y: float, content: str, kind: str = "", *, anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(content)}</text>'
