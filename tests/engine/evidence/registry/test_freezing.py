"""A frozen table holds exactly the rows whose consent covers the purpose."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.evidence.registry.small_bank import (
    PURPOSE,
    Clock,
    loans,
    new_registry,
    with_loans,
)
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import tree_root

PEOPLE = st.integers(0, 4)
STEP = st.one_of(
    st.tuples(st.just("grant"), PEOPLE, st.sampled_from([PURPOSE, "marketing"])),
    st.tuples(st.just("withdrawal"), PEOPLE, st.sampled_from([PURPOSE, "marketing"])),
    st.tuples(st.just("erasure"), PEOPLE, st.none()),
    st.tuples(st.just("objection"), PEOPLE, st.sampled_from([PURPOSE, "marketing", None])),
    st.tuples(st.just("refuse"), st.integers(1, 6), st.none()),
    st.tuples(st.just("freeze"), st.none(), st.none()),
)


@settings(max_examples=25)
@given(steps=st.lists(STEP, max_size=14))
def test_what_is_frozen_is_what_a_plain_account_of_consents_says(
    steps: list[tuple[str, int | str | None, str | None]],
) -> None:
    table = pd.DataFrame({"who": [f"p{n // 2}" for n in range(10)], "x": range(10)})
    clock = Clock()
    consented: set[tuple[str, str]] = {("p0", PURPOSE)}
    requests: list[tuple[str, str, str | None, bool]] = []
    with tempfile.TemporaryDirectory() as folder, new_registry(Path(folder), clock) as registry:
        registry.source("s", uri="file:s", licence="unknown")
        taken = registry.ingest(table, subject="who", source="s")
        registry.grant("p0", {"purpose": PURPOSE})
        for kind, number, purpose in [*steps, ("freeze", None, None)]:
            clock.now += 10
            who = f"p{number}"
            if kind == "grant":
                registry.grant(who, {"purpose": purpose})
                consented.add((who, str(purpose)))
            elif kind == "withdrawal":
                if (who, purpose) not in consented:
                    with pytest.raises(EvidenceError, match="no consent"):
                        registry.request(kind, subject=who, clause="GDPR 7(3)", purpose=purpose)
                    continue
                registry.request(kind, subject=who, clause="GDPR 7(3)", purpose=purpose)
                consented.discard((who, str(purpose)))
                requests.append((kind, who, purpose, False))
            elif kind in ("erasure", "objection"):
                registry.request(kind, subject=who, clause="GDPR 17(1)", purpose=purpose)
                requests.append((kind, who, purpose, True))
            elif kind == "refuse":
                at = int(str(number)) - 1
                if at < len(requests) and requests[at][3] and _is_open(registry, at):
                    registry.advance(f"R-{at + 1}", "refused", ground="GDPR 17(3)(b)")
                    requests[at] = (*requests[at][:3], False)
            else:
                barred = {w for _, w, p, stands in requests if stands and p in (None, PURPOSE)}
                covered = {w for w, p in consented if p == PURPOSE} - barred
                expected = {
                    record
                    for record, person in zip(taken.records, table["who"], strict=True)
                    if person in covered
                }
                if not expected:
                    with pytest.raises(EvidenceError, match="No record has a consent"):
                        registry.freeze(purpose=PURPOSE)
                    continue
                old = {
                    data.name: set(registry.table(data.name).index) for data in registry.datasets()
                }
                frozen = registry.freeze(purpose=PURPOSE)
                assert set(registry.table(frozen.name).index) == expected
                before = old.get(frozen.parent or "", set())
                assert frozen.left == len(before - expected)
                assert frozen.joined == len(expected - before)
                assert sum(frozen.why_left.values()) == frozen.left
                # what was frozen before stays what it was
                assert {n: set(registry.table(n).index) for n in old} == old
        registry.check()


def _is_open(registry: object, at: int) -> bool:
    return registry.requests()[at].state in ("received", "excluded")  # type: ignore[attr-defined]


def test_a_withdrawal_and_an_erasure_are_in_the_next_delta(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        first = registry.freeze(purpose=PURPOSE)
        registry.request("withdrawal", subject="c-1", clause="GDPR 7(3)")
        registry.request("erasure", subject="c-2", clause="GDPR 17(1)(b)")
        late = loans(4, seed=9, first=100)
        registry.ingest(late, subject="customer", source="loans", consent={"purpose": PURPOSE})
        second = registry.freeze(purpose=PURPOSE)
        assert second.parent == first.name
        assert second.why_left == {"erasure": 2, "withdrawal": 2}
        assert (second.joined, second.size) == (4, 60)
        left, came = registry.delta(second.name)
        assert (len(left), len(came)) == (4, 4)
        assert left <= set(registry.leaves(first.name)) and came <= set(
            registry.leaves(second.name)
        )
        assert tree_root(registry.leaves(second.name)) == second.root


def test_only_leaving_takes_no_row_in(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.freeze(purpose=PURPOSE)
        late = loans(4, seed=9, first=100)
        registry.ingest(late, subject="customer", source="loans", consent={"purpose": PURPOSE})
        registry.request("erasure", subject="c-2", clause="GDPR 17(1)(b)")
        second = registry.freeze(purpose=PURPOSE, only_leaving=True)
        assert (second.joined, second.left) == (0, 2)
        assert registry.freeze(purpose=PURPOSE).joined == 4


def test_consent_for_one_purpose_does_not_cover_another(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        with pytest.raises(EvidenceError, match="covers 'marketing'"):
            registry.freeze(purpose="marketing")
        registry.freeze(purpose=PURPOSE, name="scores")
        registry.grant("c-0", {"purpose": "marketing"})
        with pytest.raises(EvidenceError, match="are for 'credit scoring'"):
            registry.freeze(purpose="marketing", name="scores")


def test_consent_covers_its_source_unless_it_says_any(tmp_path: Path) -> None:
    with with_loans(tmp_path) as registry:
        registry.source("web", uri="https://example.org", licence="CC0")
        registry.ingest(loans(2, seed=3), subject="customer", source="web")
        assert registry.freeze(purpose=PURPOSE).size == 60
        registry.grant("c-0", {"purpose": PURPOSE, "any_source": True})
        assert registry.freeze(purpose=PURPOSE).size == 62


def test_a_table_comes_back_as_it_went_in(tmp_path: Path) -> None:
    table = loans(12).assign(
        note=["", None, "Zürich ☃", '"q"', *"abcdefgh"], score=[0.1, np.nan, *np.arange(10.0)]
    )
    with new_registry(tmp_path) as registry:
        registry.source("s", uri="file:s", licence="unknown")
        registry.ingest(table, subject="customer", source="s", consent={"purpose": PURPOSE})
        back = registry.table(registry.freeze(purpose=PURPOSE).name)
        assert set(back.columns) == set(table.columns) - {"customer"}
        pd.testing.assert_frame_equal(
            back.reset_index(drop=True)[["debt", "income", "paid", "region", "score"]],
            table[["debt", "income", "paid", "region", "score"]],
            check_dtype=False,
        )
        assert back["note"].where(back["note"].notna(), None).tolist() == table["note"].tolist()
