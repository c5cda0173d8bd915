"""What fitted models say of the values they were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import workbench as wb
from workbench.cli.sources import Named, load_case
from workbench.models.table_for_model import table_for_model
from workbench.models.training_values import trained_on, unknown_rows, unknown_values
from workbench.tables.files.column_types import Stated
from workbench.tables.files.delimited import READING_NOTES, parse_csv


def fitted(frame: pd.DataFrame, outcome: pd.Series, encoder: Any) -> Any:
    columns = ColumnTransformer([("c", encoder, ["a"])], remainder=StandardScaler())
    return make_pipeline(columns, LogisticRegression()).fit(frame[["a", "b"]], outcome)


def table(levels: list[Any], n: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": pd.Series(levels * (n // len(levels))), "b": rng.normal(size=n)})
    return frame, pd.Series((frame["b"] + np.arange(n) % len(levels) > 0.5).astype(int))


ONE_HOT = OneHotEncoder(handle_unknown="ignore")
FILLED = make_pipeline(SimpleImputer(strategy="most_frequent"), ONE_HOT)
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


@pytest.mark.parametrize("encoder", [ONE_HOT, ORDINAL, FILLED])
def test_values_are_found_inside_pipelines_and_searches(encoder: Any) -> None:
    frame, y = table(["x", "y"])
    model = fitted(frame, y, encoder)
    for estimator in (model, GridSearchCV(model, {}, cv=2).fit(frame, y)):
        said = trained_on(estimator)
        assert said["a"].values == {"x", "y"} and said["a"].missing == (encoder is FILLED)
        assert said["b"].kind == "number"
    boosted = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
    boosted.fit(frame.astype({"a": "category"}), y)
    assert trained_on(boosted)["a"].values == {"x", "y"} and trained_on(boosted)["a"].missing


@pytest.mark.parametrize(
    ("trained", "brought", "reason"),
    [
        ([2121, 2467], ["02121", "02467"], "type as number"),
        (["02121", "02467"], [2121, 2467], "type as text"),
        ([" Male", " Female"], ["Male", "Female"], "blanks"),
        (["male", "female"], ["Male", "Female"], "capital and small"),
        (["None", "Grvl"], [None, "Grvl"], "a value of its own"),
        (["x", np.nan], ["x", "NA"], "mark for missing"),
        (["x", "y"], ["x", None], "no missing values in training"),
        (["yes", "no"], [True, False], "words for yes and no"),
    ],
)
def test_unknown_values_are_said_with_share_and_reason(
    trained: list[Any], brought: list[Any], reason: str
) -> None:
    frame, y = table(trained)
    model = wb.BlackBoxModel.wrap(fitted(frame, y, ONE_HOT))
    other = frame.assign(a=pd.Series(brought * 30))
    assert unknown_values(model, frame) == () and not unknown_rows(model, frame).any()
    (found,) = unknown_values(model, other)
    assert found.column == "a" and found.share == unknown_rows(model, other).mean() >= 0.5
    assert reason in str(found)


def test_no_verdict_below_where_the_model_does_not_know_the_values() -> None:
    frame, y = table(["male", "female"], 600)
    model = fitted(frame, y, ONE_HOT)
    graph = wb.CausalGraph([("a", "b")])
    decisions = []
    for levels in (["male", "female"], ["Male", "Female"]):
        data = frame.assign(a=pd.Series(levels * 300), y=y)
        case = wb.AuditCase(data=data, model=model, graph=graph, outcome="y")
        found = wb.audit(case, wb.UnlearningTarget.feature("a"), ["fuzzing"], threshold=0.95)
        assert found.verdict is not None
        decisions.append(found.verdict.decision)
        assert ("never trained" in " ".join(case.warnings)) == (levels[0] == "Male")
    assert decisions == ["below", "inconclusive"]


@pytest.mark.parametrize(
    ("written", "trained", "said"),
    [
        (["02121", "02467"], [2121, 2467], "read as a number"),
        (["2121", "2467"], ["2121", "2467"], "read as text"),
        (["x", "NA"], ["x", np.nan], "NA as missing"),
        (["1", "NA"], ["1", "NA"], "read as text"),
    ],
)
def test_a_table_is_read_as_the_model_was_trained(
    written: list[str], trained: list[Any], said: str
) -> None:
    frame, y = table(trained)
    model = wb.BlackBoxModel.wrap(fitted(frame, y, ONE_HOT))
    text = frame.assign(a=pd.Series(written * 30)).to_csv(index=False).encode()

    def read(stated: Stated) -> pd.DataFrame:
        return parse_csv(text, "t.csv", said=stated)

    found = table_for_model(read, model, Stated())
    assert not unknown_rows(model, found.data).any()
    assert said in " ".join(sentence for _, sentence in found.data.attrs[READING_NOTES])
    np.testing.assert_allclose(model.predict(found.data), model.predict(frame))
    left = table_for_model(read, model, Stated({"a": "category"}))
    assert left.said.types == {"a": "category"}
    assert "the model was trained" not in str(left.data.attrs.get(READING_NOTES))


def test_the_command_line_reads_and_repeats_what_the_model_was_trained_on(tmp_path: Path) -> None:
    frame, y = table([2121, 2467])
    model = fitted(frame, y, ONE_HOT)
    text = frame.assign(a=frame["a"].map("{:05d}".format), y=y).to_csv(index=False)
    (tmp_path / "t.csv").write_text(text)
    skops.io.dump(model, tmp_path / "m.skops")
    wb.CausalGraph([("a", "b")]).write(tmp_path / "g.json")
    loaded = load_case(
        Named(
            data=tmp_path / "t.csv",
            model=tmp_path / "m.skops",
            graph=tmp_path / "g.json",
            outcome="y",
        )
    )
    names: dict[str, Any] = {"wb": wb}
    exec(loaded.code, names)
    pd.testing.assert_frame_equal(names["data"], loaded.case.data)
    np.testing.assert_allclose(loaded.case.predictions, model.predict_proba(frame)[:, 1])
