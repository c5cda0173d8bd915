"""How a fitted model is asked, as a value: its answers, columns, classes and output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

__all__ = ["Asked", "Output"]

Output = Literal["probability", "log-odds", "value"]


@dataclass(frozen=True)
class Asked:
    """How a fitted model is asked.

    Attributes
    ----------
    answers : callable
        DataFrame to one value per row, or to one probability per row and class.
    features : tuple of str or None
        The columns it reads, in its order; None when it knows none by name.
    classes : tuple or None
        The labels of the columns of its answers; None for one value per row.
    output : {"probability", "log-odds", "value"} or None
        None where its answers alone say it.
    """

    answers: Callable[[pd.DataFrame], Any]
    features: tuple[str, ...] | None
    classes: tuple[Any, ...] | None
    output: Output | None
