"""A training configuration as data: what is learned from which columns, by fixed constants.

It is fixed in the log before any request, so that nothing about a retraining can be chosen to suit
one. Its constants (centre and scale of a column) were computed before the request too: what they
carry of a single row is one share of a mean, rounded.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import canonical_json, read_canonical_json, sha256_hex
from workbench.evidence.optimum import FEATURE_BITS, LINKS, WEIGHT_BITS

__all__ = [
    "Configuration",
    "FeatureCode",
    "ModelFile",
    "read_configuration",
    "read_model_file",
]

REACH = 8.0
"""An encoded number is cut at this many scales from its centre."""
MOST_FEATURES = 5000
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


@dataclass(frozen=True)
class FeatureCode:
    """How one column of the table becomes one number of the model.

    Attributes
    ----------
    column : str
        In the table.
    centre, scale : str
        Of a number, in decimal digits; empty for a level.
    level : str or None
        The text that becomes 1 (any other 0); None for a number.
    """

    column: str
    centre: str = ""
    scale: str = ""
    level: str | None = None

    def encoded(self, record: Mapping[str, Any]) -> int:
        """Return the number of a canonical record, over 2**10."""
        if self.column not in record:
            raise EvidenceError(f"The record has no column {self.column!r}.")
        cell = record[self.column]
        if self.level is not None:
            return (1 << FEATURE_BITS) if _text_of(cell) == self.level else 0
        if isinstance(cell, bool):
            value = float(cell)
        elif isinstance(cell, dict) and isinstance(cell.get("number"), str):
            value = _decimal(cell["number"])
        else:
            raise EvidenceError(
                f"The record's {self.column!r} is not a number; the model reads one."
            )
        moved = (value - _decimal(self.centre)) / _decimal(self.scale)
        return math.floor(max(-REACH, min(REACH, moved)) * (1 << FEATURE_BITS) + 0.5)

    def document(self) -> dict[str, Any]:
        """Return its part of the configuration's file."""
        if self.level is not None:
            return {"column": self.column, "level": self.level}
        return {"column": self.column, "centre": self.centre, "scale": self.scale}


def _text_of(cell: Any) -> str:
    """Return the text by which a level names a cell."""
    if isinstance(cell, dict):
        return str(cell.get("number"))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)


def _decimal(text: Any) -> float:
    """Read a number in decimal digits, in the one way that every language has."""
    if not isinstance(text, str) or not DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise EvidenceError(f"{str(text)[:20]!r} is not a number in decimal digits.")
    return float(text)


@dataclass(frozen=True)
class Configuration:
    """What a retraining repeats.

    Attributes
    ----------
    learner : str
        "logistic" or "ridge": the objectives whose one optimum can be named by its bits.
    outcome : FeatureCode
        Of a logistic regression a level (1 where the cell is it), of ridge a number.
    features : tuple of FeatureCode
        In the order of the weights.
    penalty : tuple of int
        Of each weight, and last of the constant: λⱼwⱼ²/2.
    threshold : str
        The largest entry of the gradient that passes for an optimum, in decimal digits.
    versions : dict of str to str
        Of what trained; for the record.
    """

    learner: str
    outcome: FeatureCode
    features: tuple[FeatureCode, ...]
    penalty: tuple[int, ...]
    threshold: str
    versions: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Write the configuration's file."""
        return canonical_json(
            {
                "learner": self.learner,
                "outcome": self.outcome.document(),
                "features": [code.document() for code in self.features],
                "penalty": list(self.penalty),
                "threshold": self.threshold,
                "versions": dict(self.versions),
                "feature_bits": FEATURE_BITS,
                "weight_bits": WEIGHT_BITS,
                "canonical": "three Newton steps in float64, weights rounded to 2**-29",
            }
        )

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file, by which log and model name it."""
        return sha256_hex(self.to_bytes())

    def encode(self, record: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        """Return a canonical record's features and outcome as whole numbers."""
        outcome = self.outcome.encoded(record)
        if self.learner == "logistic":
            outcome >>= FEATURE_BITS
        return tuple(code.encoded(record) for code in self.features), outcome


def read_configuration(raw: bytes) -> Configuration:
    """Read a configuration's file.

    Raises
    ------
    EvidenceError
        When it is not one, or not one that this version trains by.
    """
    document = read_canonical_json(raw, "The configuration")
    try:
        held = Configuration(
            document["learner"],
            _read_code(document["outcome"]),
            tuple(_read_code(part) for part in document["features"]),
            tuple(document["penalty"]),
            document["threshold"],
            dict(document["versions"]),
        )
        same = held.to_bytes() == raw
        tolerance = _decimal(held.threshold)
        whole = all(type(v) is int and v >= 0 for v in held.penalty)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EvidenceError("The configuration is not one of this version.") from None
    if not same or held.learner not in LINKS or not whole or not 0 < tolerance < math.inf:
        raise EvidenceError("The configuration is not one of this version.")
    if (held.outcome.level is None) == (held.learner == "logistic"):
        raise EvidenceError("A logistic regression's outcome is a level, ridge's a number.")
    if not 0 < len(held.features) <= MOST_FEATURES or len(held.penalty) != len(held.features) + 1:
        raise EvidenceError("The configuration does not have one penalty for each weight.")
    return held


def _read_code(part: Mapping[str, Any]) -> FeatureCode:
    if "level" in part:
        code = FeatureCode(part["column"], level=part["level"])
        texts: tuple[Any, ...] = (code.column, code.level)
    else:
        code = FeatureCode(part["column"], part["centre"], part["scale"])
        texts = (code.column, code.centre, code.scale)
        if not math.isfinite(_decimal(code.centre)) or not _decimal(code.scale) > 0:
            raise EvidenceError(f"The scale of {code.column!r} is not positive.")
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return code


@dataclass(frozen=True)
class ModelFile:
    """The canonical form of a trained model.

    Attributes
    ----------
    learner : str
        As the configuration has it.
    configuration : str
        The SHA-256 of the configuration's file.
    weights : tuple of int
        One for each feature and last the constant's, over 2**29.
    without : tuple of str
        Columns whose weights are 0 because they were to be forgotten.
    """

    learner: str
    configuration: str
    weights: tuple[int, ...]
    without: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Write the model's file."""
        return canonical_json(
            {
                "learner": self.learner,
                "configuration": self.configuration,
                "weights": list(self.weights),
                "weight_bits": WEIGHT_BITS,
                "without": list(self.without),
            }
        )

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file, by which the log names it."""
        return sha256_hex(self.to_bytes())


def read_model_file(raw: bytes) -> ModelFile:
    """Read a canonical model's file."""
    document = read_canonical_json(raw, "The model")
    try:
        held = ModelFile(
            document["learner"],
            document["configuration"],
            tuple(document["weights"]),
            tuple(document["without"]),
        )
        same = held.to_bytes() == raw
        fits = all(type(w) is int for w in held.weights) and all(
            isinstance(text, str) for text in (held.learner, held.configuration, *held.without)
        )
    except (KeyError, TypeError):
        raise EvidenceError("The model's file is not one of this version.") from None
    if not same or not fits:
        raise EvidenceError("The model's file is not one of this version.")
    return held
