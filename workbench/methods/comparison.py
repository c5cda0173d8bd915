"""Methods side by side: values, ranks, agreement, and a plain sentence per disagreement."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.common.wording import listing, signed
from workbench.methods.attribution import Attribution
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.methods.registry import BASELINES, CAUSAL_METHODS

__all__ = ["Comparison", "compare"]

NOTABLE = 0.02
"""An influence below this share of the largest one is not worth a sentence."""
FAR = 2
"""Ranks that two methods must lie apart for a sentence."""
NAMES = {
    **{f"{m.name}_{part}": f"{m.title} {part}" for m in CAUSAL_METHODS for part in m.compared},
    **{method.name: method.title for method in BASELINES},
}
"""What is compared, by what it is called in tables and sentences."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Features × methods.

    Attributes
    ----------
    table : DataFrame
        One row per feature and method: feature, method, value, rank (1 is the largest absolute
        value; equal values share the better rank; missing for a method that knows no more than
        half of the features), unit.
    agreement : DataFrame, shape (methods, methods)
        Kendall's τ-b between the methods' absolute values over the features both know.
    sentences : tuple of str
        What the methods disagree about, in words; the target's features come first.
    about_target : int
        How many of these are about the target's features.
    """

    table: pd.DataFrame
    agreement: pd.DataFrame
    sentences: tuple[str, ...]
    about_target: int = 0

    def to_frame(self) -> pd.DataFrame:
        """Return features as rows, with a value and a rank column per method."""
        wide = self.table.pivot(index="feature", columns="method", values=["value", "rank"])
        methods = list(dict.fromkeys(self.table["method"]))
        features = list(dict.fromkeys(self.table["feature"]))
        columns = {}
        for method in methods:
            columns[method] = wide["value"][method]
            columns[f"{method}_rank"] = wide["rank"][method].astype("Int64")
        return pd.DataFrame(columns).loc[features]

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        methods = list(dict.fromkeys(self.table["method"]))
        head = "".join(f"<th scope='col'>{html.escape(NAMES.get(m, m))}</th>" for m in methods)
        rows = ""
        for feature, row in frame.iterrows():
            cells = "".join(
                "<td>–</td>"
                if pd.isna(row[m])
                else f"<td>{row[m]:.3g} (rank {row[f'{m}_rank']})</td>"
                for m in methods
            )
            rows += f"<tr><th scope='row'>{html.escape(str(feature))}</th>{cells}</tr>"
        said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences)
        return (
            f"<table><thead><tr><th scope='col'>feature</th>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table><ul>{said}</ul>"
        )


def compare(
    effects: EffectTable,
    attributions: Sequence[Attribution],
    *,
    target: Sequence[str],
    reads: Sequence[str],
    routes: Mapping[str, Sequence[str]],
) -> Comparison:
    """Put causal effects and attributions side by side.

    Parameters
    ----------
    effects : EffectTable
        Single features' entries are compared; sums and joint interventions are left out.
    target : sequence of str
        Features whose disagreements are told first.
    reads : sequence of str
        Features that the model reads.
    routes : mapping of str to sequence of str
        Mediators by feature, the most influential first.
    """
    values: dict[str, dict[str, float]] = {}
    units: dict[str, str] = {}
    single = [entry for entry in effects if not entry.combination]
    parts = {method.name: method.compared for method in CAUSAL_METHODS}
    for entry in single:
        who = entry.estimator.kind
        for part in parts.get(who, ("total",)):
            method = f"{who}_{part}"
            values.setdefault(method, {})[entry.feature] = getattr(entry, part).value
            units[method] = effects.unit
    for attribution in attributions:
        values[attribution.method] = {str(k): float(v) for k, v in attribution.values.items()}
        units[attribution.method] = attribution.unit
    features = list(dict.fromkeys(name for column in values.values() for name in column))
    wide = pd.DataFrame({m: pd.Series(v, index=features) for m, v in values.items()})
    ranks = wide.abs().round(12).rank(ascending=False, method="min")
    # A rank among a few features only would look like a rank among all.
    ranks.loc[:, wide.notna().mean() <= 0.5] = np.nan
    table = pd.DataFrame(
        [
            {
                "feature": feature,
                "method": method,
                "value": wide.at[feature, method],
                "rank": ranks.at[feature, method],
                "unit": units[method],
            }
            for feature in features
            for method in wide.columns
        ],
        columns=["feature", "method", "value", "rank", "unit"],
    )
    agreement = (
        wide.abs().corr(method="kendall", min_periods=2)
        if len(features) > 1
        else (pd.DataFrame(np.nan, index=wide.columns, columns=wide.columns))
    )
    by_feature: dict[str, FeatureEffects] = {}
    for entry in single:
        by_feature.setdefault(entry.feature, entry)
    own = [name for name in target if name in by_feature]
    largest = max((abs(e.total.value) for e in by_feature.values()), default=0.0)

    def said(names: Iterable[str]) -> list[str]:
        return [
            sentence
            for name in names
            for sentence in _sentences(
                by_feature[name],
                ranks,
                attributions,
                name in reads,
                routes.get(name, ()),
                largest,
            )
        ]

    first, rest = said(own), said(name for name in by_feature if name not in target)
    return Comparison(table, agreement, (*first, *rest), len(first))


def _sentences(
    entry: FeatureEffects,
    ranks: pd.DataFrame,
    attributions: Sequence[Attribution],
    read: bool,
    route: Sequence[str],
    largest: float,
) -> list[str]:
    """Say where the attributions and the causal view of one feature part."""
    feature, direct, indirect = entry.feature, entry.direct, entry.indirect
    through = listing(route, most=4) if route else ""
    floor = NOTABLE * largest
    # Without a route, total − direct is only how far two estimates lie apart.
    carried = bool(route) and abs(indirect.value) > floor
    carried = carried and not indirect.low <= 0 <= indirect.high
    found = []
    # An association of 0 would have another reason than that the model does not read the feature.
    blind = [
        NAMES.get(a.method, a.method)
        for a in attributions
        if a.method != "fairtest" and a.values.get(feature) == 0.0
    ]
    if not read and carried and blind:
        verb = "give" if len(blind) > 1 else "gives"
        found.append(
            f"{' and '.join(blind)} {verb} {feature} 0 because the model does not read it; "
            f"{signed(indirect.value)} reaches the prediction "
            f"through {through}."
        )
    elif read and carried:
        own = _rank(ranks, feature, "cafe_total")
        for attribution in attributions:
            other = _rank(ranks, feature, attribution.method)
            if abs(other - own) >= FAR:
                name = NAMES.get(attribution.method, attribution.method)
                found.append(
                    f"{name[0].upper() + name[1:]} ranks {feature} {int(other)}, CAFÉ's total "
                    f"effect ranks it {int(own)} of {len(ranks)}: directly it moves the "
                    f"prediction by {signed(direct.value)}, and {signed(indirect.value)} more "
                    f"comes through {through}."
                )
                break
    opposed = direct.value * indirect.value < 0 and min(
        abs(direct.value), abs(indirect.value)
    ) > max(floor, 0.25 * max(abs(direct.value), abs(indirect.value)))
    if opposed and carried:
        found.append(
            f"{feature} acts in two opposite ways: {signed(direct.value)} directly and "
            f"{signed(indirect.value)} through {through}, which leaves {signed(entry.total.value)} "
            f"in all."
        )
    return found


def _rank(ranks: pd.DataFrame, feature: str, method: str) -> float:
    """Rank of a feature by a method; NaN when the method gave none."""
    if method not in ranks:
        return float("nan")
    return float(ranks[method].to_dict()[feature])
