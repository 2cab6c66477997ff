"""Figures as bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["png"]

_DPI = 110


def png(ax: Axes) -> bytes:
    """Draw the figure of an Axes as a PNG whose bytes hold no date and no version.

    Parameters
    ----------
    ax : Axes
        Any Axes of the figure. Drawing settles its layout.

    Returns
    -------
    bytes
        Figures that were made alike give the same bytes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> png(Figure().add_subplot())[1:4]
    b'PNG'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure = ax.get_figure(root=True)
    assert figure is not None  # an Axes is always on one
    figure.set_dpi(_DPI)
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib has no types for it
    canvas.draw()  # once: Figure.savefig draws twice, the first time to settle the layout
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(buffer, "png")
    return buffer.getvalue()
