"""Hidden subgroups in a saved file."""

from __future__ import annotations

from typing import Literal

from workbench.case.condition import Condition
from workbench.checks.finding import Rest, SavedForm
from workbench.checks.subgroups.finding import HiddenSubgroups
from workbench.common.saved_values import (
    Count,
    Number,
    Saved,
    altered,
    check_between,
    check_known,
    frame_of,
    rows_of,
)
from workbench.methods.saved_effects import SavedEstimates

__all__ = ["SAVED"]

PLACE = "hidden_subgroups.table"


class SavedSubgroup(Saved, frozen=True):
    """One subgroup; the difference is made again."""

    feature: str
    part: Literal["direct", "indirect"]
    subgroup: str
    value: Number
    low: Number
    high: Number
    whole: Number
    difference: Number
    difference_low: Number
    difference_high: Number
    p_value: Number
    n_rows: Count


class SavedSubgroups(Saved, frozen=True):
    """Where the influence hides."""

    n_searched: Count
    n_tested: Count
    table: tuple[SavedSubgroup, ...]
    sentences: tuple[str, ...]
    level: Number = 0.95


def _write(found: HiddenSubgroups, _: Rest) -> SavedSubgroups:
    return SavedSubgroups(
        n_searched=found.n_searched,
        n_tested=found.n_tested,
        table=rows_of(found.table, SavedSubgroup),
        sentences=found.sentences(),
        level=found.level,
    )


def _read(saved: SavedSubgroups, rest: Rest, _: SavedEstimates) -> HiddenSubgroups:
    if saved.n_searched + saved.n_tested != rest.n_target_rows:
        raise altered("the two halves of the search do not make up the target's rows")
    check_known(PLACE, (row.feature for row in saved.table), rest.features)
    table = frame_of(saved.table, SavedSubgroup)
    table["difference"] = table["value"] - table["whole"]
    highest = 1.0 if rest.verdict is None else rest.verdict.alpha
    for row, difference in zip(saved.table, table["difference"], strict=True):
        Condition(row.subgroup)
        check_between(PLACE, row.low, row.value, high=row.high)
        check_between(PLACE, row.difference_low, difference, high=row.difference_high)
        check_between(PLACE, 0.0, row.p_value, high=highest)
        check_between(PLACE, 0.0, row.n_rows, high=saved.n_tested)
    if not table["difference"].abs().round(9).is_monotonic_decreasing:
        raise altered("its subgroups are not in the order of their differences")
    check_between("hidden_subgroups.level", 0.0, saved.level, high=1.0)
    return HiddenSubgroups(table, saved.n_searched, saved.n_tested, saved.level)


SAVED = SavedForm(SavedSubgroups, _write, _read)
