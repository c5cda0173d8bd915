"""One run: a model is trained, made to forget, and audited with everything there is."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from benchmarks.unlearning_methods.subjects import SEED, Run
from workbench.case.compared_cases import read_compared
from workbench.checks.change.finding import ModelChange
from workbench.checks.change.measure import change_of_models
from workbench.checks.change.one_effect import ChangeFinding
from workbench.checks.consistency.measure import answer_consistency
from workbench.checks.gradient_evidence import gradient_evidence
from workbench.checks.membership import membership_evidence, u_lira
from workbench.models.training import Training
from workbench.unlearning import Deployed, Unlearned, UnlearningRequest, unlearn
from workbench.unlearning.learners import Trained

__all__ = ["ALPHA", "EVIDENCE", "THRESHOLD", "measured"]

THRESHOLD, ALPHA = 0.02, 0.05
LOGGED = 100
"""Rows for which a prediction was logged in daily use."""
EQUAL = 1e-6
"""Mean distance of predictions from which on two models differ, where training has no chance."""
EVIDENCE = {
    "effects": "residue above the threshold",
    "reads": "still asks for the feature",
    "predictions": "predictions differ from those of a training without chance",
    "gradient": "gradient over the remaining rows",
    "membership": "membership attacks",
    "u_lira": "U-LiRA",
    "alone": "rows asked alone",
    "nearby": "rows asked very slightly changed",
    "served": "predictions logged in daily use",
}
"""Each kind of evidence by its column, in words."""


def measured(run: Run) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return one line of the table, and every finding behind it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _measured(run)


def _measured(run: Run) -> tuple[dict[str, Any], pd.DataFrame]:
    request = run.unlearning()
    done = unlearn(run.method, request, learner=run.estimator(), seed=SEED)
    models = [done.retrained_with(seed) for seed in range(1, run.size.retrained + 1)]
    table = run.table
    case = wb.AuditCase(
        data=table.data, model=done.after, graph=table.dataset.graph,
        outcome=table.dataset.outcome,
    )  # fmt: skip
    compared = read_compared(case, run.audited(), {"before": done.before, "retrained": models})
    change = change_of_models(
        compared,
        threshold=THRESHOLD,
        alpha=ALPHA,
        held_out=~table.trained,
        seed=SEED,
        intervention={table.feature: wb.Contrast(*table.levels)}
        if run.request == "feature"
        else None,
    )
    # Trained again on what the request left; one that undoes consequences reads the column for it.
    beside = replace(change, findings=tuple(replace(f, honest=True) for f in change.findings))
    key = {
        "table": table.name, "request": run.request, "method": run.name, "kind": run.kind,
        "learner": run.learner or "default", "removal": run.removal or "",
    }  # fmt: skip
    line: dict[str, Any] = {
        **key,
        "rows": int(request.touched.sum()),
        **_main(_told(beside)),
        **_furthest(beside),
        "decision": change.decision,
        **_utility(change),
        "seconds": done.seconds,
        "retrain_seconds": done.retrain_seconds,
        **_predictions(done, models, compared.after.predictions, table.data, request, run),
    }
    line["effects"] = change.decision == "above"
    line["reads"] = bool(set(done.after.features or ()) - set(models[0].features or ()))
    line |= _gradient(done, request)
    line |= _membership(case, run)
    line |= _consistency(case, run, done)
    frame = change.to_frame()
    for place, (name, value) in enumerate(key.items()):
        frame.insert(place, name, value)
    return line, frame


def _told(change: ModelChange) -> ChangeFinding:
    """Return the total effect of the feature, or the mean prediction at the rows."""
    found = {finding.part: finding for finding in change.main_findings()}
    return found.get("prediction", found["total"])


def _main(finding: ChangeFinding) -> dict[str, Any]:
    line: dict[str, Any] = {"finding": finding.name}
    for name in ("before", "after", "world", "removed", "residue"):
        value = getattr(finding, name)
        assert value is not None
        line[name] = value.value
        line[f"{name}_low"], line[f"{name}_high"] = value.interval()
    return line


def _furthest(change: ModelChange) -> dict[str, Any]:
    """Return the residue that speaks most against the claim."""
    worst = min(change.residues, key=lambda claim: (claim.p_above, -abs(claim.value)))
    return {
        "furthest": worst.name, "furthest_residue": worst.value,
        "furthest_low": worst.low, "furthest_high": worst.high,
    }  # fmt: skip


def _utility(change: ModelChange) -> dict[str, Any]:
    assert change.utility is not None
    frame = change.utility.to_frame()
    found = frame[frame.metric == "accuracy"].drop_duplicates("model").set_index("model")
    after = found.loc["after"]
    return {
        "accuracy": after["value"],
        "accuracy_change": after["change"],
        "accuracy_change_low": after["change_low"],
        "accuracy_change_high": after["change_high"],
        "accuracy_retrained": found.loc["retrained", "value"],
        "cliffs": len(change.utility.cliffs),
    }


def _predictions(
    done: Unlearned,
    models: list[wb.BlackBoxModel],
    after: Any,
    data: pd.DataFrame,
    request: UnlearningRequest,
    run: Run,
) -> dict[str, Any]:
    """Return how far predictions lie from those of retrained models, at the erased rows or all."""
    chosen = np.ones(len(data), dtype=bool)
    if run.request != "feature":
        chosen = run.audited().mask(data)
    again = np.stack([model.predict(data[chosen]) for model in models])
    chance = [np.abs(one - np.delete(again, k, axis=0).mean(axis=0)).mean()
              for k, one in enumerate(again)]  # fmt: skip
    gap, by_chance = np.abs(after[chosen] - again.mean(axis=0)).mean(), np.mean(chance)
    sure = bool(np.ptp(again, axis=0).max() == 0)
    return {
        "gap": float(gap),
        "gap_before": float(np.abs(done.before.predict(data[chosen]) - again.mean(axis=0)).mean()),
        "gap_chance": float(by_chance),
        "deterministic": sure,
        "predictions": bool(gap > EQUAL) if sure else None,
    }


def _gradient(done: Unlearned, request: UnlearningRequest) -> dict[str, Any]:
    """Return what the weights say, where a linear model hands them over and rows were erased."""
    served = done.parts["after"]
    fitted = served.fitted if isinstance(served, Deployed) else None
    open_box = (
        isinstance(fitted, Trained) and type(fitted.estimator).__name__ == "LogisticRegression"
    )
    if request.removal is not None or not open_box:
        return {"gradient_says": "", "gradient": None}
    assert isinstance(fitted, Trained)
    rows = request.rows_before
    prepared = pd.DataFrame(fitted.preparation(rows.frame)).add_prefix("x")
    prepared["y"] = rows.labels.astype(int)
    found = gradient_evidence(fitted.estimator, prepared, "y", request.erased, retrain=False)
    return {
        "gradient_says": found.decision,
        "gradient": found.decision in ("optimum before", "not optimum"),
    }


def _membership(case: wb.AuditCase, run: Run) -> dict[str, Any]:
    """Attack the erased rows, where the learner knows its rows by heart."""
    if not run.remembers:
        return {"membership": None, "u_lira": None}
    options: dict[str, Any] = {"alpha": ALPHA, "seed": SEED, "workers": 1}
    target, trainer = run.target(), run.trainer()
    training = Training(trainer, run.table.trained, SEED)
    found = membership_evidence(
        case, target, training, attacks=("loss", "lira"), references=run.size.references, **options
    )
    best = max(found.attacks, key=lambda one: (one.chance, one.power.auc.value))
    told = u_lira(case, target, training, trainer.unlearn, models=run.size.references, **options)
    line: dict[str, Any] = {
        "membership_says": found.decision, "attack": best.attack, "attack_chance": found.chance,
        "u_lira_says": told.decision,
        "membership": found.decision in ("traces", "pushed away"),
        "u_lira": told.decision in ("traces", "pushed away", "different"),
    }  # fmt: skip
    for name, estimate in (
        ("power_auc", best.power.auc),
        ("result_auc", best.result.auc),
        ("u_lira_power_auc", told.power.auc),
        ("u_lira_auc", told.result.auc),
    ):
        line[name] = estimate.value
        line[f"{name}_low"], line[f"{name}_high"] = estimate.low, estimate.high
    return line


def _consistency(case: wb.AuditCase, run: Run, done: Unlearned) -> dict[str, Any]:
    """Ask again in other ways, and hold the answers against what daily users were served."""
    served = np.full(case.n_rows, np.nan)
    places = np.random.default_rng([SEED, 2]).permutation(case.n_rows)[:LOGGED]
    daily = done.before if run.acts else done.after
    for place in places:  # users come one at a time
        served[place] = daily.predict(case.data.iloc[[place]])[0]
    found = answer_consistency(case, run.audited(), served=served, rows=100, alpha=ALPHA, seed=SEED)
    shares = {question.asked: question.share for question in found.questions}
    caught = {question.asked for question in found.inconsistent}
    line: dict[str, Any] = {}
    for asked in ("alone", "nearby", "served"):
        line[f"{asked}_share"] = shares.get(asked, np.nan)
        line[asked] = asked in caught if asked in shares else None
    return line
