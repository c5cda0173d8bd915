"""Planted leaks in a saved file: counts, whose intervals are made again."""

from __future__ import annotations

from typing import Literal

from workbench.checks.finding import Rest, SavedForm
from workbench.checks.planted_leaks.findings import (
    JudgedBeside,
    LeakRate,
    LeakShape,
    PlantedLeak,
    PlantedLeaks,
    Shape,
)
from workbench.common.limits import REPORT_TRIALS
from workbench.common.saved_values import (
    Count,
    MaybeNumber,
    Number,
    Saved,
    altered,
    check_between,
    check_known,
    rows_of,
    wrong,
)
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["SAVED"]

PLACE = "planted_leaks"
ROLES = {"leak", "border", "no leak"}


class SavedRate(Saved, frozen=True):
    """How often leaks of one size were found; rate, low and high are made again."""

    feature: str
    comparison: JudgedBeside
    role: Literal["leak", "border", "no leak"]
    size: Number
    found: Count
    trials: Count
    rate: Number
    low: Number
    high: Number


class SavedLeak(Saved, frozen=True):
    """The smallest leak that is found reliably; null where none is."""

    feature: str
    intervention: str
    adjustment: tuple[str, ...]
    comparison: JudgedBeside
    smallest_80: MaybeNumber
    smallest_95: MaybeNumber
    standard_error: MaybeNumber


class SavedShape(Saved, frozen=True):
    """How often leaks of one shape and size were found; low and high are made again."""

    feature: str
    shape: Shape
    where: str
    size: Number
    found: Count
    trials: Count
    low: Number
    high: Number
    n_rows: Count


class SavedLeaks(Saved, frozen=True, omit_defaults=True):
    """How small a leak the audit would have caught."""

    threshold: Number
    alpha: Number
    claims: Count
    clarity: Number
    repeats: Count
    seed: Count
    n_rows: Count
    unit: str
    rates: tuple[SavedRate, ...]
    leaks: tuple[SavedLeak, ...]
    sentences: tuple[str, ...]
    shapes: tuple[SavedShape, ...] = ()


def _write(found: PlantedLeaks, _: Rest) -> SavedLeaks:
    return SavedLeaks(
        threshold=found.threshold,
        alpha=found.alpha,
        claims=found.claims,
        clarity=found.clarity,
        repeats=found.repeats,
        seed=found.seed,
        n_rows=found.n_rows,
        unit=found.unit,
        rates=rows_of(found.to_frame(), SavedRate),
        leaks=tuple(SavedLeak(**vars(leak)) for leak in found.leaks),
        sentences=found.sentences(),
        shapes=tuple(SavedShape(**vars(leak)) for leak in found.shapes),
    )


def _read(saved: SavedLeaks, rest: Rest, _: SavedEstimates) -> PlantedLeaks:
    tau, verdict = saved.threshold, rest.verdict
    if verdict is not None and tau != verdict.threshold:
        raise altered("planted leaks were judged by another threshold")
    if verdict is not None and saved.alpha != verdict.alpha:
        raise altered("planted leaks were judged by another error rate")
    if tau <= 0:
        raise wrong(f"{PLACE}.threshold", "is not above 0.")
    check_between(f"{PLACE}.clarity", 0.0, saved.clarity, high=1.0)
    if (saved.n_rows, saved.unit) != (rest.n_rows, rest.unit):
        raise altered("leaks were planted in other data, or measured in another unit")
    rates = tuple(_rate(rate, tau, 1 - saved.alpha) for rate in saved.rates)
    leaks = tuple(_leak(leak, rates) for leak in saved.leaks)
    check_known(f"{PLACE}.leaks", (leak.feature for leak in leaks), rest.features)
    check_known(f"{PLACE}.rates", (rate.feature for rate in rates), rest.features)
    return PlantedLeaks(
        rates=rates,
        leaks=leaks,
        threshold=tau,
        alpha=saved.alpha,
        claims=saved.claims,
        clarity=saved.clarity,
        repeats=saved.repeats,
        seed=saved.seed,
        n_rows=saved.n_rows,
        unit=saved.unit,
        shapes=tuple(_shape(leak, rest, 1 - saved.alpha) for leak in saved.shapes),
    )


def _shape(saved: SavedShape, rest: Rest, level: float) -> LeakShape:
    check_known(f"{PLACE}.shapes", (saved.feature,), rest.features)
    if not saved.found <= saved.trials <= REPORT_TRIALS or saved.trials == 0:
        raise altered("more planted leaks were found than were planted")
    if not 0 < saved.n_rows <= rest.n_rows:
        raise altered("leaks were planted in more rows than there are")
    if saved.size <= 0:
        raise wrong(f"{PLACE}.shapes", f"holds a size that is not above 0: {saved.size:g}.")
    return LeakShape.counted(
        saved.feature,
        saved.shape,
        saved.where,
        saved.size,
        found=saved.found,
        trials=saved.trials,
        n_rows=saved.n_rows,
        level=level,
    )


def _rate(saved: SavedRate, threshold: float, level: float) -> LeakRate:
    if not saved.found <= saved.trials <= REPORT_TRIALS or saved.trials == 0:
        raise altered("more planted leaks were found than were planted")
    fits = {"border": saved.size == threshold, "no leak": saved.size == 0, "leak": saved.size > 0}
    if not fits[saved.role]:
        raise wrong(f"{PLACE}.rates", f"holds a size that does not fit its role: {saved.size:g}.")
    return LeakRate.counted(
        saved.feature,
        saved.comparison,
        saved.role,
        saved.size,
        found=saved.found,
        trials=saved.trials,
        level=level,
    )


def _leak(saved: SavedLeak, rates: tuple[LeakRate, ...]) -> PlantedLeak:
    # Infinite where no size is found that often, which JSON does not know.
    smallest_80 = float("inf") if saved.smallest_80 is None else saved.smallest_80
    smallest_95 = float("inf") if saved.smallest_95 is None else saved.smallest_95
    check_between(f"{PLACE}.leaks", 0.0, smallest_80, high=smallest_95)
    own = {r.role for r in rates if (r.feature, r.comparison) == (saved.feature, saved.comparison)}
    if own != ROLES:
        raise altered("planted leaks lack the counts that they rest on")
    error = float("nan") if saved.standard_error is None else saved.standard_error
    return PlantedLeak(
        feature=saved.feature,
        intervention=saved.intervention,
        adjustment=saved.adjustment,
        comparison=saved.comparison,
        smallest_80=smallest_80,
        smallest_95=smallest_95,
        standard_error=error,
    )


SAVED = SavedForm(SavedLeaks, _write, _read)
