"""Both ways: from a person to versions, from a version to rows, consents and sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.evidence.registry.small_bank import (
    DAY,
    PURPOSE,
    START,
    Clock,
    loans,
    with_model,
)
from workbench.common.errors import EvidenceError


def test_a_person_is_found_in_the_versions_that_hold_her(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        clock.pass_days(10)
        registry.request("withdrawal", subject="c-3", clause="GDPR 7(3)")
        clock.pass_days(10)
        registry.retrain_due("credit")
        registry.serve("credit/2")
        found = registry.where_is("c-3")
        (use,) = found.uses
        assert (use.version, use.records, use.purpose) == ("credit/1", 2, PURPOSE)
        assert (use.granted, use.withdrawn) == (START, START + 10 * DAY)
        assert (use.served_from, use.served_until) == (START, START + 20 * DAY)
        assert use.left_with == "credit/2"
        assert [one.id for one in found.requests] == ["R-1"]
        assert "excluded from the training set of version credit/2" in " ".join(found.sentences())
        assert [u.version for u in registry.where_is("c-4").uses] == ["credit/1", "credit/2"]
        assert registry.where_is("c-4").uses[0].left_with is None
        assert registry.served_at("credit", START + 15 * DAY).version == "credit/1"
        assert registry.served_at("credit", START + 20 * DAY).version == "credit/2"
        with pytest.raises(EvidenceError, match="No version of 'credit' was served"):
            registry.served_at("credit", START - 1)


def test_a_version_tells_its_rows_commitments_and_consents(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        rows = registry.rows_of("credit/1")
        assert sorted(rows["leaf"]) == [leaf.hex() for leaf in registry.leaves("credit scoring/1")]
        assert set(rows["source"]) == {"loans"} and set(rows["basis"]) == {"consent"}
        assert rows["withdrawn"].isna().all()
        assert not set(loans().columns) & set(rows.columns), "no content"
        clock.pass_days(1)
        registry.request("withdrawal", subject="c-3", clause="GDPR 7(3)")
        later = registry.rows_of("credit/1")
        assert later["withdrawn"].notna().sum() == 2
        assert set(later["basis"]) == {"consent"}, "in force when the data set was frozen"


def test_a_suspect_prediction_is_followed_to_its_sources(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        registry.source("web", uri="https://example.org/x", licence="CC0")
        web = loans(10, seed=5, first=200).assign(region="north")
        registry.ingest(web, subject="customer", source="web", consent={"purpose": PURPOSE})
        data = registry.freeze(purpose=PURPOSE)
        registry.train("credit", data, registry.models()[0].configuration)
        found = registry.trace("credit/2", "region == 'north'")
        assert (found.rows, found.whole) == (30, 70)
        assert found.sources["slice"].to_dict() == {"loans": 20, "web": 10}
        assert found.sources["licence"].to_dict() == {"loans": "own records", "web": "CC0"}
        table = registry.table(data.name)
        inside = table[table["region"] == "north"]["income"]
        line = found.profile.loc["income"]
        assert line["slice"] == pytest.approx(inside.mean())
        expected = (inside.mean() - table["income"].mean()) / table["income"].std(ddof=0)
        assert line["difference"] == pytest.approx(expected)
        assert "does not show that it caused" in found.sentences()[-1]


def test_a_slice_of_few_people_is_counted_and_not_described(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        incomes = registry.table("credit scoring/1")["income"].sort_values()
        found = registry.trace("credit/1", f"income > {incomes.iloc[-4]}")
        assert found.rows == 3 and found.profile.empty
        assert "counted and not described" in " ".join(found.sentences())
        assert len(registry.trace("credit/1", f"income > {incomes.iloc[-6]}").profile) > 0
        with pytest.raises(EvidenceError, match="nothing like it was trained on"):
            registry.trace("credit/1", "income > 1e9")
        with pytest.raises(EvidenceError, match="no model version 'credit/7'"):
            registry.trace("credit/7", "income > 0")
