"""What the paper and the issue claim, held against the tables of this run.

Every number and every verdict is computed from the tables. Where the paper's own figure is not
known here, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

from benchmarks.paper.measuring import ASKED
from benchmarks.paper.subjects import WORLDS

__all__ = ["Claim", "Verdict", "judge"]

Tables = Mapping[str, pd.DataFrame]
Verdict = Literal["holds", "partly", "does not hold", "not judged"]
BLIND = ("SHAP", "permutation importance", "FairTest")
TAU = 0.9 - 1e-9
CONSTANT = 2.0
VARIANTS = ("CAFÉ as in the paper", "CAFÉ from logged predictions", "CAFÉ")


@dataclass(frozen=True)
class Claim:
    """One claim, what was measured, and whether it holds."""

    question: str
    claim: str
    source: str
    measured: str
    verdict: Verdict
    why: str = ""


def judge(tables: Tables) -> pd.DataFrame:
    """Return one row per claim."""
    checks: tuple[Callable[[Tables], Claim], ...] = (
        _heart_order,
        _smoking_last,
        _taus,
        _experience,
        _fairness,
        _forgotten,
        _adult_age,
        _german,
        _drug,
        _by_age,
        _under_forty,
        _cancelling,
        _paths,
        _opposite,
        _false_alarm,
        _no_route,
        _families,
        _graphs,
        _speed,
        _constant,
        _fidelity,
        _fidelity_placed,
        _fidelity_paper,
    )
    return pd.DataFrame([asdict(check(tables)) for check in checks])


def _all(holds: Iterable[bool]) -> Verdict:
    """Holds everywhere, nowhere, or in part."""
    found = list(holds)
    return "holds" if all(found) else "partly" if any(found) else "does not hold"


def _each(values: Mapping[str, object] | pd.Series, digits: int = 2) -> str:
    def said(value: object) -> str:
        return f"{value:.{digits}f}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} {said(value)}" for name, value in dict(values).items())


def _rank(t: Tables, dataset: str, method: str, feature: str) -> pd.Series:
    table = t["rankings"]
    chosen = (table.dataset == dataset) & (table.method == method) & (table.feature == feature)
    return table[chosen].set_index("model")["rank"]


def _agreement(t: Tables, method: str) -> pd.DataFrame:
    return t["agreement"][t["agreement"].method == method]


def _effects(
    t: Tables, dataset: str, part: str, feature: str, estimator: str = "CAFÉ"
) -> pd.DataFrame:
    table = t["effects"]
    chosen = (table.dataset == dataset) & (table.part == part) & (table.feature == feature)
    return table[chosen & (table.estimator == estimator)].set_index("model")


def _heart_order(t: Tables) -> Claim:
    heart = t["agreement"][t["agreement"].dataset == "heart_disease"]
    same = heart.pivot(index="method", columns="model", values="same_order")
    tau = heart.pivot(index="method", columns="model", values="kendall_tau")
    models = len(same.columns)
    said = "; ".join(
        f"{m}: the true order for {int(same.loc[m].sum())} of {models} models, τ "
        f"{tau.loc[m].min():.1f} to {tau.loc[m].max():.1f}"
        for m in ("CAFÉ total", "CAFÉ total as in the paper", *BLIND)
    )
    own, others = bool(same.loc["CAFÉ total"].all()), not same.loc[list(BLIND)].any(axis=None)
    return Claim(
        "RQ1",
        "Heart disease: CAFÉ's ranking is the true one for all three models; those of SHAP, "
        "permutation importance and FairTest are not.",
        "paper, Figure 3; issue",
        said,
        _all([own, others]),
        "Smoking acts through other features. What asks about one column at a time, or about "
        "association, does not see that.",
    )


def _smoking_last(t: Tables) -> Claim:
    found = {m: _rank(t, "heart_disease", m, "smoking") for m in BLIND}
    last = int(t["rankings"][t["rankings"].dataset == "heart_disease"].feature.nunique())
    own = _rank(t, "heart_disease", "CAFÉ total", "smoking")
    true = _rank(t, "heart_disease", "truth", "smoking")
    said = f"Of {last}: truth {_each(true)}; CAFÉ total {_each(own)}; " + "; ".join(
        f"{m} {_each(places)}" for m, places in found.items()
    )
    verdict = _all([bool((own == 1).all()), *(bool((p == last).all()) for p in found.values())])
    return Claim(
        "RQ1",
        "Heart disease: CAFÉ ranks smoking first, every attribution ranks it last.",
        "issue",
        said,
        verdict,
        ""
        if verdict == "holds"
        else "FairTest measures association, and smoking is associated with the risk through what "
        "it causes: it is not last there. A trained model may also read smoking a little.",
    )


def _taus(t: Tables) -> Claim:
    own = _agreement(t, "CAFÉ total").set_index(["dataset", "model"])["kendall_tau"]
    paper = _agreement(t, "CAFÉ total as in the paper")
    oracle = _agreement(t, "fuzzing total")
    asked = _agreement(t, ASKED)
    low = own[own < TAU]
    missed = "; below: " + _each({" ".join(k): v for k, v in low.items()}) if len(low) else ""
    return Claim(
        "RQ1",
        "Kendall's τ of CAFÉ to the truth is at least 0.9 on both semi-synthetic sets and all "
        "models.",
        "issue",
        f"CAFÉ {own.min():.1f} to {own.max():.1f}{missed}; as in the paper "
        f"{paper.kendall_tau.min():.1f} to {paper.kendall_tau.max():.1f}; fuzzing "
        f"{oracle.kendall_tau.min():.1f} to {oracle.kendall_tau.max():.1f}; CAFÉ if it asked the "
        f"model where nothing mediates {asked.kendall_tau.min():.1f} to "
        f"{asked.kendall_tau.max():.1f}",
        _all(own >= TAU),
        "Five features: one swap of neighbours costs 0.2, so 0.9 means the true order."
        + (
            " Where it is missed, totals lie close together, and a regression of logged "
            "predictions bends at the ends of a contrast."
            if len(low)
            else ""
        ),
    )


def _experience(t: Tables) -> Claim:
    direct = t["rankings"][(t["rankings"].dataset == "performance")]
    first = direct[(direct.method == "CAFÉ direct") & (direct["rank"] == 1)]
    total = _rank(t, "performance", "CAFÉ total", "experience_years")
    true = _rank(t, "performance", "truth", "experience_years")
    education = _rank(t, "performance", "CAFÉ total", "education_years")
    return Claim(
        "RQ1",
        "Performance: experience has the strongest direct effect, is third in total, and education "
        "is first.",
        "paper's text (its figure's note contradicts it; see estimands.md)",
        f"Largest direct: {_each(first.set_index('model').feature)}. Experience in total: "
        f"{_each(total)} (truth {_each(true)}). Education in total: {_each(education)}",
        _all(
            [
                bool((first.feature == "experience_years").all()),
                bool((total == 3).all()),
                bool((education == 1).all()),
            ]
        ),
        "The world was made to follow the paper's text, so that the order in the equations is no "
        "finding; that it is recovered from each trained model is.",
    )


def _fairness(t: Tables) -> Claim:
    tau = t["fairness"].groupby(["metric", "model"], sort=False)["kendall_tau"].first()
    gender = t["fairness"][t["fairness"].feature == "gender"].groupby("metric", sort=False)
    parity = gender["value"].mean()
    return Claim(
        "RQ1",
        "Performance: group fairness metrics do not recover the causal ranking.",
        "paper, RQ1",
        f"τ of the four metrics' ranking to the truth: {tau.min():.2f} to {tau.max():.2f} over the "
        f"models. Of gender, mean of the models: {_each(parity)}",
        _all([bool((tau < TAU).all())]),
        "They compare groups as they are, so that a feature that goes along with the causes of the "
        "score looks like one.",
    )


def _forgotten(t: Tables) -> Claim:
    wide = t["without_smoking"].pivot(index="model", columns="method", values="smoking")
    own = t["without_smoking"][t["without_smoking"].method == "CAFÉ total"].set_index("model")
    wide = wide.loc[own.index]
    covered = (own.low <= wide["truth"]) & (wide["truth"] <= own.high)
    blind = [m for m in BLIND if (wide[m] == 0).all()]
    return Claim(
        "RQ1",
        "Heart disease, models trained without smoking: CAFÉ still finds its influence; SHAP and "
        "permutation importance see none.",
        "paper, RQ1",
        f"True effect on the risk: {_each(wide['truth'])}. CAFÉ: {_each(wide['CAFÉ total'])}; its "
        f"95 % interval holds the truth for {int(covered.sum())} of {len(covered)} models. Exactly "
        f"0 for every model: {', '.join(blind) or 'none'}",
        _all([bool((own.low > 0).all()), {"SHAP", "permutation importance"} <= set(blind)]),
    )


def _adult_age(t: Tables) -> Claim:
    own = _rank(t, "adult", "CAFÉ total", "age")
    shap = _rank(t, "adult", "SHAP", "age")
    top, fifth = bool((own <= 3).all()), bool((own == 5).all())
    return Claim(
        "RQ1",
        "Adult: age is a top predictor (one section), or the fifth (another).",
        "paper, which contradicts itself",
        f"Rank of age by CAFÉ total: {_each(own)}; by SHAP: {_each(shap)}. {_leaders(t, 'adult')}",
        "holds" if top != fifth else "partly" if (own <= 5).any() else "does not hold",
        ("The first: among the three largest for every model." if top else "")
        + ("The second, for every model." if fifth else "")
        or "Neither for every model: the place of age depends on the model.",
    )


def _leaders(t: Tables, dataset: str) -> str:
    table = t["rankings"]
    chosen = table[(table.dataset == dataset) & (table.method == "CAFÉ total")]
    parts = []
    for model, rows in chosen.groupby("model", sort=False):
        parts.append(f"{model}: {', '.join(rows.sort_values('rank').feature[:4])}")
    return "Largest totals by CAFÉ: " + "; ".join(parts)


def _german(t: Tables) -> Claim:
    return Claim(
        "RQ1",
        "German Credit: CAFÉ's ranking agrees with the findings that the paper cites.",
        "paper, Figure 5",
        _leaders(t, "german_credit"),
        "not judged",
        "The findings cited there are not available to us.",
    )


def _drug(t: Tables) -> Claim:
    expected = {"oscore": 1, "sensation_seeking": 1, "cscore": -1}
    names = {"oscore": "openness", "sensation_seeking": "sensation seeking", "cscore": "conscience"}
    said, right = [], []
    for feature, sign in expected.items():
        found = _effects(t, "drug_consumption", "total", feature)["value"]
        said.append(f"{names[feature]} {_each(found)}")
        right.append(bool((found * sign > 0).all()))
    return Claim(
        "RQ1",
        "Drug Consumption: openness and sensation seeking raise the probability of use, "
        "conscientiousness lowers it.",
        "Fehrman et al., who published the data; the findings that the CAFÉ paper cites are not "
        "available to us",
        f"CAFÉ total: {'; '.join(said)}. {_leaders(t, 'drug_consumption')}",
        _all(right),
    )


def _by_age(t: Tables) -> Claim:
    table = t["subgroups"]
    both = table[
        (table.dataset == "heart_disease")
        & (table.combination == "sum")
        & (table.estimator == "CAFÉ")
    ]
    wide = both.pivot(index="model", columns=["part", "subgroup"], values="value")
    true = both.pivot(index="model", columns=["part", "subgroup"], values="truth")
    old, young = "age > 50", "age <= 50"
    apart = both[both.part == "indirect"].pivot(index="model", columns="subgroup")
    clear = apart[("low", old)] > apart[("high", young)]
    inside = both[both.part != "direct"]
    covered = ((inside.low <= inside.truth) & (inside.truth <= inside.high)).mean()
    said = "; ".join(
        f"{m}: indirect {wide.loc[m, ('indirect', young)]:.2f} → "
        f"{wide.loc[m, ('indirect', old)]:.2f} (truth {true.loc[m, ('indirect', young)]:.2f} → "
        f"{true.loc[m, ('indirect', old)]:.2f}), direct {wide.loc[m, ('direct', young)]:.2f} → "
        f"{wide.loc[m, ('direct', old)]:.2f}"
        for m in wide.index
    )
    direct = (wide[("direct", old)] / wide[("direct", young)] - 1).abs()
    steady = direct <= 0.1
    return Claim(
        "RQ2",
        "Heart disease, {bmi, blood_pressure}: beyond the age of 50 the indirect influence grows "
        "while the direct one stays.",
        "paper, Figure 7; issue",
        f"From at most 50 to above: {said}. The truth lies in {covered:.0%} of the 95 % intervals "
        f"of totals and indirect effects",
        _all([*clear, *steady]),
        ""
        if steady.all()
        else "The risk's equation has the same slopes at every age, but a trained model need not: "
        f"the direct influence differs by up to {direct.max():.0%} between the ages, and the exact "
        "query and the truth agree on it.",
    )


def _under_forty(t: Tables) -> Claim:
    table = t["subgroups"]
    chosen = table[(table.dataset == "adult") & (table.part == "total")]
    said, larger = [], []
    for (estimator, model), rows in chosen.groupby(["estimator", "model"], sort=False):
        values = rows.set_index("subgroup")["value"]
        how = rows.set_index("subgroup")["intervention"]
        larger.append(bool(values["age < 40"] > values["age >= 40"]))
        if estimator.startswith("CAFÉ"):
            said.append(
                f"{estimator.removeprefix('CAFÉ, ')}, {model}: {values['age < 40']:+.3f} under 40 "
                f"(age {how['age < 40']}), {values['age >= 40']:+.3f} from 40 "
                f"(age {how['age >= 40']})"
            )
    return Claim(
        "RQ2",
        "Adult: age influences those under 40 differently.",
        "paper, Figure 7",
        f"CAFÉ total, {'; '.join(said)}. Larger under 40 in {sum(larger)} of {len(larger)} "
        f"comparisons, fuzzing counted",
        "not judged",
        "The paper's figure is not available to us, and it depends on the two ages compared: with "
        "the group's own quartiles it is the slope at that age, with the same two ages it is how "
        "the other features of the group let age act.",
    )


def _cancelling(t: Tables) -> Claim:
    said, opposite = [], []
    for feature in ("education", "ethnicity"):
        direct = _effects(t, "drug_consumption", "direct", feature)["value"]
        indirect = _effects(t, "drug_consumption", "indirect", feature)
        clear = (indirect.low > 0) | (indirect.high < 0)
        opposite += list((direct * indirect["value"] < 0) & clear)
        said.append(f"{feature}: direct {_each(direct, 3)}, indirect {_each(indirect['value'], 3)}")
    verdict = _all(opposite)
    return Claim(
        "RQ2",
        "Drug Consumption: direct and indirect influence of education and of ethnicity cancel.",
        "paper, Figure 6",
        "; ".join(said),
        verdict,
        ""
        if verdict == "holds"
        else "Opposite signs, with an indirect effect told from 0, in "
        f"{sum(opposite)} of {len(opposite)} cases. Indirect effects depend on the graph. Ours was "
        "learned by LiNGAM with time tiers; that of the paper is not available to us.",
    )


def _paths(t: Tables) -> Claim:
    table = t["smoking_paths"]
    wide = table.pivot(index="path", columns="model", values="share")
    straight = "smoking → prediction"
    direct = wide.loc[straight].abs()
    said = "; ".join(
        f"{model}: "
        + ", ".join(
            f"{path.removeprefix('smoking → ').removesuffix(' → prediction')} {share:.0%}"
            for path, share in column.drop(straight).sort_values(ascending=False)[:3].items()
        )
        for model, column in wide.items()
    )
    return Claim(
        "RQ2",
        "Heart disease: smoking reaches the risk through other features, path by path.",
        "paper, Figure 6; issue",
        f"Share of the sum of absolute path effects — {said}. Directly: {_each(direct, 3)}",
        _all(direct < 0.1),
        "" if (direct < 0.1).all() else "Some model reads smoking itself to a notable part.",
    )


def _opposite(t: Tables) -> Claim:
    table = t["opposite_paths"]
    whole = table.path.str.startswith("all paths")
    known = table[~whole & table.truth.notna()]
    error = float((known.effect - known.truth).abs().max())
    ways = table[~whole].groupby("model").effect.agg(["min", "max"])
    total = table[whole].set_index("model")
    small = total.effect.abs() < 0.25 * ways.abs().max(axis=1).reindex(total.index)
    signs = (ways["min"] < 0) & (ways["max"] > 0)
    each = "; ".join(f"{m} {a:+.2f} and {b:+.2f}" for m, a, b in ways.itertuples())
    return Claim(
        "RQ2",
        "Two paths of opposite signs: the total is small, the paths are not.",
        "issue",
        f"Paths: {each}. CAFÉ total: {_each(total.effect)} (truth {_each(total.truth)}). Largest "
        f"error of a path of the linear model against its closed form: {error:.3f}",
        _all([*small, *signs]),
    )


def _false_alarm(t: Tables) -> Claim:
    paper = _effects(t, "adult", "direct", "sex", "CAFÉ as in the paper")["value"]
    asked = _effects(t, "adult", "direct", "sex")["value"]
    off = (paper - asked).abs() > 0.02
    return Claim(
        "RQ2",
        "Adult: the paper's regression gives a direct effect of sex that the model does not have.",
        "estimands.md, Algorithm 2",
        f"As in the paper: {_each(paper, 3)}. Asking the model: {_each(asked, 3)}",
        _all(off),
        "Conditioning on mediators opens paths through what they share with the prediction.",
    )


def _no_route(t: Tables) -> Claim:
    table = t["effects"]
    oracle = table[(table.estimator == "fuzzing") & (table.part == "indirect")]
    none = oracle[(oracle.value == 0) & (oracle.low == 0) & (oracle.high == 0)]
    own = table[(table.estimator == "CAFÉ") & (table.part == "indirect")]
    merged = own.merge(none[["dataset", "model", "feature"]])
    by = merged.groupby("dataset", sort=False).value.agg(lambda v: v.abs().max())
    scale = table[(table.estimator == "fuzzing") & (table.part == "total")]
    whole = scale.groupby("dataset").value.agg(lambda v: v.abs().max())
    part = (by / whole.reindex(by.index)).dropna()
    return Claim(
        "RQ2",
        "CAFÉ gives no indirect effect to features from which the graph has no way to the "
        "prediction but the direct one.",
        "definition of the indirect effect",
        f"{len(merged)} such effects. Largest CAFÉ value, in percent of the data set's largest "
        f"total effect: {', '.join(f'{n} {v:.0%}' for n, v in part.items())}",
        _all(part < 0.05),
        ""
        if (part < 0.05).all()
        else "There, total − direct is how far a regression on logged predictions lies from the "
        "exact query: extrapolation on the drawn worlds; on real data also what the graph leaves "
        "out. Fuzzing gives exactly 0.",
    )


def _families(t: Tables) -> Claim:
    table = t["across_models"]
    own = table[table.method == "CAFÉ total"].groupby("dataset", sort=False).kendall_tau.min()
    shap = table[table.method == "SHAP"].groupby("dataset", sort=False).kendall_tau.min()
    return Claim(
        "RQ3",
        "CAFÉ's rankings are alike across the three model families.",
        "paper, Figure 8",
        f"Least τ between two families: {_each(own)}. SHAP: {_each(shap)}",
        _all(own >= 0.7),
        "Judged by τ ≥ 0.7 for every pair."
        + ("" if (own >= 0.7).all() else " Families that fit differently are different models.")
        if len(own)
        else "",
    )


def _graphs(t: Tables) -> Claim:
    table = t["graph_changes"]
    whole = table[table.dataset == "all"].set_index("change")
    said = "; ".join(
        f"{change} {r.ranks_changed:.0%} ({r.low:.0%} to {r.high:.0%}; τ {r.kendall_tau:.2f})"
        for change, r in whole.iterrows()
    )
    chance = float(whole.ranks_changed["same graph, other rows"])
    moved = whole.ranks_changed.drop("same graph, other rows")
    verdict = _all(moved <= max(chance, 0.25))
    return Claim(
        "RQ3",
        "Rankings bear moderate errors of the graph.",
        "paper, Figure 9; its percentages are not available to us",
        f"Ranks changed, mean of data sets and models with 95 % interval: {said}",
        verdict,
        f"Judged against {max(chance, 0.25):.0%}: a quarter of the ranks, or what other rows of "
        "the same size change by chance under the same graph if that is more. "
        + (
            "More than that changes when "
            + ", ".join(str(c) for c in moved[moved > max(chance, 0.25)].index)
            + "."
            if verdict != "holds"
            else ""
        ),
    )


def _adult_times(t: Tables) -> pd.DataFrame:
    table = t["times"][t["times"].dataset == "adult"]
    return table.pivot(index="method", columns="model", values="processor")


def _speed(t: Tables) -> Claim:
    wide = _adult_times(t)
    logging = wide.loc["one prediction per row"]
    rivals = ["SHAP", "FairTest", "permutation importance", "fuzzing"]
    won: dict[str, list[bool]] = {}
    said = []
    for variant in VARIANTS:
        own = wide.loc[variant] + logging
        lost = [
            f"{rival} ({model}, {wide.loc[rival, model]:.2f} s)"
            for rival in rivals
            for model in wide.columns
            if wide.loc[rival, model] <= own[model] and (rival, model) != ("SHAP", "regression")
        ]
        won[variant] = [not lost]
        beaten = f"slower than {', '.join(lost)}" if lost else "ahead of all"
        said.append(f"{variant} {_each(own)}: {beaten}")
    return Claim(
        "RQ4",
        "Adult: CAFÉ is ahead of every baseline except closed-form SHAP of the linear model.",
        "paper, Table 3 (its seconds are not available to us); issue",
        "Seconds of the processor, logging the predictions included: " + "; ".join(said),
        _all(w[0] for w in won.values()),
        "SHAP explains a sample of the rows, a few hundred of them for forest and network (column "
        "rows of times.csv), and CAFÉ all; explaining all would take SHAP that much longer.",
    )


def _constant(t: Tables) -> Claim:
    wide = _adult_times(t)
    ratio = {v: float(wide.loc[v].max() / wide.loc[v].min()) for v in VARIANTS}
    logged = wide.loc["one prediction per row"]
    return Claim(
        "RQ4",
        "CAFÉ takes the same time for every model, to within 2×.",
        "paper, Table 3; issue",
        f"Slowest over quickest model: {_each(ratio)}. One prediction per row, before: "
        f"{_each(logged)} s",
        _all(r <= CONSTANT for r in ratio.values()),
        "From logged predictions the model is never asked. The default asks it twice per feature "
        "for an exact direct effect, and then a slow model counts."
        if ratio["CAFÉ"] > CONSTANT
        else "",
    )


def _lines(rows: pd.DataFrame) -> str:
    low = rows[rows.spearman < TAU]
    return "; ".join(
        f"{r.dataset} {r.model} {r.spearman:.2f} (furthest apart: {r.furthest}, CAFÉ "
        f"{r.furthest_cafe:+.2f}, fuzzing {r.furthest_fuzzing:+.2f})"
        for r in low.itertuples()
    )


def _chosen(t: Tables, variant: str, read: str) -> pd.DataFrame:
    table = t["fidelity"]
    return table[(table.variant == variant) & (table.features_read == read)]


def _fidelity(t: Tables) -> Claim:
    rows = _chosen(t, "default", "all")
    own = list(t["fidelity"][t["fidelity"].features_read != "all"].dataset.unique())
    low = _lines(rows)
    missed = rows[rows.spearman < TAU].dataset
    drawn, real = missed.isin(WORLDS).any(), not missed.isin(WORLDS).all()
    asked = _chosen(t, "asked where nothing mediates", "all")
    reasons = []
    if drawn:
        reasons.append(
            "In the drawn worlds the graph is right: there the regression of logged predictions "
            "bends where a contrast leads into thin data, and effects that lie close swap ranks."
        )
    if real:
        reasons.append(
            f"On real data, models read features without any edge in the graph ({', '.join(own)}). "
            "Fuzzing takes it at its word: nothing follows from them. CAFÉ's regression sees that "
            "the prediction goes along with them through other features. The gap points at edges "
            "that the graph lacks; the next claim tests this."
        )
    if len(missed):
        reasons.append(
            "If CAFÉ asked the model where nothing mediates: "
            f"{int((asked.spearman >= TAU).sum())} of {len(asked)}, least "
            f"{asked.spearman.min():.2f}."
        )
    return Claim(
        "RQ4",
        "CAFÉ follows fuzzing: Spearman of the total effects at least 0.9 on every data set × "
        "model.",
        "issue (the paper leaves fidelity out)",
        f"{int((rows.spearman >= TAU).sum())} of {len(rows)}; {rows.spearman.min():.2f} to "
        f"{rows.spearman.max():.2f}" + (f". Below: {low}" if low else ""),
        _all(rows.spearman >= TAU),
        " ".join(reasons),
    )


def _fidelity_placed(t: Tables) -> Claim:
    every, own = _chosen(t, "default", "all"), _chosen(t, "default", "the graph's own")
    keys = ["dataset", "model"]
    both = own.merge(every, on=keys, suffixes=("", "_all"))
    share = both.rmse / both.rms_of_fuzzing
    before = both.rmse_all / both.rms_of_fuzzing_all
    said = "; ".join(
        f"{r.dataset} {r.model}: Spearman {r.spearman_all:.2f} → {r.spearman:.2f}, RMSE "
        f"{r.rmse_all:.3f} → {r.rmse:.3f}"
        for r in both.itertuples()
    )
    return Claim(
        "RQ4",
        "That gap is the graph's: with models that read only features which the graph places, "
        "Spearman is at least 0.9.",
        "our explanation, tested",
        f"{said}. RMSE over RMS of the effects, mean: {before.mean():.0%} → {share.mean():.0%}",
        _all(own.spearman >= TAU),
        ""
        if (own.spearman >= TAU).all()
        else f"Below: {_lines(own)}. Ranks of effects that lie "
        "close together swap at small differences; the RMSE shows the size.",
    )


def _fidelity_paper(t: Tables) -> Claim:
    rows = _chosen(t, "as in the paper", "all")
    low = _lines(rows)
    return Claim(
        "RQ4",
        "The paper's own CAFÉ follows the paper's own fuzzing as closely.",
        "paper's premise; it gives no figure",
        f"{int((rows.spearman >= TAU).sum())} of {len(rows)} at 0.9; {rows.spearman.min():.2f} to "
        f"{rows.spearman.max():.2f}. RMSE against the default variants': "
        f"{rows.rmse.mean():.3f} and {_chosen(t, 'default', 'all').rmse.mean():.3f} on average"
        + (f". Below: {low}" if low else ""),
        _all(rows.spearman >= TAU),
        ""
        if not low
        else "Linear terms and no smoothing of rare categories; parents as the only adjustment; "
        "and fuzzing that drops the residuals moves rows that nothing touched.",
    )
