"""What a verdict on a table says of the parts that every one of its rows was asked about."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.common.wording import listing, rows_said
from workbench.methods.profile.profile import EffectProfile, FeatureProfile

__all__ = ["said_of_all_rows"]


def said_of_all_rows(profile: EffectProfile) -> list[str]:
    """Say what was asked of every row of a table, and what rests on a sample; of a frame nothing.

    A frame has all of its rows in the case.
    """
    asked = [found for found in profile if found.direct_rows]
    if not asked:
        return []
    first = asked[0]
    said = (
        f"Direct effects of {listing([found.feature for found in asked])}, at every level, for "
        f"single people and named groups, were asked of all {rows_said(first.direct_rows)} of the "
        f"target in the table"
    )
    if any(found.carried for found in profile):
        said += (
            f"; what other features carry rests on {rows_said(first.asked_rows)} of a sample of "
            f"{first.n_rows:,}"
        )
    found = [f"{said}."]
    if lone := _direct_alone(asked):
        found.append(
            f"Too few rows of the sample for effects on {listing(lone)} that other features carry: "
            f"the direct ones alone were tested there."
        )
    return found


def _direct_alone(asked: Sequence[FeatureProfile]) -> list[str]:
    groups = [
        name
        for found in asked
        if "total" in found.people
        for name, parts in found.groups.items()
        if set(parts) == {"direct"}
    ]
    return list(dict.fromkeys(groups))
