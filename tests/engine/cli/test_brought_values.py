"""Values that a file brings by other roads than training did: the right answer, or a refusal."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from typer.testing import CliRunner, Result

import workbench as wb
from workbench.cli.commands import app

N = 600
HOT = OneHotEncoder(handle_unknown="ignore")
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def world(levels: list[Any]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, len(levels), N)
    income = 50 + 10 * (codes == 0) + 5 * rng.normal(size=N)
    y = income / 100 + 0.3 * (codes == 0) + 0.1 * rng.normal(size=N) > 0.7
    brought = pd.Series([levels[code] for code in codes])
    return pd.DataFrame({"a": brought, "income": income.round(3), "y": y.astype(int)})


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def binary(method: str) -> Callable[[pd.DataFrame], bytes]:
    def written(frame: pd.DataFrame) -> bytes:
        into = io.BytesIO()
        getattr(frame, method)(into, **({} if method == "to_feather" else {"index": False}))
        return into.getvalue()

    return written


WRITTEN: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": csv,
    ".csv.gz": lambda frame: gzip.compress(csv(frame)),
    ".xlsx": binary("to_excel"),
    ".parquet": binary("to_parquet"),
    ".feather": binary("to_feather"),
}


def audited(folder: Path, ending: str, content: bytes, *more: str) -> tuple[Result, float | None]:
    (folder / f"t{ending}").write_bytes(content)
    wb.CausalGraph([("a", "income"), ("a", "y"), ("income", "y")]).write(folder / "g.json")
    arguments = ["audit", "--data", f"{folder}/t{ending}", "--graph", f"{folder}/g.json"]
    arguments += ["--outcome", "y", "--target", "a", "--threshold", "0.02"]
    arguments += ["--json", f"{folder}/out.json", *more]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert result.exit_code in (0, 1, 2, 3) and "Traceback" not in result.output
    if not (folder / "out.json").exists():
        return result, None
    (effect,) = json.loads((folder / "out.json").read_text())["effects"]
    return result, float(effect["total"])


ROADS = [
    # levels as the file has them, what the model was trained on, encoder, ending, what is said
    (["02121", "02467"], [2121, 2467], ORDINAL, ".csv.gz", "read as a number"),
    (["02121", "02467"], [2121, 2467], HOT, ".xlsx", "read as a number"),
    (["02121", "02467"], [2121, 2467], ORDINAL, ".parquet", "read as a number"),
    (["02121", "02467"], [2121, 2467], HOT, ".feather", "read as a number"),
    ([101.0, 102.0], [101, 102], ORDINAL, ".csv", ""),
    (["1", "0"], [True, False], HOT, ".csv", ""),
    (["yes", "no"], [True, False], HOT, ".csv", "read as yes or no"),
    (["TRUE", "FALSE"], ["TRUE", "FALSE"], HOT, ".csv.gz", "read as text"),
    ([True, False], ["True", "False"], HOT, ".parquet", "read as text"),
    (["1", "0"], ["1", "0"], ORDINAL, ".csv", "read as text"),
    ([" x", "x"], [" x", "x"], HOT, ".csv", ""),
    (["x ", "x"], ["x ", "x"], HOT, ".xlsx", ""),
    (["x\u00a0", "x"], ["x\u00a0", "x"], HOT, ".feather", ""),
    (["x", "X"], ["x", "X"], ORDINAL, ".parquet", ""),
    (["NA", "ok", "zz"], ["NA", "ok", "zz"], HOT, ".csv", "'NA' is read as a value"),
    (["None", "ok", "zz"], ["None", "ok", "zz"], HOT, ".xlsx", ""),
    (["nan", "ok", "zz"], ["nan", "ok", "zz"], HOT, ".parquet", ""),
    (["?", "ok", "zz"], ["?", "ok", "zz"], HOT, ".csv.gz", "'?' is read as a value"),
    (["NA", "1", "2"], ["NA", "1", "2"], HOT, ".csv", "read as text"),
]


@pytest.mark.parametrize(("levels", "trained", "encoder", "ending", "said"), ROADS)
def test_a_file_gives_what_the_training_table_gives(
    levels: list[Any], trained: list[Any], encoder: Any, ending: str, said: str, tmp_path: Path
) -> None:
    training, brought = world(trained), world(levels)
    columns = ColumnTransformer([("c", encoder, ["a"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(max_iter=3000))
    model.fit(training[["a", "income"]], training["y"])
    skops.io.dump(model, tmp_path / "m.skops")
    more = ("--model", f"{tmp_path}/m.skops", "--method", "fuzzing")
    result, total = audited(tmp_path, ending, WRITTEN[ending](brought), *more)
    graph = wb.CausalGraph([("a", "income"), ("a", "y"), ("income", "y")])
    case = wb.AuditCase(data=training, model=model, graph=graph, outcome="y")
    truth = wb.audit(case, wb.UnlearningTarget.feature("a"), ["fuzzing"]).effects["a"].total
    assert result.exit_code == 1 and said in result.output
    saved = wb.read_report(tmp_path / "out.json")
    assert any(said in warning for warning in saved.diagnostics.warnings) or not said
    assert total is not None and abs(total) == pytest.approx(abs(truth.value), abs=1e-6)


@pytest.mark.parametrize(
    ("levels", "trained", "ending", "said"),
    [
        ([2121, 2467], ["02121", "02467"], ".parquet", "trained on text"),
        ([2121, 2467], ["02121", "02467"], ".xlsx", "trained on text"),
        ([101.0, 102.0], ["101", "102"], ".csv", "trained on text"),
        ([101, 102], ["101.0", "102.0"], ".csv", "trained on text"),
        ([True, False], ["TRUE", "FALSE"], ".xlsx", "words for yes and no"),
    ],
)
def test_a_model_that_fails_is_refused_with_what_it_never_met(
    levels: list[Any], trained: list[Any], ending: str, said: str, tmp_path: Path
) -> None:
    training = world(trained)
    columns = ColumnTransformer([("c", HOT, ["a"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(max_iter=3000))
    skops.io.dump(model.fit(training[["a", "income"]], training["y"]), tmp_path / "m.skops")
    more = ("--model", f"{tmp_path}/m.skops", "--method", "fuzzing")
    result, total = audited(tmp_path, ending, WRITTEN[ending](world(levels)), *more)
    if total is None:
        assert result.exit_code == 2 and said in result.output
    else:  # the encoder took them in silence
        assert result.exit_code != 0 and said in result.output


LOGGED = ("--predictions", "p", "--features", "a,income", "--method", "cafe")


def logged(**columns: Callable[[float], Any]) -> pd.DataFrame:
    """Return a table with logged predictions, some columns spelled in another way."""
    frame = world([1, 0])
    frame["p"] = (frame["income"] / 100 + 0.3 * frame["a"] - 1).round(4)
    return frame.assign(**{name: frame[name].map(spell) for name, spell in columns.items()})


@pytest.fixture(scope="module")
def plain_total(tmp_path_factory: pytest.TempPathFactory) -> float | None:
    """The effect in the table of logged predictions as it is."""
    return audited(tmp_path_factory.mktemp("plain"), ".csv", csv(logged()), *LOGGED)[1]


@pytest.mark.parametrize(
    ("spell", "said"),
    [
        (lambda v: f"{v}%", "are text, such as '"),
        (lambda v: f"€{v}", "are text, such as '"),
        (lambda v: f"({-v})" if v < 0 else str(v), "are text, such as '("),
        (lambda v: f"{-v}-" if v < 0 else str(v), "where numbers are expected"),
        (lambda v: "abc" if v > 0 else v, "'abc', where numbers are expected"),
        (lambda v: 1e308 if v > 0 else v, "beyond ±1e+30"),
        (lambda v: "inf" if v > 0 else v, "NaN or infinity"),
        (lambda v: None if v > 0 else v, "NaN or infinity"),
    ],
)
def test_predictions_that_are_no_numbers_are_named(
    spell: Callable[[float], Any], said: str, tmp_path: Path
) -> None:
    result, total = audited(tmp_path, ".csv", csv(logged(p=spell)), *LOGGED)
    assert result.exit_code == 2 and total is None and said in result.output


@pytest.mark.parametrize(
    ("spell", "said"),
    [
        (lambda v: str(v).replace("-", "\u2212"), ""),
        (lambda v: f"{v:.4E}", ""),
        (lambda v: f"{v:.4f}".replace(".", ","), ""),
    ],
)
def test_numbers_in_other_spellings_give_the_same(
    spell: Callable[[float], Any], said: str, tmp_path: Path, plain_total: float
) -> None:
    result, total = audited(tmp_path, ".csv", csv(logged(p=spell)), *LOGGED)
    assert total == pytest.approx(plain_total, abs=1e-3)
    assert said in result.output


@pytest.mark.parametrize(
    ("spell", "said"),
    [
        (lambda v: "abc" if v > 65 else v, "'abc' is no plain number"),
        (lambda v: f"{v}%", "no plain numbers"),
        (lambda v: str(v).replace(".", ",") if v > 55 else v, "spelled in several ways"),
    ],
)
def test_a_column_that_is_nearly_numbers_says_why_it_is_text(
    spell: Callable[[float], Any], said: str, tmp_path: Path
) -> None:
    result, _ = audited(tmp_path, ".csv", csv(logged(income=spell)), *LOGGED)
    assert "income is kept as text" in result.output and said in result.output


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_blanks_before_the_names_of_a_header_are_no_part_of_them(
    ending: str, tmp_path: Path
) -> None:
    """pandas keeps them when a model is trained; the file and the graph are read without."""
    brought = world([1, 0]).rename(columns={"a": " a", "income": " income"})
    model = LogisticRegression(max_iter=3000).fit(brought[[" a", " income"]], brought["y"])
    skops.io.dump(model, tmp_path / "m.skops")
    more = ("--model", f"{tmp_path}/m.skops", "--method", "fuzzing")
    result, total = audited(tmp_path, ending, WRITTEN[ending](brought), *more)
    graph = wb.CausalGraph([(" a", " income"), (" a", "y"), (" income", "y")])
    case = wb.AuditCase(data=brought, model=model, graph=graph, outcome="y")
    truth = wb.audit(case, wb.UnlearningTarget.feature(" a"), ["fuzzing"]).effects[" a"].total
    assert total == pytest.approx(truth.value) and "' income is income'" in result.output


def test_logged_predictions_stay_with_their_rows_in_whatever_order_a_file_has_them(
    tmp_path: Path, plain_total: float
) -> None:
    """Case 09 by another road: the labels of rows are a column without a name."""
    frame = logged()
    shuffled = frame.set_index("r" + frame.index.astype(str)).sample(frac=1, random_state=0)
    result, total = audited(tmp_path, ".csv", shuffled.to_csv().encode(), *LOGGED)
    assert total == pytest.approx(plain_total) and "row names" in result.output


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_seconds_since_1970_give_what_seconds_of_the_day_give(
    ending: str, tmp_path: Path, plain_total: float
) -> None:
    """Case 17 by another road: a mediator whose mean is large beside its spread, in a file."""
    frame = logged()
    late = frame.assign(income=frame["income"] + 1.7e9)
    _, total = audited(tmp_path, ending, WRITTEN[ending](late), *LOGGED)
    assert total == pytest.approx(plain_total, abs=1e-4)


def test_columns_that_the_graph_does_not_hold_change_nothing(
    tmp_path: Path, plain_total: float
) -> None:
    """Case 19 by another road: a file, and predictions that were logged."""
    frame = logged()
    extra = np.random.default_rng(1).normal(size=(N, 40)).round(3)
    more_columns = pd.DataFrame(extra, columns=[f"w{place}" for place in range(40)])
    wide = pd.concat([frame, more_columns], axis=1)
    reads = ",".join(column for column in wide if column not in ("y", "p"))
    more = ("--predictions", "p", "--features", reads, "--method", "cafe")
    result, total = audited(tmp_path, ".csv", csv(wide), *more)
    assert total == pytest.approx(plain_total)
    assert "Effects of 40 features" in result.output
