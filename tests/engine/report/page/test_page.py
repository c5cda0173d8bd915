"""The report page: whole, self-contained, escaped, and the same for the same report."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import workbench as wb
from tests.engine.planted_world import planted_case
from tests.engine.report.page.checked_page import checked
from workbench.common.wording import share, signed, span
from workbench.models.trained_here import train_model
from workbench.report.audit_report import AuditReport
from workbench.report.outline.lead_sentence import lead_sentence
from workbench.report.page.page import render_page

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
STYLE = "</style></title></svg>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def loan() -> AuditReport:
    world = wb.datasets.loan(n=1500, seed=1)
    features = list(world.features)
    model = LogisticRegression(max_iter=2000).fit(world.data[features], world.data["approved"])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    return wb.audit(case, wb.UnlearningTarget.feature("zip_code"), progress=lambda *_: None)


@pytest.fixture(scope="module")
def hostile() -> AuditReport:
    rng = np.random.default_rng(0)
    n = 400
    cause = np.where(rng.random(n) < 0.5, SCRIPT, IMAGE)
    middle = (cause == SCRIPT) + rng.normal(size=n)
    other = rng.normal(size=n)
    data = pd.DataFrame({SCRIPT: cause, IMAGE: middle, STYLE: other})
    data["y & <b>"] = (middle + other > 0).astype(int)
    graph = wb.CausalGraph([(SCRIPT, IMAGE)], nodes=[STYLE, "<i>hidden"], latents=["<i>hidden"])
    model = wb.BlackBoxModel(
        lambda d: 1 / (1 + np.exp(-d[IMAGE] - d[STYLE])),
        features=[IMAGE, STYLE],
        output="probability",
        name=SCRIPT,
    )
    case = wb.AuditCase(data=data, model=model, graph=graph, outcome="y & <b>")
    target = wb.UnlearningTarget.features([SCRIPT, IMAGE])
    return wb.audit(case, target, progress=lambda *_: None)


def test_a_page_tells_the_verdict_and_every_number_of_the_effects(loan: AuditReport) -> None:
    page = checked(loan)
    assert loan.verdict is not None
    words = page.text()
    assert loan.verdict.headline in page.text("h2")
    assert loan.verdict.assurance in words and lead_sentence(loan) in words
    for entry in loan.effects:
        for effect in (entry.total, entry.direct, entry.indirect):
            assert signed(effect.value) in page.text("table")
            assert span(effect.interval()) in page.text("table")
    for sentence in loan.comparison().sentences:
        assert sentence in words
    for path in loan.path_effects:
        assert " → ".join(path.path) in page.text("table")
    for attribution in loan.attributions:
        assert attribution.explanation in page.text("li")
    assert loan.provenance.data_fingerprint in words
    assert loan.provenance.model_fingerprint[:12] in page.text("footer")
    assert loan.to_code().split("\n")[-2] in words
    assert "These are not importances" in words
    # The verdict's shape and words stand beside its colour.
    kind = f"wb-notice wb-{loan.verdict.decision} wb-verdict"
    assert ("div", {"class": kind, "role": "note"}) in page.elements
    # Graph, forest, levels twice, rows, paths and ranks.
    assert sum(tag == "svg" and a.get("role") == "img" for tag, a in page.elements) == 7


def test_a_probability_is_told_in_percentage_points_too(loan: AuditReport) -> None:
    said = re.findall(r"([+−]0\.\d{3}) ([+−]\d+\.\d) pp", checked(loan).text("dd"))
    assert said and all(f"+{100 * float(share):.1f}" == points for share, points in said)
    value = dataclasses.replace(loan, unit="value")
    assert " pp" not in checked(value).text("dd")


def test_the_same_report_gives_the_same_page_and_file(loan: AuditReport, tmp_path: Path) -> None:
    text = loan.to_html(tmp_path / "report.html")
    assert text == render_page(loan)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text


def test_hostile_names_levels_and_models_appear_only_escaped(hostile: AuditReport) -> None:
    page = checked(hostile)  # finds no script, no img, no on… attribute, nothing unclosed
    text = render_page(hostile)
    for name in (SCRIPT, IMAGE, STYLE, "y & <b>", "<i>hidden"):
        assert name not in text
        assert html.escape(name, quote=False).replace('"', "&#34;") in text.replace(
            "&quot;", "&#34;"
        )
    assert SCRIPT in page.text("h1") and STYLE in page.text("td")
    assert "49" not in page.text("h1") and "{{ 7 * 7 }}" in page.text()
    assert text.count("<style>") == text.count("</style>") == 1


def test_the_foot_of_printed_pages_cannot_leave_its_string(loan: AuditReport) -> None:
    origin = dataclasses.replace(loan.provenance, created='";} body{display:none} /* </style>')
    text = render_page(dataclasses.replace(loan, provenance=origin))
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "body{display:none}" not in style
    (content,) = re.findall(r'@bottom-left\{content:("[^"]*")', style)
    assert re.fullmatch(r'"[0-9A-Za-z :+.-]+"', content)


def test_several_features_are_told_one_by_one_added_up_and_together(hostile: AuditReport) -> None:
    page = checked(hostile)
    assert "(effects added up)" in page.text("th") and "(set together)" in page.text("th")
    assert page.text("dd").count(" to ") + page.text("dd").count("exact") >= 3


def test_a_page_without_a_verdict_fairness_and_paths() -> None:
    world = wb.datasets.loan(n=600, seed=2)
    features = list(world.features)
    model = LogisticRegression(max_iter=2000).fit(world.data[features], world.data["approved"])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    target = wb.UnlearningTarget.feature("zip_code")
    report = wb.audit(case, target, methods=["permutation"], progress=lambda *_: None)
    words = checked(report).text()
    assert "No verdict." in words
    assert "No causal method ran" in words
    assert "Group fairness" not in words
    only_cafe = wb.audit(case, target, methods=["cafe"], progress=lambda *_: None)
    words = checked(only_cafe).text()
    assert "Single paths were not measured" in words
    assert "Do the two estimators agree?" not in words


def test_a_page_about_logged_predictions_names_what_was_left_out() -> None:
    world = wb.datasets.loan(n=600, seed=3)
    features = list(world.features)
    fitted = LogisticRegression(max_iter=2000).fit(world.data[features], world.data["approved"])
    logged = fitted.predict_proba(world.data[features])[:, 1]
    model = wb.BlackBoxModel.from_predictions(logged, features=features)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), progress=lambda *_: None)
    assert "fuzzing" in report.skipped
    words = checked(report).text()
    for reason in report.skipped.values():
        assert re.sub(r"\s+", " ", reason) in words
    assert "could not be asked" in words and "effects are read off regressions" in words


def test_a_page_about_single_rows_says_what_it_does_not_say() -> None:
    world = wb.datasets.heart_disease(n=600, seed=0)
    features = [name for name in world.data if name != world.outcome]
    model = LinearRegression().fit(world.data[features], world.data[world.outcome])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    methods = ["cafe", "fuzzing"]
    rows = wb.audit(case, wb.UnlearningTarget.datapoints([3]), methods, progress=lambda *_: None)
    words = checked(rows).text()
    assert "the row labelled 3" in words and "among the training data" in words
    group = wb.UnlearningTarget.subgroup("age > 50", ["bmi"])
    words = checked(wb.audit(case, group, methods, progress=lambda *_: None)).text()
    assert re.search(r"bmi, in the \d+ of 600 rows where age > 50", words)


def test_twenty_features_fit_on_a_page_of_bounded_size() -> None:
    rng = np.random.default_rng(4)
    names = [f"attribute_number_{i:02d}" for i in range(20)]
    values = rng.normal(size=(500, 20))
    for i in range(6, 20):
        values[:, i] += 0.5 * values[:, i - 6]
    data = pd.DataFrame(values, columns=names)
    data["risk"] = (values @ rng.normal(size=20) > 0).astype(int)
    graph = wb.CausalGraph([(names[i - 6], names[i]) for i in range(6, 20)])
    model = LogisticRegression(max_iter=1000).fit(data[names], data["risk"])
    case = wb.AuditCase(data=data, model=model, graph=graph, outcome="risk")
    methods = ["cafe", "fuzzing", "permutation", "aif360"]
    report = wb.audit(case, wb.UnlearningTarget.features(names), methods, progress=lambda *_: None)
    page = checked(report)  # under 350 kB
    assert "these 20 features" in page.text("h1")
    assert all(name in page.text("table") for name in names)
    assert "smallest are left out of the picture" in page.text("figcaption")


def test_text_keeps_its_contrast_in_both_schemes(loan: AuditReport) -> None:
    light, dark = re.findall(r":root\{(--page:#f4.*?|--page:#11.*?)\}", render_page(loan), re.S)

    def luminance(colour: str) -> float:
        digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    for scheme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+):#([0-9a-f]{3,6})", scheme))
        pairs = [(text, "card") for text in ("ink", "soft", "link", "lit", "first", "second")]
        pairs += [("ink", "band"), ("soft", "page"), ("ink", "rule"), ("soft", "rule")]
        pairs += [(name, f"{name}-bg") for name in ("above", "below", "open", "none")]
        pairs += [("ink", f"{name}-bg") for name in ("above", "below", "open", "none")]
        pairs += [("soft", f"{name}-bg") for name in ("above", "below", "open", "none")]
        for text, ground in pairs:
            bright, dim = sorted((luminance(colours[text]), luminance(colours[ground])))[::-1]
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)


def test_a_page_tells_the_groups_and_what_is_behind_the_average() -> None:
    world = wb.datasets.loan(n=900, seed=0)
    names = list(world.features)
    model = LogisticRegression(max_iter=2000).fit(world.data[names], world.data[world.outcome])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    groups = {
        "rich": "income > 60",
        "<b>Black</b>": "race == 'Black'",
        "nobody": "income > 1e9",
    }
    report = wb.audit(
        case,
        wb.UnlearningTarget.features(["zip_code", "income"]),
        ["cafe", "fuzzing"],
        subgroups=groups,
        progress=lambda *_: None,
    )
    page = checked(report)
    words = page.text("section")
    for row in report.subgroup_frame().to_dict("records"):
        assert signed(row["total"]) in words
        entry = report.subgroups[row["subgroup"]].of("debiased")
        own = next(
            e for e in entry if (e.feature, e.combination) == (row["feature"], row["combination"])
        )
        whole = next(
            e
            for e in report.effects.believed
            if (e.feature, e.combination) == (row["feature"], row["combination"])
        )
        assert span((own.total - whole.total).interval(report.interval_level)) in words
        assert row["condition"] in words
    assert "<b>Black</b>" in words  # as text, not as markup
    assert "Left out: nobody" in words
    assert "income (set together)" in words and "income (effects added up)" in words
    summary = report.row_summary("income")
    for part in summary.parts():
        assert share(part.above) in words
        assert signed(part.quantiles[0.25]) in words
    drawn = page.text("desc")
    assert "the whole target (900 rows), total, debiased" in drawn
    assert "total: " in drawn and " above · mean " in drawn
    judged = checked(wb.audit(case, wb.UnlearningTarget.feature("income"), ["debiased"])).text()
    assert "rows of the debiased estimate. It corrects averages, not single rows" in judged
    alone = checked(
        wb.audit(case, wb.UnlearningTarget.feature("income"), ["cafe"], progress=lambda *_: None)
    ).text()
    assert "In the groups that were named" not in alone
    assert "smoother than the rows themselves" in alone


def test_associations_hidden_groups_and_other_graphs_are_told() -> None:
    report = wb.audit(
        planted_case(),
        wb.UnlearningTarget.feature("f"),
        ["cafe", "fairtest"],
        checks=["subgroups", "graph"],
        progress=lambda *_: None,
    )
    page = checked(report)
    words = page.text("section")
    for title in ("Associations (FairTest)", "Where the influence hides"):
        assert title in page.text("h3")
    assert "What if the graph is wrong" in page.text("h3")
    assert report.hidden_subgroups and report.graph_sensitivity and report.associations
    for sentence in report.hidden_subgroups.sentences()[:6]:
        assert sentence in page.text("li")
    for sentence in report.graph_sensitivity.sentences():
        assert sentence in page.text("li")
    for row in report.associations.table.to_dict("records"):
        assert row["feature"] in page.text("th") and signed(row["value"]).lstrip("+") in words
    for row in report.associations.contexts.to_dict("records"):
        assert row["context"] in page.text("th") and signed(row["whole"]).lstrip("+") in page.text(
            "td"
        )
    for row in report.hidden_subgroups.table.to_dict("records"):
        assert row["subgroup"] in page.text("th")
        assert span((row["difference_low"], row["difference_high"])) in page.text("td")
    for row in report.graph_sensitivity.edits.to_dict("records"):
        assert row["edit"] in page.text("th")
    assert "An association is not a cause" in words
    plain = checked(dataclasses.replace(report, checks={}))
    assert "Where the influence hides" not in plain.text() and "graph is wrong" not in plain.text()


def test_hostile_names_in_the_checks_are_text() -> None:
    data = planted_case().data.rename(columns={"f": SCRIPT, "m": IMAGE})
    data["job"] = data["job"].replace({"v": "<b>v"})
    model = wb.BlackBoxModel(
        lambda rows: (
            0.25
            + 0.05 * np.tanh(rows[IMAGE])
            + 0.4 * (rows[SCRIPT] == "yes") * ((rows["age"] > 55) & (rows["job"] == "<b>v"))
        ),
        features=[SCRIPT, "age", "job", IMAGE],
        output="probability",
    )
    graph = wb.CausalGraph([(SCRIPT, IMAGE)], nodes=["age", "job"])
    case = wb.AuditCase(data=data, model=model, graph=graph)
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature(SCRIPT),
        ["cafe", "fairtest"],
        checks=["subgroups", "graph"],
        progress=lambda *_: None,
    )
    page = checked(report)
    assert "<b>v" in page.text("th") and f"remove {SCRIPT} → {IMAGE}" in page.text("th")
    back = wb.AuditReport.from_json(report.to_json())
    assert render_page(back) == render_page(report)


def test_an_audit_without_any_ranking_method_still_makes_every_page() -> None:
    world = wb.datasets.loan(500, seed=0)
    model = train_model(world.data, world.features, world.outcome, "logistic")
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), methods=["aif360"])
    assert "Fairness" in report.to_html() or "fairness" in report.to_html()
    assert wb.AuditReport.from_json(report.to_json()).to_html() and report._repr_html_()
