"""Words on figures: Chinese and English side by side where a Chinese font is installed."""

from __future__ import annotations

from permitload.schema import VARIABLES

__all__ = ["chinese_font", "exceeds", "is_cut", "label"]

TOUCHING = 1e-6
"""Excess over a limit that is round-off: a section that stands at its limit meets it."""
_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Heiti SC",
    "Hiragino Sans GB",
    "Noto Sans CJK JP",  # older matplotlib knows the common font by its first face alone
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
    "SimSun",
    "Arial Unicode MS",
)


def chinese_font() -> str | None:
    """Name of the first font for Chinese that matplotlib finds.

    Returns
    -------
    str or None
        Font family; None if no known one is installed.

    Examples
    --------
    >>> chinese_font() in (None, *_FONTS)
    True
    """
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return next((font for font in _FONTS if font in installed), None)


def label(name: str) -> str:
    """Label of a variable on a figure: its Chinese term, its name and its unit.

    Parameters
    ----------
    name : str
        A declared variable.

    Returns
    -------
    str
        For example ``许可排放量 permitted load [kg/d]``; without the Chinese term where no
        Chinese font is installed.

    Examples
    --------
    >>> label("permitted_load").endswith("permitted load [kg/d]")
    True
    """
    variable = VARIABLES[name]
    unit = "" if variable.unit in ("", "1", "time") else f" [{variable.unit}]"
    return bilingual(variable.term, f"{name.replace('_', ' ')}{unit}")


def is_cut(level: float) -> bool:
    """Whether a permit is a cut against the present load, and not its rounding.

    Parameters
    ----------
    level : float
        Permitted over present load [1].

    Returns
    -------
    bool
        True if it is below 1 when written with one decimal of a per cent.

    Examples
    --------
    >>> is_cut(0.99998), is_cut(0.98)
    (False, True)
    """
    return bool(round(level, 3) < 1.0)


def exceeds(limit_use: float) -> bool:
    """Whether a concentration over its limit is more than 1, round-off apart.

    Parameters
    ----------
    limit_use : float
        Concentration over what the margin leaves of the limit [1].

    Returns
    -------
    bool
        False up to 1 + 1e-6: permits may use a limit to the full.

    Examples
    --------
    >>> exceeds(1.0 + 1e-9), exceeds(1.001)
    (False, True)
    """
    return bool(limit_use > 1.0 + TOUCHING)


def bilingual(chinese: str, english: str) -> str:
    """Both languages where a Chinese font is installed, else English alone."""
    return english if chinese_font() is None else f"{chinese} {english}"
