"""Causal effects with their uncertainty, and the table that holds them.

An :class:`Effect` carries one influence value per row of the data (``estimands.md``, "Algorithm
2"): sums, differences, subgroups and before/after changes get honest intervals by adding these
columns, because what two estimates share cancels.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy

from workbench.common.arrays import FloatArray
from workbench.common.errors import TargetError, listed
from workbench.methods.estimator import Estimator
from workbench.methods.form_test import FormTest
from workbench.methods.row_summary import RowSummary, summarise_part

__all__ = ["EFFECT_PARTS", "Effect", "EffectTable", "FeatureEffects", "RowEffects", "sum_of"]

EFFECT_PARTS = ("total", "direct", "indirect")
"""The parts of an effect that every estimator gives."""


@dataclass(frozen=True, eq=False)
class Effect:
    """An estimate with one influence value per row of the data.

    Attributes
    ----------
    value : float
        In the unit of the prediction: 0.05 of a probability is five percentage points.
    influence : ndarray, shape (n,)
        How much each row moves the estimate: its error is the mean of this column, to first
        order, so the standard error is ``sqrt(sum(influence ** 2)) / n``.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=100)
    >>> a = Effect(0.3, noise)
    >>> (a - a).standard_error
    0.0
    >>> round((a + a).standard_error / a.standard_error, 6)
    2.0
    """

    value: float
    influence: FloatArray

    @cached_property
    def standard_error(self) -> float:
        """Standard error of `value`, in the same unit."""
        n = len(self.influence)
        return float(np.sqrt(np.dot(self.influence, self.influence))) / n if n else 0.0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided normal interval at `level`."""
        half = float(scipy.special.ndtri(0.5 + level / 2)) * self.standard_error
        return self.value - half, self.value + half

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.interval()[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.interval()[1]

    def __add__(self, other: Effect) -> Effect:
        return Effect(self.value + other.value, self.influence + other.influence)

    def __sub__(self, other: Effect) -> Effect:
        return Effect(self.value - other.value, self.influence - other.influence)

    def __neg__(self) -> Effect:
        return Effect(-self.value, -self.influence)

    def __repr__(self) -> str:
        return f"Effect({self.value:+.4f}, 95 % interval {self.low:+.4f} to {self.high:+.4f})"


@dataclass(frozen=True, eq=False)
class RowEffects:
    """The effect at each row of the target, in the unit of the prediction.

    Attributes
    ----------
    total, direct : ndarray, shape (rows of T,)
        Means over the draws of the intervention, if it draws several.
    total_size, direct_size, indirect_size : ndarray, shape (rows of T,)
        Means over the draws of the absolute values, which do not cancel.
    """

    total: FloatArray
    direct: FloatArray
    total_size: FloatArray
    direct_size: FloatArray
    indirect_size: FloatArray

    @property
    def indirect(self) -> FloatArray:
        """Total − direct."""
        return self.total - self.direct


@dataclass(frozen=True, eq=False)
class FeatureEffects:
    """Total, direct and indirect effect of one feature, or of several set together.

    Attributes
    ----------
    feature : str
        The feature; names joined by " + " for a sum or a joint intervention.
    estimator : Estimator
        What made the estimate.
    intervention : str
        What was varied, in words with levels.
    total, direct : Effect
    rows : RowEffects or None
        None for a sum over features, and in a report that was read back from a file.
    pure_indirect : Effect or None
        Mediators move and the feature stays; None when the estimator cannot tell.
    adjustment : tuple of str
        The back-door set, for regression-based estimates.
    n_rows : int
        Rows averaged over.
    queries : int
        Rows the model was asked about for this estimate. Answers that it shares with another are
        counted where they were first asked.
    combination : {"", "sum", "joint"}
        How several features were put together.
    summary : RowSummary or None
        What a saved report keeps of `rows`; see :meth:`row_summary`.
    form : FormTest or None
        Of a debiased estimate that leans on equations: what they leave unexplained.
    filled_rows : int
        Rows of the target in which a mediator is missing, and was drawn given what is known.
    """

    feature: str
    estimator: Estimator
    intervention: str
    total: Effect
    direct: Effect
    rows: RowEffects | None = None
    pure_indirect: Effect | None = None
    adjustment: tuple[str, ...] = ()
    n_rows: int = 0
    queries: int = 0
    combination: str = ""
    summary: RowSummary | None = None
    form: FormTest | None = None
    filled_rows: int = 0

    @property
    def indirect(self) -> Effect:
        """Total − direct, so that the three cannot disagree."""
        return self.total - self.direct

    @property
    def interaction(self) -> Effect | None:
        """Indirect − pure indirect: what feature and mediators do only together."""
        return None if self.pure_indirect is None else self.indirect - self.pure_indirect

    def parts(self) -> dict[str, Effect]:
        """Return the named effects that were estimated."""
        named = {
            "total": self.total,
            "direct": self.direct,
            "indirect": self.indirect,
            "pure_indirect": self.pure_indirect,
            "interaction": self.interaction,
        }
        return {name: effect for name, effect in named.items() if effect is not None}

    @property
    def sizes(self) -> dict[str, float]:
        """Mean absolute row effects by part; empty where row effects were never known."""
        if self.summary is not None:
            return {part.part: part.mean_abs for part in self.summary.parts()}
        if self.rows is None:
            return {}
        return {part: float(np.mean(getattr(self.rows, f"{part}_size"))) for part in EFFECT_PARTS}

    def row_summary(self, threshold: float) -> RowSummary | None:
        """Sum up the effects at single rows; None where they were never known.

        Parameters
        ----------
        threshold : float
            τ, in the unit of the prediction. A saved report keeps the summary for its own.
        """
        if self.summary is not None or self.rows is None:
            return self.summary
        parts = (
            summarise_part(
                part, getattr(self.rows, part), getattr(self.rows, f"{part}_size"), threshold
            )
            for part in EFFECT_PARTS
        )
        about = (self.feature, self.estimator, self.intervention)
        return RowSummary(*about, len(self.rows.total), threshold, *parts)

    def to_record(self) -> dict[str, Any]:
        """Return one row of :meth:`EffectTable.to_frame`."""
        record: dict[str, Any] = {
            "feature": self.feature,
            "estimator": self.estimator.label,
            "intervention": self.intervention,
            "combination": self.combination,
        }
        parts, sizes = self.parts(), self.sizes
        for name in ("total", "direct", "indirect", "pure_indirect", "interaction"):
            effect = parts.get(name)
            low, high = effect.interval() if effect else (np.nan, np.nan)
            record[name] = effect.value if effect else np.nan
            record[f"{name}_low"], record[f"{name}_high"] = low, high
            if name in EFFECT_PARTS:
                record[f"{name}_mean_abs"] = sizes.get(name, np.nan)
        record["adjustment"] = ", ".join(self.adjustment)
        record["n_rows"], record["queries"] = self.n_rows, self.queries
        return record


@dataclass(frozen=True, eq=False)
class EffectTable:
    """Effects of several features, estimated together.

    Attributes
    ----------
    entries : tuple of FeatureEffects
    index : Index, shape (rows of T,)
        Labels of the target's rows.
    unit : str
        What a score is: "probability", "log-odds" or "value".
    seed : int
    """

    entries: tuple[FeatureEffects, ...]
    index: pd.Index
    unit: str
    seed: int

    def __iter__(self) -> Iterator[FeatureEffects]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, feature: str) -> FeatureEffects:
        for entry in self.entries:
            if entry.feature == feature and entry.combination != "joint":
                return entry
        known = [entry.feature for entry in self.entries]
        raise TargetError(f"No effect of {feature!r} was estimated. Estimated: {listed(known)}.")

    def __add__(self, other: EffectTable) -> EffectTable:
        return EffectTable(self.entries + other.entries, self.index, self.unit, self.seed)

    def of(self, kind: str) -> EffectTable:
        """Return the entries of one kind of estimator, for instance "cafe", in any variant."""
        chosen = tuple(entry for entry in self.entries if entry.estimator.kind == kind)
        return EffectTable(chosen, self.index, self.unit, self.seed)

    @property
    def judged(self) -> EffectTable:
        """The entries that a verdict compares with its threshold.

        The debiased estimate where it ran, else every estimator's.
        """
        return self.of("debiased") if self.of("debiased").entries else self

    @property
    def believed(self) -> EffectTable:
        """The entries of one estimator: the debiased one where it ran, else CAFÉ, else fuzzing."""
        tables = (self.of(kind) for kind in ("debiased", "cafe", "fuzzing"))
        return next((table for table in tables if table.entries), self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per entry.

        Returns
        -------
        DataFrame
            Columns feature, estimator, intervention, combination, then total, direct, indirect,
            pure_indirect and interaction, each with ``_low`` and ``_high`` of the 95 % interval,
            the first three with ``_mean_abs`` (mean absolute row effect), adjustment, n_rows,
            queries.
        """
        return pd.DataFrame([entry.to_record() for entry in self.entries])

    def row_effects(self, feature: str) -> pd.DataFrame:
        """Return total, direct and indirect effect at each row of the target."""
        entry = self[feature]
        rows = entry.rows
        if rows is None:
            raise TargetError(
                f"{feature!r} is a sum over features and has no row effects."
                if entry.combination == "sum"
                else f"The effects of {feature!r} at single rows are not here: a saved report "
                f"keeps only their summary, and a sample of the rows keeps none."
            )
        columns = {"total": rows.total, "direct": rows.direct, "indirect": rows.indirect}
        return pd.DataFrame(columns, index=self.index)

    def _repr_html_(self) -> str:
        heads = ("feature", "estimator", "intervention", "total", "direct", "indirect")
        head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
        body = "".join(_html_row(entry) for entry in self.entries)
        return (
            f"<table><caption>Effect on the prediction ({html.escape(self.unit)}), with 95 % "
            f"intervals</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def sum_of(entries: Sequence[FeatureEffects]) -> FeatureEffects:
    """Add up the effects of several features (the paper's multi-feature effect)."""
    total, direct = entries[0].total, entries[0].direct
    pure = entries[0].pure_indirect
    for entry in entries[1:]:
        total, direct = total + entry.total, direct + entry.direct
        pure = pure + entry.pure_indirect if pure and entry.pure_indirect else None
    return FeatureEffects(
        " + ".join(entry.feature for entry in entries),
        entries[0].estimator,
        "; ".join(f"{entry.feature} {entry.intervention}" for entry in entries),
        total,
        direct,
        pure_indirect=pure,
        n_rows=entries[0].n_rows,
        queries=sum(entry.queries for entry in entries),
        combination="sum",
    )


def _html_row(entry: FeatureEffects) -> str:
    name = entry.feature + (f" ({entry.combination})" if entry.combination else "")
    texts = (name, entry.estimator.label, entry.intervention)
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in texts)
    for effect in (entry.total, entry.direct, entry.indirect):
        cells += f"<td>{effect.value:+.4f} ({effect.low:+.4f} to {effect.high:+.4f})</td>"
    return f"<tr>{cells}</tr>"
