"""Terms have sources, and a date is never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.common.errors import EvidenceError
from workbench.evidence.registry.due_dates import KINDS, default_due_dates, read_due_dates
from workbench.evidence.registry.times import day_of, end_of_term, seconds_of

TERM = """
version = "house"
[[term]]
law = "GDPR"
kinds = ["erasure"]
months = 1
statutory = true
source = "Article 12(3)"
"""


def test_every_term_that_comes_with_the_workbench_names_its_source() -> None:
    policy = default_due_dates()
    assert {"GDPR", "UK GDPR", "DPDP", "CCPA"} <= set(policy.laws)
    for term in policy.terms:
        assert term.kind in KINDS and len(term.source) > 30
        assert any(sign.isdigit() for sign in term.source), "an article or section"
        if not term.statutory:
            assert "policy's own" in term.source
    assert {t.kind for t in policy.terms if t.law == "GDPR"} == set(KINDS)


@pytest.mark.parametrize(
    ("received", "months", "days", "due"),
    [
        ("2026-01-31", 1, 0, "2026-02-28"),
        ("2028-01-31", 1, 0, "2028-02-29"),
        ("2026-12-15", 1, 0, "2027-01-15"),
        ("2026-11-30", 3, 0, "2027-02-28"),
        ("2026-03-01T23:59:59Z", 1, 0, "2026-04-01"),
        ("2026-03-01", 0, 45, "2026-04-15"),
    ],
)
def test_months_end_on_the_same_day_or_the_last(
    received: str, months: int, days: int, due: str
) -> None:
    end = end_of_term(seconds_of(received), months=months, days=days)
    assert day_of(end) == due and day_of(end + 1) > due


def test_a_law_or_kind_without_a_term_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(TERM)
    policy = read_due_dates(file)
    assert policy.term("GDPR", "erasure").extended(0) is None
    with pytest.raises(EvidenceError, match="no term for 'access' under 'GDPR'"):
        policy.term("GDPR", "access")
    with pytest.raises(EvidenceError, match="'erasre'"):
        policy.term("GDPR", "erasre")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('source = "Article 12(3)"', ""), "needs a `law` and a `source`"),
        (('source = "Article 12(3)"', 'source = " "'), "needs a `law` and a `source`"),
        (("months = 1", ""), "needs `months` or `days`"),
        (("months = 1", "months = 1.5"), "whole numbers"),
        (("months = 1", "months = -1"), "whole numbers"),
        (("months = 1", "weeks = 4"), "unknown keys: 'weeks'"),
        (('["erasure"]', '["forgetting"]'), "needs `kinds`"),
        (("statutory = true", ""), "needs `statutory`"),
        (("[[term]]", "[term]"), r"at least one \[\[term\]\]"),
        (('version = "house"', "version = "), "is not TOML"),
    ],
)
def test_a_policy_that_leaves_something_open_is_refused(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    file = tmp_path / "terms.toml"
    assert change[0] in TERM
    file.write_text(TERM.replace(*change))
    with pytest.raises(EvidenceError, match=said):
        read_due_dates(file)


def test_two_terms_for_one_kind_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(TERM + TERM.replace('version = "house"', ""))
    with pytest.raises(EvidenceError, match="two terms for 'erasure'"):
        read_due_dates(file)
