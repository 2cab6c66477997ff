"""Figures as bytes."""

from __future__ import annotations

import copy
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["png"]

_DPI = 110


def png(ax: Axes) -> bytes:
    """Draw the figure of an Axes as a PNG whose bytes hold no date and no version.

    Parameters
    ----------
    ax : Axes
        Any Axes of the figure, which is not changed.

    Returns
    -------
    bytes
        The same figure gives the same bytes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> png(Figure().add_subplot())[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    # drawing settles the layout of a figure: on a copy, the same figure gives the same bytes
    figure = copy.deepcopy(ax.get_figure(root=True))
    assert figure is not None  # an Axes is always on one
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
