"""The effects in named subgroups, each beside its difference to the whole target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.methods.effects import EFFECT_PARTS, EffectTable, FeatureEffects

__all__ = ["subgroup_frame"]


def subgroup_frame(
    effects: EffectTable,
    subgroups: Mapping[str, EffectTable],
    conditions: Mapping[str, str],
    level: float,
) -> pd.DataFrame:
    """Return the effects in subgroups; see :meth:`AuditFindings.subgroup_frame`."""
    whole = {(e.feature, e.combination): e for e in effects.believed}
    records = [
        _compared(
            {"subgroup": name, "condition": conditions.get(name, "")},
            entry,
            whole.get((entry.feature, entry.combination)),
            level,
        )
        for name, table in subgroups.items()
        for entry in table
    ]
    columns = ["subgroup", "condition", "feature", "combination", "n_rows"]
    columns += [f"{p}{end}" for p in EFFECT_PARTS for end in ("", "_low", "_high")]
    columns += [f"{p}_difference{end}" for p in EFFECT_PARTS for end in ("", "_low", "_high")]
    return pd.DataFrame(records, columns=columns)


def _compared(
    record: dict[str, Any], entry: FeatureEffects, whole: FeatureEffects | None, level: float
) -> dict[str, Any]:
    record |= {
        "feature": entry.feature,
        "combination": entry.combination,
        "n_rows": entry.n_rows,
    }
    for part in EFFECT_PARTS:
        effect = getattr(entry, part)
        difference = None if whole is None else effect - getattr(whole, part)
        for name, found in ((part, effect), (f"{part}_difference", difference)):
            low, high = (np.nan, np.nan) if found is None else found.interval(level)
            record[name] = np.nan if found is None else found.value
            record[f"{name}_low"], record[f"{name}_high"] = low, high
    return record
