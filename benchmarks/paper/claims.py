"""What the paper and the issue claim, compared with the tables of this run.

Every number and every verdict is computed from the tables. The paper's figures were read from its
text and captions: where its text gives no number, none stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pandas as pd

from benchmarks.paper import claims_effects as about_effects
from benchmarks.paper import claims_estimators as about_estimators
from benchmarks.paper import claims_rankings as about_rankings
from benchmarks.paper import claims_real_data as about_real_data
from benchmarks.paper.claim_parts import Claim, Tables

__all__ = ["judge"]


def judge(tables: Tables) -> pd.DataFrame:
    """Return one row per claim."""
    checks: tuple[Callable[[Tables], Claim], ...] = (
        about_real_data.sizes,
        about_real_data.levels,
        about_rankings.heart_order,
        about_rankings.smoking_last,
        about_rankings.taus,
        about_rankings.experience,
        about_rankings.fairness,
        about_rankings.forgotten,
        about_rankings.experience_first,
        about_rankings.metrics,
        about_real_data.german,
        about_real_data.german_amount,
        about_real_data.adult_top,
        about_real_data.adult_baselines,
        about_real_data.adult_age,
        about_real_data.drug_top,
        about_real_data.drug,
        about_effects.written_example,
        about_effects.by_age,
        about_effects.under_forty,
        about_effects.gender,
        about_real_data.drug_joint,
        about_effects.paths,
        about_effects.opposite,
        about_effects.false_alarm,
        about_effects.no_route,
        about_estimators.families,
        about_real_data.marital,
        about_estimators.graphs,
        about_estimators.speed,
        about_estimators.ratios,
        about_estimators.constant,
        about_estimators.fidelity,
        about_estimators.fidelity_placed,
        about_estimators.fidelity_paper,
    )
    return pd.DataFrame([asdict(check(tables)) for check in checks])
