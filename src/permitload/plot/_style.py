"""What all figures share: fonts, colours and the classes of concentration over limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload.plot import labels
from permitload.plot.labels import TOUCHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.colors import BoundaryNorm, Colormap

INK = "#333333"
PALE = "#b8b8b8"
CUT = "#b2182b"
QUALITATIVE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
"""Colours that the colour-blind tell apart (Okabe and Ito, 2008); black and grey are kept free."""

BREAKS = (0.0, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5)
_BLUES = ("#2166ac", "#4393c3", "#92c5de", "#d1e5f0")
_REDS = ("#f4a582", "#d6604d", "#b2182b", "#67001f")
"""ColorBrewer RdBu without its white middle: blue meets the limit, red exceeds it."""
_LONGEST = 40
_UNKNOWN = "\u25a1"


def classes() -> tuple[Colormap, BoundaryNorm]:
    """Colours of concentration over limit, with the break at 1."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    colours = ListedColormap([*_BLUES, *_REDS]).with_extremes(bad=PALE)
    breaks = [value + TOUCHING if value else value for value in BREAKS]
    return colours, BoundaryNorm(breaks, len(BREAKS), extend="max")


def dark(limit_use: float) -> bool:
    """Whether the class of a value is so dark that text on it must be white."""
    return not BREAKS[2] + TOUCHING < limit_use <= BREAKS[5] + TOUCHING


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Given Axes, or those of a new Figure of a size [inch] that pyplot knows nothing of."""
    from matplotlib.figure import Figure

    return Figure((width, height), layout="constrained").add_subplot() if ax is None else ax


def drawable(words: Iterable[object]) -> list[str]:
    """Write data so that the installed fonts can draw it: on one line, not too long."""
    from matplotlib import font_manager

    fonts = [font_manager.get_font(font_manager.findfont(family)) for family in families()]
    found = []
    for word in words:
        line = " ".join(str(word).split())
        line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
        letters = (c if any(f.get_char_index(ord(c)) for f in fonts) else _UNKNOWN for c in line)
        found.append("".join(letters))
    return found


def families() -> list[str]:
    """Fonts in the order in which they are tried for each character."""
    chinese = labels.chinese_font()
    return ["DejaVu Sans"] if chinese is None else [chinese, "DejaVu Sans"]


def finish(ax: Axes) -> None:
    """Set the fonts of all text, and take ``$`` in labels for what it is."""
    from matplotlib.text import Text

    for text in ax.findobj(Text):
        assert isinstance(text, Text)
        text.set_fontfamily(families() if not text.get_text().isascii() else "DejaVu Sans")
        text.set_parse_math(False)
    ax.tick_params(labelfontfamily=families())
    for side in ("top", "right"):
        if side in ax.spines:
            ax.spines[side].set_visible(False)
