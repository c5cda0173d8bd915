"""What strangers named reaches no terminal and no page as something that is obeyed."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.common.errors import CycleError, ModelError
from workbench.common.printable import OBEYED, printable

RED, TURNED = "\x1b[31m", "\u202e"
CAUSE, MIDDLE = f"a{RED}", f"m\x9b2J{TURNED}"


@cache
def report() -> wb.AuditReport:
    rng = np.random.default_rng(0)
    cause = rng.choice([f"x{RED}", "=1+1"], 300)
    middle = (cause == "=1+1") + rng.normal(size=300)
    data = pd.DataFrame({CAUSE: cause, MIDDLE: middle, "y": middle + rng.normal(size=300)})
    model = wb.BlackBoxModel(
        lambda rows: rows[MIDDLE].to_numpy(), features=[CAUSE, MIDDLE], name=f"model{RED}"
    )
    graph = wb.CausalGraph([(CAUSE, MIDDLE), (MIDDLE, "y")])
    case = wb.AuditCase(data=data, model=model, graph=graph, outcome="y")
    return wb.audit(case, wb.UnlearningTarget.feature(CAUSE), ["cafe"])


@pytest.mark.parametrize("kind", ["to_html", "to_json", "to_csv", "__repr__"])
def test_no_form_of_a_report_holds_what_is_obeyed(kind: str) -> None:
    text = getattr(report(), kind)()
    assert "31m" in text  # the name is still there
    assert set(OBEYED.findall(text)) <= {"\n", "\t", "\r"}


def test_a_saved_report_keeps_the_names_as_they_were() -> None:
    text = report().to_json()
    assert "\\u001b[31m" in text
    assert CAUSE in json.dumps(json.loads(text), ensure_ascii=False).replace("\\u001b", "\x1b")
    assert wb.AuditReport.from_json(text).to_json() == text


def test_errors_and_models_show_what_they_say() -> None:
    assert str(ModelError(f"no {RED}\nline")) == "no ?[31m\nline"
    assert str(CycleError(f"{TURNED}a")) == "?a"
    assert repr(wb.BlackBoxModel(len, features=[CAUSE])).endswith("reads: a?[31m)")


def test_words_of_other_scripts_stay() -> None:
    hebrew, farsi = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    text = f"{hebrew} \u4f60\u597d na\u00efve \u2212\u202f1 {farsi}"
    assert printable(text) == text
