"""The live estimate on the page: marked as one, never stale, and no room lost while it is made."""

from __future__ import annotations

import pytest

import workbench as wb
from tests.widgets.widget_tree import LONG, finished, loan_case, said
from widgets.results.live_view import LiveEstimate
from widgets.results.outline_view import EffectsView
from widgets.session.session import AuditSession
from workbench.common.wording import signed


def test_the_estimate_is_marked_and_gives_way_to_the_report(session: AuditSession) -> None:
    view = EffectsView(session)
    assert "The result appears here" in said(view)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    assert session.live is not None
    text = said(view)
    assert "Estimate while you choose (CAFÉ)" in text and "wb-verdict" not in text
    assert "Run the audit for the verdict, the paths and the other methods." in text
    total = signed(session.live["zip_code"].total.value)
    assert f"by {total} on average over all 300 rows" in text
    assert "0 directly, as it is not read" in text and "wb-tile" in text
    finished(session)
    assert "Estimate while you choose" not in said(view)
    session.target = wb.UnlearningTarget.subgroup("race == 'Black'", ["zip_code"])
    assert session.wait(LONG)
    assert "on average over these" in said(view) and "Estimate while you choose" in said(view)


def test_an_old_estimate_is_gone_but_its_room_is_kept(session: AuditSession) -> None:
    view = LiveEstimate(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    before = said(view)
    seen: list[str] = []
    session.observe(lambda change: seen.append(said(view)), "live_state")
    session.target = wb.UnlearningTarget.feature("credit_score")
    assert session.wait(LONG)
    running = next(text for text in seen if "Estimating…" in text)
    assert "zip_code" not in running and signed(0.5)[0] not in running
    for part in ("<li>", 'class="wb-tile"'):
        assert running.count(part) == before.count(part) != 0
    assert "credit_score" in said(view) and "Estimating…" not in said(view)


def test_why_there_is_no_estimate_is_said(session: AuditSession) -> None:
    view = LiveEstimate(session)
    case = loan_case()
    session.open(case)
    graph = case.graph.add_node("U", latent=True).add_edge("U", "zip_code")
    session.edit_graph(graph.add_edge("U", "neighborhood_income"))
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    assert session.live_state == "failed"
    assert "There is no estimate." in said(view) and "U" in session.live_problem
    session.live_wanted = False
    assert "The result appears here" in said(view)


def test_an_edge_edit_is_redrawn(session: AuditSession) -> None:
    view = LiveEstimate(session)
    case = loan_case()
    session.open(case)
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    session.edit_graph(case.graph.remove_edge("zip_code", "neighborhood_income"))
    assert session.wait(LONG)
    assert "the graph gives it no other way" in said(view)


def test_drawing_fails_in_words(session: AuditSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("boom")

    monkeypatch.setattr("widgets.results.live_view.effect_tiles", broken)
    view = LiveEstimate(session)
    session.open(loan_case())
    session.target = wb.UnlearningTarget.feature("zip_code")
    assert session.wait(LONG)
    assert "workbench itself failed here (RuntimeError)" in said(view)
