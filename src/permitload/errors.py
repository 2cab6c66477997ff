"""What the library raises: four classes, all faults at once, each with what would be right."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

__all__ = [
    "ConvergenceError",
    "DataError",
    "Fault",
    "InfeasibleError",
    "NetworkError",
    "raise_faults",
]


@dataclass(frozen=True, slots=True)
class Fault:
    r"""One thing that is wrong with the input, and what would be right.

    Parameters
    ----------
    table : str
        Name of the table or object.
    row : object
        Row label: the key of the row, or its line number in the file; None for the whole table.
    column : str
        Column or variable.
    value : object
        The value found; None if nothing was found.
    problem : str
        What is wrong, in words.
    expected : str
        What would be right.

    Examples
    --------
    >>> print(Fault("reaches", "R1", "length", -5.0, "is not positive", "a length > 0 m"))
    reaches, row R1, length: -5.0 is not positive; right would be a length > 0 m

    Letters that would steer a terminal are written as their codes.

    >>> print(Fault("nodes", None, "node", "N\n1", "is odd", "N1"))
    nodes, node: N\n1 is odd; right would be N1
    """

    table: str
    row: object
    column: str
    value: object
    problem: str
    expected: str

    def __str__(self) -> str:
        where = self.table if self.row is None else f"{self.table}, row {self.row}"
        value = "" if self.value is None else f"{_plain(self.value)} "
        right = f"{self.problem}; right would be {self.expected}"
        return printable(f"{where}, {self.column}: {value}{right}")


def printable(text: str) -> str:
    """Escape what a terminal would obey or not show: input must not pass for our own lines."""
    return text if text.isprintable() else "".join(map(_letter, text))


def _letter(letter: str) -> str:
    """Show a letter, or its code; a byte that the system could not decode as that byte."""
    if letter.isprintable() or letter == "\u3000":  # the space of Chinese text
        return letter
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def _plain(value: object) -> object:
    """Show numpy scalars as plain numbers."""
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


class DataError(ValueError):
    """A table or Dataset does not fit its declaration; ``faults`` lists everything found.

    Parameters
    ----------
    faults : str or iterable of Fault
        A sentence, or the list of faults.

    Examples
    --------
    >>> print(DataError("periods are missing"))
    periods are missing
    """

    def __init__(self, faults: str | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = () if isinstance(faults, str) else tuple(faults)
        if isinstance(faults, str):
            message = faults
        else:
            count = len(self.faults)
            lines = "\n".join(f"  {fault}" for fault in self.faults)
            message = f"{count} fault{'s' if count != 1 else ''}:\n{lines}"
        super().__init__(message)


class NetworkError(DataError):
    """The river network cannot exist as described: topology or geometry."""


class InfeasibleError(RuntimeError):
    """No solution meets every row; ``relaxation`` says which rows miss, and by how much.

    Parameters
    ----------
    message : str
        A sentence naming the conflict.
    relaxation : DataFrame, optional
        Rows that cannot be met with the column ``missing``, the least relaxation.
    """

    def __init__(self, message: str, relaxation: pd.DataFrame | None = None) -> None:
        self.relaxation = relaxation
        super().__init__(message)


class ConvergenceError(RuntimeError):
    """An iteration did not converge; ``worst`` lists the places with the largest residual.

    Parameters
    ----------
    message : str
        A sentence naming the iteration.
    worst : DataFrame, optional
        Places and residuals, the largest first.
    """

    def __init__(self, message: str, worst: pd.DataFrame | None = None) -> None:
        self.worst = worst
        super().__init__(message)


def raise_faults(faults: Iterable[Fault], error: type[DataError] = DataError) -> None:
    """Raise all faults in one error, or return if there are none.

    Parameters
    ----------
    faults : iterable of Fault
        What was found.
    error : type, default DataError
        Class of the error.

    Raises
    ------
    DataError
        If there is any fault.

    Examples
    --------
    >>> raise_faults([])
    """
    found = tuple(faults)
    if found:
        raise error(found)
