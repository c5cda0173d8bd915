"""Training with seed, thread and versions fixed, for learners that have no single optimum.

A forest or a network trained twice on the same rows with the same seed, one thread and the same
versions gives the same predictions on the same kind of machine. On another kind, numbers may be
added in another order, so a replay compares predictions and says by how much they differ.
"""

from __future__ import annotations

import io
import platform
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, EvidenceError, listed
from workbench.common.threads import one_thread
from workbench.evidence.commitments import canonical_json, read_canonical_json
from workbench.models.black_box import BlackBoxModel
from workbench.models.files.skops_files import parse_model
from workbench.models.trained_here import MODEL_KINDS, train_model

__all__ = ["PinnedConfiguration", "read_pinned", "replay_pinned", "train_pinned"]

PROCEDURE = "pinned/v1"
SAME = 1e-12


@dataclass(frozen=True)
class PinnedConfiguration:
    """What a replay repeats.

    Attributes
    ----------
    learner : str
        A kind that :func:`workbench.train_model` takes: its parameters and its preparation (means,
        levels and fills, learned from the rows) belong to the versions that are pinned.
    outcome : str
    features : tuple of str
    seed : int
    versions : tuple of (str, str)
        Of Python, numpy, scikit-learn and the processor.
    """

    learner: str
    outcome: str
    features: tuple[str, ...]
    seed: int
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def here(
        cls, outcome: str, features: Sequence[str], learner: str, seed: int = 0
    ) -> PinnedConfiguration:
        """Return the configuration that this program trains by."""
        if learner not in MODEL_KINDS:
            raise DataError(f"There is no learner {learner!r}. Choose among {listed(MODEL_KINDS)}.")
        return cls(learner, outcome, tuple(features), seed, _versions())

    def to_bytes(self) -> bytes:
        """Write the configuration's file."""
        return canonical_json(
            {
                "procedure": PROCEDURE,
                "learner": self.learner,
                "outcome": self.outcome,
                "features": list(self.features),
                "seed": self.seed,
                "threads": 1,
                "versions": dict(self.versions),
            }
        )


def _versions() -> tuple[tuple[str, str], ...]:
    return (
        ("machine", platform.machine()),
        ("numpy", np.__version__),
        ("python", platform.python_version()),
        ("scikit-learn", metadata.version("scikit-learn")),
    )


def read_pinned(body: bytes) -> PinnedConfiguration | None:
    """Read a configuration's file, or return None where it is of another procedure."""
    held = read_canonical_json(body, "The configuration")
    if not isinstance(held, dict) or held.get("procedure") != PROCEDURE:
        return None
    try:
        read = PinnedConfiguration(
            held["learner"],
            held["outcome"],
            tuple(held["features"]),
            held["seed"],
            tuple(sorted(held["versions"].items())),
        )
        same = read.to_bytes() == body
    except (KeyError, TypeError, AttributeError):
        same = False
    if not same:
        raise EvidenceError("The configuration is not one of this version.")
    return read


def train_pinned(
    configuration: PinnedConfiguration, table: pd.DataFrame, without: Sequence[str] = ()
) -> bytes:
    """Train on a table's rows and return the model's file, as skops writes it.

    Raises
    ------
    EvidenceError
        When the versions are not those that were committed.
    """
    import skops.io

    stream = io.BytesIO()
    skops.io.dump(_fitted(configuration, table, without), stream)
    return stream.getvalue()


def _fitted(configuration: PinnedConfiguration, table: pd.DataFrame, without: Sequence[str]) -> Any:
    other = [
        f"{name} {committed} (here {here})"
        for (name, committed), (_, here) in zip(configuration.versions, _versions(), strict=True)
        if committed != here
    ]
    if other:
        raise EvidenceError(
            f"The configuration was committed for {', '.join(other)}. Train with those versions, "
            f"or commit a new configuration before the next request."
        )
    features = [name for name in configuration.features if name not in without]
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return train_model(
            table, features, configuration.outcome, configuration.learner, seed=configuration.seed
        )


@dataclass(frozen=True)
class PinnedReplay:
    """What training again gave: the largest difference of a prediction of the rows."""

    outcome: Literal["same", "differs"]
    largest: float

    def sentence(self) -> str:
        """Say what it means, and what it does not."""
        if self.outcome == "same":
            return (
                "Training again with the pinned seed, versions and thread gave the same "
                "predictions of all rows. It is a replay on this kind of machine, and no proof for "
                "another."
            )
        return (
            f"Training again gave other predictions: they differ by up to {self.largest:.2g}. "
            f"The file is not what this configuration gives on these rows and this machine."
        )


def replay_pinned(
    configuration: PinnedConfiguration,
    table: pd.DataFrame,
    file: bytes,
    without: Sequence[str] = (),
) -> PinnedReplay:
    """Train again and compare the predictions of the rows with those of a model's file."""
    again = BlackBoxModel.wrap(_fitted(configuration, table, without)).predict(table)
    kept = parse_model(file, "model.skops").predict(table)
    largest = float(np.abs(again - kept).max())
    return PinnedReplay("same" if largest <= SAME else "differs", largest)
