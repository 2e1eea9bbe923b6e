"""From a matplotlib figure to an SVG that sits in a page: shared ink, local style, the same bytes every time.

Colours are CSS variables with a fallback, so one drawing serves a light page, a dark page and paper.
Figures are sized in CSS pixels (72 dots per inch): a font of 12 reads as 12 px at full width.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from engine.foreign import html, visible
from engine.kernels.pool import non_decreasing

# each token is a colour nothing else uses, so that it can be replaced by name in the finished SVG
INK, MUTED, FAINT, GRID, PAPER = "#1c232d", "#5c6673", "#848d99", "#dfe3e8", "#fefefe"
CONTINUATION, RANGE, BREAKDOWN = "#1d6fa9", "#b98414", "#c13c28"
RANGE_INK = "#8a6209"  # the range in letters: its fill is too light to be read on white
ZONE = "#7a8696"
SCENARIO_COLOURS = {"continuation": CONTINUATION, "range": RANGE, "breakdown": BREAKDOWN}
SCENARIO_INKS = {**SCENARIO_COLOURS, "range": RANGE_INK}
PLAIN = "¦"  # in a bold text, what follows this sign is set in normal weight
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    FAINT: "faint",
    GRID: "grid",
    PAPER: "paper",
    CONTINUATION: "continuation",
    RANGE: "range",
    RANGE_INK: "range-ink",
    BREAKDOWN: "breakdown",
    ZONE: "zone",
}
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: searchable, and set in the reader's own font
    "svg.hashsalt": "engine",
    "font.family": ["DejaVu Sans"],  # ships with matplotlib, so the layout is the same on every machine
    "font.size": 12,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.unicode_minus": True,
    "text.parse_math": False,  # a name with two dollar signs is a name
    "text.color": INK,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "hatch.linewidth": 0.6,
}
_ID = re.compile(r' id="([^"]+)"')
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_PATH = re.compile(r' d="([^"]+)"')
_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def paper_style() -> Any:
    """The same look for a figure of one's own: a context manager."""
    return matplotlib.rc_context({**_STYLE, "svg.fonttype": "path"})


def without_signs(axes: Any) -> None:
    """Texts as plain matplotlib sets them, which knows no change of weight inside a text."""
    for text in axes.texts:
        text.set_text(text.get_text().replace(PLAIN, " "))


def render(name: str, label: str, width: int, height: int, build: Callable[[Figure], None]) -> str:
    """Draw with ``build`` on an empty figure of ``width`` by ``height`` pixels; return inline SVG.

    Parameters
    ----------
    name : unique in the page; prefixes every id inside the drawing.
    label : what the drawing shows, in one sentence, for those who cannot see it.
    """
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # text stays text, so the reader's own fonts have the letters that this one has not
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        FigureCanvasSVG(figure)
        build(figure)
        buffer = io.StringIO()
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _inline(buffer.getvalue(), name, label)


def _inline(text: str, name: str, label: str) -> str:
    body = visible(text[text.index("<svg") :], lines=True)
    opening, body = body[: body.index(">") + 1], body[body.index(">") + 1 :]
    box = re.search(r'viewBox="([^"]+)"', opening)
    assert box is not None
    body = re.sub(r"<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)  # inherited from the page
    body = body.replace("xlink:href", "href")
    body = re.sub(rf"{PLAIN}([^<]*)</text>", r'<tspan style="font-weight: 400"> \1</tspan></text>', body)
    referenced = set(_REFERENCE.findall(body))
    body = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in referenced else "", body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)
    # a tenth of a pixel is finer than any screen; half the bytes of a chart are decimals
    body = _PATH.sub(lambda match: f' d="{_NUMBER.sub(_tenth, match[1])}"', body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable}, {colour})")
    body = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", body)
    body = re.sub(r">\s+<", "><", body).replace("<defs></defs>", "")
    body = re.sub(r"\s*\n\s*", " ", body)
    head = f'<svg class="chart" viewBox="{box[1]}" role="img" aria-label="{html(label)}">'
    return head + body.strip()


def standing_alone(inline: str) -> str:
    """The drawing as a file of its own: a name space, light colours, a white ground and a font of the reader's."""
    text = re.sub(r"var\(--[a-z-]+, (#[0-9a-fA-F]+)\)", r"\1", inline)
    box = re.search(r'viewBox="([^"]+)"', text)
    assert box is not None
    _, _, width, height = box[1].split()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
    )
    text = head + text.removeprefix("<svg ")
    at = text.index(">") + 1
    return f'{text[:at]}<rect width="{width}" height="{height}" fill="{PAPER}"/>{text[at:]}\n'


def _tenth(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")


def interleave(*columns: np.ndarray) -> np.ndarray:
    """``a[0], b[0], c[0], a[1], ...``: many separate strokes as one line with gaps (NaN)."""
    return np.stack(columns, axis=1).ravel()


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions nearest to ``wanted`` that stay ``gap`` apart and inside [low, high], in the same order.

    The least-squares answer (a non-decreasing fit after the gaps are taken out).  Where there is not enough room
    for all, the gap shrinks to what fits.
    """
    n = len(wanted)
    if n == 0:
        return []
    if n > 1:
        gap = min(gap, (high - low) / (n - 1))
    order = sorted(range(n), key=lambda i: (wanted[i], i))
    apart = np.array([wanted[i] - rank * gap for rank, i in enumerate(order)])
    flat = non_decreasing(apart, np.ones(n)).tolist()
    placed = [0.0] * n
    for rank, i in enumerate(order):
        placed[i] = min(max(flat[rank], low), high - (n - 1) * gap) + rank * gap
    return placed


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters: what follows a comma or a bracket goes first, then how long it took, then words."""
    if len(text) <= limit:
        return text
    head = re.split(r",| \(| of ", text)[0]
    if len(head) > limit:
        head = re.sub(r"\bmulti-(week|month) ", "", head)
    if len(head) <= limit:
        return head
    return head[: limit - 1].rsplit(" ", 1)[0].rstrip() + "…"
