"""The kinds of arrays that signatures speak of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]
"""Whole numbers that point into rows, columns, levels or groups, counted from 0."""
