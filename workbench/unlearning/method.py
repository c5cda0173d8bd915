"""What every unlearning method is: a way to train, and a way to forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress
from workbench.unlearning.inputs import Inputs
from workbench.unlearning.learners import Fitted, Learner
from workbench.unlearning.request import UnlearningRequest
from workbench.unlearning.rows import Rows

__all__ = ["Deployed", "Kind", "Method", "Served"]

Kind = Literal["exact", "approximate", "fraud"]
CHUNK = 16_384
"""Rows that are scored at a time."""


class Served(Protocol):
    """What answers the requests: columns that it reads, and a call."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns it is asked with."""

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        """Return one score per row, shape (m,)."""


@dataclass(frozen=True, eq=False)
class Deployed:
    """A trained part behind the treatment of its input.

    Attributes
    ----------
    fitted : Fitted
    inputs : Inputs
    """

    fitted: Fitted
    inputs: Inputs

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns it is asked with."""
        return self.inputs.reads

    def __call__(self, rows: pd.DataFrame) -> FloatArray:
        """Return one score per row, averaged over the inputs that a row stands for."""
        out = np.empty(len(rows))
        for start in range(0, len(rows), CHUNK):
            part = rows.iloc[start : start + CHUNK]
            frame, owner = self.inputs.expanded(part)
            total = np.bincount(owner, weights=self.fitted.scores(frame), minlength=len(part))
            out[start : start + CHUNK] = total / np.bincount(owner, minlength=len(part))
        return out


class Method(Protocol):
    """An unlearning method, or a fraud.

    Attributes
    ----------
    name : str
    kind : {"exact", "approximate", "fraud"}
        Exact: what comes out is distributed as the retrained model is. Approximate: it only comes
        near. A fraud pretends.
    note : str
        What it does and its limits, in one sentence.
    learners : tuple of str
        Learners it works with by name; empty for all.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> Kind: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102
    @property
    def learners(self) -> tuple[str, ...]: ...  # noqa: D102

    def fit(self, rows: Rows, learner: Learner, seed: int, progress: Progress) -> Any:
        """Train from scratch, keeping what forgetting will need; a `Fitted`."""

    def forget(
        self,
        fitted: Any,
        request: UnlearningRequest,
        learner: Learner,
        seed: int,
        progress: Progress,
    ) -> Served:
        """Turn what was trained on D into what is served after the request."""
