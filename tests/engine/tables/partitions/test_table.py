"""A table in partitions: the same rows, however they are kept and cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.case.partition import CaseOfPartitions
from workbench.common.errors import DataError
from workbench.tables.partitions.table import Table

pa = pytest.importorskip("pyarrow")


def _frame(n: int = 1_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    income = rng.normal(size=n)
    income[::7] = np.nan
    return pd.DataFrame(
        {"income": income, "town": rng.choice(["a", "b", "ç"], n), "age": rng.integers(9, 99, n)}
    )


def _tables(folder: Path) -> dict[str, Table]:
    import pyarrow.dataset
    import pyarrow.parquet

    frame = _frame()
    for place in range(3):
        part = pa.Table.from_pandas(frame.iloc[400 * place : 400 * (place + 1)])
        pyarrow.parquet.write_table(part, folder / f"{place}.parquet", row_group_size=150)
    return {
        "one": Table.pandas(frame),
        "seventeen": Table.pandas(frame, 17),
        "folder": Table.parquet(folder),
        "pattern": Table.parquet(folder / "*.parquet"),
        "arrow": Table.arrow(pa.Table.from_pandas(frame), 3),
        "dataset": Table.arrow(pyarrow.dataset.dataset(folder)),
    }


@pytest.fixture
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The table in a database, by every kind of connection."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from adbc_driver_sqlite import dbapi

    path = tmp_path_factory.mktemp("database") / "people.db"
    with closing(sqlite3.connect(path)) as held:
        _frame().to_sql("people", held, index=False)
        held.commit()
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        with dbapi.connect(str(path)) as driver, engine.connect() as connection:
            yield {"DB-API": held, "ADBC": driver, "engine": engine, "SQLAlchemy": connection}
        engine.dispose()


def test_every_way_to_bring_a_table_gives_the_same_rows_and_the_same_sample(
    tmp_path: Path, databases: dict[str, Any]
) -> None:
    names = ["income", "town", "age"]
    asked = {way: Table.sql("select * from people", base, 3) for way, base in databases.items()}
    for way, table in (_tables(tmp_path) | asked).items():
        whole, some = table.sample(1_000, names), table.sample(100, names)

        assert table.n_rows == 1_000, way
        pd.testing.assert_frame_equal(whole, _frame())
        pd.testing.assert_frame_equal(some, _frame().loc[some.index])
        assert some.index.tolist() == Table.pandas(_frame()).sample(100).index.tolist(), way


def test_decimals_and_dates_are_numbers_and_text_by_every_road(tmp_path: Path) -> None:
    import pyarrow.dataset
    import pyarrow.parquet

    money, days = [Decimal("1.50"), Decimal("2.25"), None], [date(2024, 5, 17), None] * 2
    arrow = pa.table({"money": money, "day": days[:3]})
    pyarrow.parquet.write_table(arrow, tmp_path / "a.parquet")
    wanted = pd.DataFrame({"money": [1.5, 2.25, np.nan], "day": ["2024-05-17", None, "2024-05-17"]})
    for table in (
        Table.arrow(arrow),
        Table.parquet(tmp_path / "a.parquet"),
        Table.arrow(pyarrow.dataset.dataset(tmp_path)),
        Table.sql("any", _Answers(("money", "day"), list(zip(money, days, strict=False)))),
    ):
        pd.testing.assert_frame_equal(table.sample(3), wanted.astype({"day": "str"}))


class _Answers:
    """A DB-API connection, and its cursor, that gives the types of PostgreSQL's drivers."""

    def __init__(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self.description = [(name, *[None] * 6) for name in names]
        self.fetchall = rows.copy

    def execute(self, query: str) -> None: ...


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select nothing from people", "refuses the query: .*nothing"),
        ("drop table if exists other", "answers with no rows. Write one that selects"),
        ("select age as x, town as x from people", "two columns of one name: 'x'. Name each"),
        ("select * from people where age > 1000", "has 0 rows"),
    ],
)
def test_what_no_table_comes_from_is_refused_in_words(
    databases: dict[str, Any], query: str, said: str
) -> None:
    for connection in databases.values():
        with pytest.raises(DataError, match=said):
            Table.sql(query, connection)
        assert Table.sql("select age from people", connection).n_rows == 1_000  # still open


def test_frames_of_polars_and_duckdb_hold_the_same_rows() -> None:
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    frame = _frame()
    with duckdb.connect() as base:
        base.register("people", frame)
        for table in (
            Table.polars(polars.from_pandas(frame), 3),
            Table.sql("select * from people", base, 3),
        ):
            pd.testing.assert_frame_equal(table.sample(1_000), frame)


def test_times_of_day_are_text_as_in_a_single_file(tmp_path: Path) -> None:
    import pyarrow.parquet

    times = [datetime(2024, 5, 17, 8, 30), datetime(2024, 5, 17), datetime(2024, 5, 18)]
    arrow = pa.table({"when": times, "a": [1.0, 2.0, 3.0]})
    pyarrow.parquet.write_table(arrow, tmp_path / "a.parquet")
    alone = wb.read_table(tmp_path / "a.parquet")
    for table in (Table.arrow(arrow), Table.parquet(tmp_path)):
        pd.testing.assert_frame_equal(table.sample(3), alone)


def test_what_a_driver_takes_for_a_query_is_left_to_it() -> None:
    answers = _Answers(("a",), [(1,), (2,)])
    composed = object()  # as psycopg's sql.Composed: neither a text nor one with a text in it
    assert Table.sql(composed, answers).n_rows == Table.sql(b"select a", answers).n_rows == 2
    with (
        closing(sqlite3.connect(":memory:")) as base,
        pytest.raises(DataError, match=r"refuses the query: .*str.*not bytes"),
    ):
        Table.sql(b"select 1", base)


def test_an_address_is_no_connection() -> None:
    with pytest.raises(DataError, match=r"open connection .* is expected .*, not a str"):
        Table.sql("select 1", "sqlite:///people.db")
    with pytest.raises(DataError, match=r"^sqlite3 is the package, not a connection .*connect"):
        Table.sql("select 1", sqlite3)
    with pytest.raises(DataError, match=r"^pyarrow is the package, .*\. Open one\.$"):
        Table.sql("select 1", pa)


def test_a_folder_of_folders_is_a_dataset_whose_names_are_a_column(tmp_path: Path) -> None:
    import pyarrow.dataset as ds

    for year in (2024, 2025):
        (tmp_path / f"year={year}").mkdir()
        _frame().to_parquet(tmp_path / f"year={year}" / "people.parquet")
    with pytest.raises(DataError, match=r"A folder of folders is brought as a dataset: .*ds\."):
        Table.parquet(tmp_path)

    table = Table.arrow(ds.dataset(tmp_path, partitioning="hive"))
    assert table.sample(2_000, ["year", "age"])["year"].value_counts().to_dict() == {
        2024: 1_000,
        2025: 1_000,
    }
    files = sorted(tmp_path.glob("*/*.parquet"))
    assert Table.parquet(files).n_rows == Table.parquet(*files).n_rows == 2_000
    for file in files:
        file.unlink()
    with pytest.raises(DataError, match="Every worker must reach the table's files"):
        table.sample(10)


def test_a_mistyped_name_is_not_taken_for_a_folder_of_folders(tmp_path: Path) -> None:
    for place in ("", "hive/a=1/b=2", "odd[1]"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        _frame().to_parquet(tmp_path / place / "loans.parquet")
    with pytest.raises(DataError, match=r"laons\.parquet\. Name Parquet files"):
        Table.parquet(tmp_path / "laons.parquet")
    with pytest.raises(DataError, match=r"hive/\*\.parquet\. A folder of folders is brought"):
        Table.parquet(tmp_path / "hive")
    assert Table.parquet(tmp_path / "odd[1]").n_rows == 1_000
    _frame().to_parquet(tmp_path / "odd[1].parquet")
    assert Table.parquet(tmp_path / "odd[1].parquet").n_rows == 1_000


@pytest.mark.parametrize(("form", "said"), [("parquet", "nothing"), ("csv", "'?x'?")])
def test_files_of_a_dataset_that_do_not_fit_are_not_called_damaged(
    tmp_path: Path, form: str, said: str
) -> None:
    import pyarrow.dataset as ds

    for name, values in (("0", [1, 2]), ("1", ["x", "y"])):
        getattr(pd.DataFrame({"a": values}), f"to_{form}")(tmp_path / f"{name}.{form}", index=False)
    dataset = ds.dataset(tmp_path, format=form, schema=pa.schema([("a", pa.int64())]))
    with pytest.raises(DataError, match=said) as told:
        Table.arrow(dataset).sample(4, ["a", "nothing"] if form == "parquet" else None)
    assert "cannot be read: " in str(told.value) and "as Parquet" not in str(told.value)
    assert str(told.value).endswith("of the same type in all of its files.")


def test_whatever_hands_rows_over_as_arrow_does_is_a_table() -> None:
    arrow = pa.table({"a": [1.0, 2.0]})
    for data in (arrow.to_reader(), arrow.to_batches()[0], arrow.to_pandas()):
        assert Table.arrow(data).sample(2)["a"].tolist() == [1.0, 2.0]
    labelled = arrow.to_pandas().set_index(pd.Index([7, 8]))
    assert Table.arrow(labelled).columns == ("a",)
    with pytest.raises(DataError, match=r"^Arrow reads no table from this ChunkedArray: .*named"):
        Table.arrow(arrow["a"])
    with pytest.raises(DataError, match=r"not a DoubleArray of pyarrow\.$"):
        Table.arrow(pa.array([1.0]))


def test_what_is_no_frame_of_pandas_is_told_its_way_in() -> None:
    arrow = pa.table({"a": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"Table of pyarrow\. Bring it as wb\.Table\.arrow"):
        Table.pandas(arrow)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"not a str\. Read the file first"):
        wb.AuditCase(data="people.csv", model=len, graph=wb.CausalGraph([("a", "b")]))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="An address is brought as a dataset"):
        Table.parquet("s3://bank/people/*.parquet")


def test_another_seed_draws_other_rows() -> None:
    table = Table.pandas(_frame(), 5)

    assert table.sample(100, seed=1).index.tolist() != table.sample(100, seed=0).index.tolist()


@pytest.mark.parametrize("cut", [0, -1, True, 1_001, 2.5])
def test_a_table_is_cut_into_no_more_partitions_than_rows(cut: int) -> None:
    with pytest.raises(DataError, match="is cut into 1 to 1,000 partitions"):
        Table.pandas(_frame(), cut)


def test_an_empty_table_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it is empty"):
        Table.pandas(_frame().iloc[:0])
    with pytest.raises(DataError, match="There is no file"):
        Table.parquet(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(DataError, match="is no Parquet file that can be read"):
        Table.parquet(tmp_path / "text.parquet")


def test_a_damaged_row_group_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "0.parquet"
    _frame().to_parquet(file, compression=None)
    content = bytearray(file.read_bytes())
    content[4:200] = b"\xff" * 196  # the first page; the footer is whole
    file.write_bytes(content)
    table = Table.parquet(tmp_path)
    with pytest.raises(DataError, match=r"0\.parquet cannot be read as Parquet"):
        table.sample(10)


def test_a_file_that_crashes_who_reads_it_is_tried_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _frame().to_parquet(tmp_path / "0.parquet")
    assert Table.parquet(tmp_path, tried_first=True).n_rows == 1_000
    program = tmp_path / "crash.py"
    program.write_text(
        "import os\n\ndef take_apart(content, told):\n"
        "    assert content.endswith(b'0.parquet')\n    os.abort()\n"
    )
    monkeypatch.setattr("workbench.tables.partitions.table.TRIAL", program)
    assert Table.parquet(tmp_path).n_rows == 1_000
    with pytest.raises(DataError, match="reading it ended the process that tried"):
        Table.parquet(tmp_path, tried_first=True)


def test_files_with_different_columns_are_refused(tmp_path: Path) -> None:
    _frame().to_parquet(tmp_path / "0.parquet")
    _frame().rename(columns={"age": "years"}).to_parquet(tmp_path / "1.parquet")

    with pytest.raises(DataError, match=r"other columns than .*0.parquet: 'age', 'years'"):
        Table.parquet(tmp_path)


def test_files_named_from_here_are_read_by_workers_that_are_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(tmp_path / "rows.parquet")
    monkeypatch.chdir(tmp_path)
    (part,) = Table.parquet("rows.parquet").partitions

    monkeypatch.chdir(elsewhere)
    assert part.read(["a"])["a"].tolist() == [1.0, 2.0]
    (tmp_path / "rows.parquet").unlink()
    with pytest.raises(DataError, match="worker must reach the table's files under the same path"):
        part.read(["a"])


def test_what_cannot_be_read_ends_in_a_sentence(tmp_path: Path) -> None:
    closed = sqlite3.connect(":memory:")
    closed.close()
    with pytest.raises(DataError, match=r"^The database cannot be reached: .*closed"):
        Table.sql("select 1", closed)
    engine = pytest.importorskip("sqlalchemy").create_engine(f"sqlite:///{tmp_path}/none/of.db")
    with pytest.raises(DataError, match=r"^The database cannot be reached: "):
        Table.sql("select 1", engine)
    twice = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"])
    with pytest.raises(DataError, match=r"several columns named 'a'"):
        Table.pandas(twice).sample(2)


def test_numbers_stay_numbers_where_a_file_knows_none_of_them(tmp_path: Path) -> None:
    """And a text among them, in a part that the sample missed, is named."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"f": rng.normal(size=900), "debt": rng.normal(size=900)})
    model = wb.BlackBoxModel(lambda d: 0.5 + 0.01 * d.f.to_numpy(), features=["f", "debt"])
    graph = wb.CausalGraph([], nodes=["f", "debt"])
    rows.head(870).to_parquet(tmp_path / "a.parquet")
    rows.tail(30).assign(debt=pd.Series([None] * 30, rows.index[870:], object)).to_parquet(
        tmp_path / "b.parquet"
    )
    case = wb.AuditCase(data=Table.parquet(tmp_path), model=model, graph=graph)
    assert case.columns["debt"].is_numeric
    target = wb.UnlearningTarget.feature("f")
    assert wb.audit(case, target, ("cafe",), threshold=0.02).effects.of("cafe")

    odd = rows.tail(30).astype({"debt": object}).reset_index(drop=True)
    odd.loc[29, "debt"] = "soon"
    (part,) = Table.pandas(odd, partitions=1).partitions
    with pytest.raises(DataError, match=r"^Column 'debt' holds numbers .*'soon'"):
        CaseOfPartitions.of(case, target).open(part)
