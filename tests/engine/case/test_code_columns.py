"""Whole numbers that are codes: taken as categories where their effects have no order."""

import io

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.tables.columns import encode_column
from workbench.tables.files.column_types import stated
from workbench.tables.files.delimited import parse_table
from workbench.tables.whole_number_codes import named_like_code, without_order

GRAPH = wb.CausalGraph([("region", "income"), ("income", "y")])
MODEL = wb.BlackBoxModel(lambda rows: rows["income"] * 1.0, ["income"], output="value")


def drawn(levels: int, codes=None, n: int = 4000) -> tuple[pd.DataFrame, np.ndarray]:
    r = np.random.default_rng(levels)
    means = 2 * r.normal(size=levels)
    z = r.integers(0, levels, n)
    codes = np.arange(1, levels + 1) if codes is None else codes
    table = pd.DataFrame({"region": codes[z], "income": means[z] + 0.5 * r.normal(size=n)})
    return table.assign(y=table["income"]), means


@pytest.mark.parametrize("levels", [20, 50])
def test_codes_written_as_whole_numbers_give_the_difference_of_their_means(levels):
    table, means = drawn(levels)
    a, b = int(means.argmin()), int(means.argmax())
    income = table.groupby("region")["income"].mean()
    truth = income[b + 1] - income[a + 1]
    case = wb.AuditCase(data=table, model=MODEL, graph=GRAPH, outcome="y")
    report = wb.audit(
        case,
        wb.UnlearningTarget.feature("region"),
        ["cafe", "fuzzing"],
        intervention=wb.Contrast(a + 1, b + 1),
    )
    for entry in report.effects:
        assert entry.total.low < truth < entry.total.high
    assert any("region is taken as a category" in said for said in case.warnings)


def test_zip_codes_from_a_file_and_the_type_that_is_stated_for_them():
    zips = np.random.default_rng(1).choice(np.arange(10001, 99999), 30, replace=False)
    table, _ = drawn(30, zips)
    content = table.to_csv(index=False).encode()
    case = wb.AuditCase(parse_table(content, "t.csv"), MODEL, GRAPH, outcome="y")
    assert not case.columns["region"].is_numeric
    said = parse_table(content, "t.csv", said=stated({"region": "number"}))
    case = wb.AuditCase(said, MODEL, GRAPH, outcome="y")
    assert case.columns["region"].is_numeric
    assert not any("region" in warning for warning in case.warnings)


def test_codes_with_missing_values_and_a_yes_or_no_that_depends_on_them():
    table, _ = drawn(24)
    high = np.random.default_rng(3).random(len(table)) < 1 / (1 + np.exp(-table["income"]))
    table = table.assign(income=np.where(high, "yes", "no"))
    table.loc[::50, "region"] = np.nan
    model = wb.BlackBoxModel(lambda rows: (rows["income"] == "yes") * 1.0, ["income"])
    case = wb.AuditCase(table, model, GRAPH)
    assert case.columns["region"].levels[-1] is None
    assert len(case.columns["region"].levels) == 25


def test_what_the_model_is_asked_with_keeps_its_type():
    table, _ = drawn(20)
    column = wb.AuditCase(table, MODEL, GRAPH, outcome="y").columns["region"]
    back = pd.Series(column.decode(column.values))
    assert back.dtype == table["region"].dtype and (back == table["region"]).all()


@pytest.mark.parametrize(
    "shape",
    [
        lambda age: age / 10,
        lambda age: (age >= 30) * 3.0,
        lambda age: (age == 40) * 3.0,
        lambda age: np.sin(age / 8) * 2,
        lambda age: (age - 40) ** 2 / 100,
    ],
    ids=["line", "step", "spike", "wave", "u"],
)
def test_a_quantity_stays_a_quantity_whatever_its_shape(shape):
    r = np.random.default_rng(5)
    age = r.integers(18, 70, 5000)
    column = encode_column("age", pd.Series(age))
    assert not without_order(column, [shape(age) + 0.5 * r.normal(size=len(age))])


def test_a_name_that_says_code_is_asked_about():
    r = np.random.default_rng(0)
    table = pd.DataFrame({"drug_type": r.integers(1, 5, 300), "income": r.normal(size=300)})
    model = wb.BlackBoxModel(lambda rows: rows["income"] * 1.0, ["income", "drug_type"])
    case = wb.AuditCase(table, model, wb.CausalGraph([("drug_type", "income")]))
    assert any("--type drug_type=category" in said for said in case.warnings)
    again = parse_table(
        io.StringIO(table.to_csv(index=False)).read().encode(),
        "t.csv",
        said=stated({"drug_type": "category"}),
    )
    case = wb.AuditCase(again, model, wb.CausalGraph([("drug_type", "income")]))
    assert not any("--type" in said for said in case.warnings)


@pytest.mark.parametrize("name", ["width", "age", "kindness", "statement", "income"])
def test_names_of_quantities(name):
    assert not named_like_code(name)


@pytest.mark.parametrize("name", ["zip", "zipCode", "shop_id", "REGION", "drug"])
def test_names_of_codes(name):
    assert named_like_code(name)


@pytest.mark.parametrize("value", [1e308, -1e308, 3e38])
def test_numbers_that_overflow_are_refused(value):
    with pytest.raises(wb.DataError, match="beyond"):
        encode_column("m", pd.Series([0.0, 1.0, value]))


@pytest.mark.parametrize(("levels", "dtype"), [(20, "float64"), (250, "int64")])
def test_codes_that_are_smoothed_are_said_and_no_small_effect_is_believed(
    levels: int, dtype: str
) -> None:
    rng = np.random.default_rng(1)
    means = rng.choice([-1.0, 1.0], size=levels)
    codes = rng.integers(0, levels, 40 * levels + 1000)
    income = means[codes] + 0.5 * rng.normal(size=len(codes))
    data = pd.DataFrame({"region": codes.astype(dtype), "income": income, "y": income})
    graph = wb.CausalGraph([("region", "income"), ("income", "y")])
    model = wb.BlackBoxModel(lambda rows: rows["income"], ["income"], output="value")
    target = wb.UnlearningTarget.feature("region")
    case = wb.AuditCase(data=data, model=model, graph=graph, outcome="y")
    assert "as if they had no order" in " ".join(case.warnings)
    report = wb.audit(case, target, ["cafe"], threshold=50.0)
    assert report.verdict is not None and report.verdict.decision == "inconclusive"
    ordered = data.assign(income=codes / levels, y=codes / levels)
    calm = wb.AuditCase(data=ordered, model=model, graph=graph, outcome="y")
    assert "no order" not in " ".join(calm.warnings)
    report = wb.audit(calm, target, ["cafe"], threshold=50.0)
    assert report.verdict is not None and report.verdict.decision == "below"
