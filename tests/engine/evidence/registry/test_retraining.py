"""A planned cycle trains without what was asked to leave, by what was committed before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.engine.evidence.registry.small_bank import (
    DAY,
    PURPOSE,
    START,
    Clock,
    loans,
    with_loans,
    with_model,
)
from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256_hex
from workbench.evidence.configuration import read_configuration
from workbench.evidence.registry import pinned_training
from workbench.evidence.registry.pinned_training import PinnedConfiguration
from workbench.evidence.registry.registry import Registry
from workbench.evidence.retraining import encode_rows, train


def test_the_new_version_is_what_training_without_the_rows_gives(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        clock.pass_days(5)
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        registry.request("withdrawal", subject="c-4", clause="GDPR 7(3)", purpose=PURPOSE)
        done = registry.retrain_due("credit")
        configuration = read_configuration(registry.configuration(done.version.configuration))
        kept = loans()[~loans()["customer"].isin(["c-3", "c-4"])].drop(columns="customer")
        plain = train(configuration, *encode_rows(kept, configuration)).to_bytes()
        assert (
            done.version.sha256 == sha256_hex(plain) == sha256_hex(registry.model_file("credit/2"))
        )
        assert done.version.sha256 != done.replaced.sha256
        assert (done.dataset.left, done.dataset.joined) == (4, 0)
        assert done.dataset.why_left == {"erasure": 2, "withdrawal": 2}
        assert [one.state for one in done.requests] == ["retrained", "retrained"]
        assert done.version.configuration == done.replaced.configuration
        text = " ".join(done.sentences())
        assert "excluded from the training set of version credit/2" in text
        for word in ("erased", "proved", "complies", "forgot"):
            assert word not in text
        assert registry.replay("credit/1").outcome == registry.replay("credit/2").outcome == "same"
        with pytest.raises(EvidenceError, match="nothing was done"):
            registry.retrain_due("credit")


def test_rows_taken_in_since_wait_for_a_data_set_of_their_own(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        late = loans(4, seed=9, first=100)
        registry.ingest(late, subject="customer", source="loans", consent={"purpose": PURPOSE})
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        done = registry.retrain_due("credit")
        gone, came = registry.delta(done.dataset.name)
        assert (len(gone), len(came), done.dataset.size) == (2, 0, 58)


def test_a_cycle_can_wait_until_something_is_due(tmp_path: Path) -> None:
    clock = Clock()
    with with_model(tmp_path, clock) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        with pytest.raises(EvidenceError, match="is due by then"):
            registry.retrain_due("credit", due_by=START + 7 * DAY)
        assert len(registry.datasets()) == 1
        clock.pass_days(20)
        registry.request("erasure", subject="c-5", clause="GDPR 17(1)(b)")
        done = registry.retrain_due("credit", due_by=START + 40 * DAY)
        assert len(done.requests) == 2, "who asked later does not stay in what is made now"


def test_a_feature_is_masked_in_all_rows(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        registry.request("erasure", features=["debt"], clause="GDPR 17(1)(d)")
        assert registry.models_with_open_requests() == ["credit"]
        done = registry.retrain_due("credit")
        assert (done.without, done.dataset.left) == (("debt",), 0)
        assert done.requests[0].state == "retrained"
        model = registry.model("credit/2")
        assert set(model.features or ()) == {"income", "region"}
        table = loans(6)
        moved = registry.model("credit/1").predict(table.assign(debt=0.9))
        assert np.abs(moved - registry.model("credit/1").predict(table)).max() > 0.01
        # and it stays masked in the version after
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        assert registry.retrain_due("credit").without == ("debt",)
        assert registry.replay("credit/3").outcome == "same"


def test_a_training_that_fails_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.evidence.registry import retraining

    with with_model(tmp_path, Clock()) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        entries = registry.entries()

        def fail(*_: object, **__: object) -> None:
            raise EvidenceError("out of luck")

        monkeypatch.setattr(retraining, "train", fail)
        with pytest.raises(EvidenceError, match="out of luck"):
            registry.retrain_due("credit")
        assert registry.entries() == entries and len(registry.datasets()) == 1
        monkeypatch.undo()
        assert registry.retrain_due("credit").version.version == "credit/2"


def with_forest(folder: Path) -> Registry:
    registry = with_loans(folder)
    data = registry.freeze(purpose=PURPOSE)
    made = PinnedConfiguration.here("paid", ["income", "debt", "region"], "forest", seed=3)
    registry.train("forest", data, registry.commit(made))
    return registry


def test_a_forest_is_replayed_by_its_predictions(tmp_path: Path) -> None:
    with with_forest(tmp_path) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        done = registry.retrain_due("forest")
        again = registry.replay(done.version.version)
        assert again.outcome == "same" and "no proof for another" in again.sentence()
        assert registry.model("forest/2").predict(loans(4)).shape == (4,)


def test_a_forest_of_other_rows_is_told_from_the_replay(tmp_path: Path) -> None:
    with with_forest(tmp_path) as registry:
        other = registry.table("credit scoring/1").iloc[:40]
        body = registry.configuration(registry.models()[0].configuration)
        configuration = pinned_training.read_pinned(body)
        assert configuration is not None
        file = pinned_training.train_pinned(configuration, other)
        found = pinned_training.replay_pinned(
            configuration, registry.table("credit scoring/1"), file
        )
        assert found.outcome == "differs" and found.largest > 0.01


def test_other_versions_than_the_committed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_forest(tmp_path) as registry:
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        monkeypatch.setattr(pinned_training.np, "__version__", "1.0")
        with pytest.raises(EvidenceError, match=r"was committed for numpy .* \(here 1.0\)"):
            registry.retrain_due("forest")


def test_a_version_that_was_handed_in_is_told_and_not_known(tmp_path: Path) -> None:
    with with_model(tmp_path, Clock()) as registry:
        configuration = registry.models()[0].configuration
        registry.request("erasure", subject="c-3", clause="GDPR 17(1)(b)")
        data = registry.freeze(purpose=PURPOSE, only_leaving=True)
        version = registry.register_model("credit", data, configuration, file=b"a model")
        assert not version.trained_here and registry.models()[0].trained_here
        with pytest.raises(EvidenceError, match="only its hash"):
            registry.model("credit/2")
        with pytest.raises(EvidenceError, match="was handed in"):
            registry.evidence_for("R-1", "credit")


def test_files_go_when_their_retention_ends(tmp_path: Path) -> None:
    clock = Clock()
    with with_loans(tmp_path, clock) as registry:
        data = registry.freeze(purpose=PURPOSE)
        made = PinnedConfiguration.here("paid", ["income", "debt"], "logistic")
        registry.train("credit", data, registry.commit(made), keep_until=START + 9 * DAY)
        assert registry.drop_files() == 0
        clock.pass_days(10)
        assert registry.drop_files() == 1
        with pytest.raises(EvidenceError, match="only its hash"):
            registry.model_file("credit/1")
