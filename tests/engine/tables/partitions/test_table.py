"""A table in partitions: the same rows, however they are kept and cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


def test_every_way_to_bring_a_table_gives_the_same_rows_and_the_same_sample(
    tmp_path: Path,
) -> None:
    names = ["income", "town", "age"]
    for way, table in _tables(tmp_path).items():
        whole, some = table.sample(1_000, names), table.sample(100, names)

        assert table.n_rows == 1_000, way
        pd.testing.assert_frame_equal(whole, _frame())
        pd.testing.assert_frame_equal(some, _frame().loc[some.index])
        assert some.index.tolist() == Table.pandas(_frame()).sample(100).index.tolist(), way


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
