"""A folder of Parquet files on the command line: who works on it, and what is said before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.cli.commands import app
from workbench.cli.partitioned import workers_of
from workbench.common.errors import DataError
from workbench.common.map_reduce import Workers

pytest.importorskip("pyarrow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    a = rng.normal(size=3_000)
    frame = pd.DataFrame({"a": a, "b": 2 * a + rng.normal(size=3_000)})
    frame["score"] = 0.3 * frame["a"] + 0.5 * frame["b"] + 0.01 * rng.normal(size=3_000)
    made = tmp_path / "table"
    made.mkdir()
    for place in range(3):
        frame.iloc[1_000 * place : 1_000 * (place + 1)].to_parquet(made / f"{place}.parquet")
    wb.CausalGraph([("a", "b")]).write(tmp_path / "graph.json")
    return tmp_path


def _audit(folder: Path, *options: str) -> Any:
    call = ["audit", "--data", str(folder / "table"), "--graph", str(folder / "graph.json")]
    call += ["--predictions", "score", "--features", "a,b", "--target", "a", "--method", "cafe"]
    return CliRunner().invoke(app, [*call, *options], env={"COLUMNS": "300"})


def test_a_folder_is_audited_and_the_plan_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 500)
    said = _audit(folder, "--code")

    assert said.exit_code == 1, said.output
    assert "CAFÉ reads all 3,000 rows of the table twice, in 3 partitions, in one process" in (
        said.stderr
    )
    text = " ".join(said.stdout.split())
    assert "CAFÉ over all 3,000 rows of the target, a (" in text
    assert "rest on 500 rows of it, drawn at random" in text
    assert "data = wb.Table.parquet(" in said.stdout
    assert "in all 500 rows of a random sample of the table's 3,000" in text
    assert "rows of the data" not in text


def test_a_damaged_file_ends_in_a_sentence(folder: Path) -> None:
    file = folder / "table" / "1.parquet"
    content = bytearray(file.read_bytes())
    content[4:400] = b"\xff" * 396
    file.write_bytes(content)
    said = _audit(folder)

    assert said.exit_code == 2, said.output
    assert "1.parquet cannot be read as Parquet" in said.stderr
    assert "Traceback" not in said.output


def test_a_table_that_fits_says_nothing_of_a_sample(folder: Path) -> None:
    said = _audit(folder)

    assert said.exit_code == 1, said.output
    assert "drawn at random" not in said.output


def test_workers_with_too_little_memory_are_refused_before_any_pass(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 500)
    monkeypatch.setattr("workbench.methods.cafe.table_memory.PROGRAM", 2_000_000_000)
    said = _audit(folder, "--workers", "2", "--memory", "2GB")

    assert said.exit_code == 2
    assert "A worker needs about 2,0" in said.stderr
    assert "and has 1,000 MB" in said.stderr


def test_workers_without_partitions_are_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(
        app, ["audit", "--data", str(tmp_path / "x.csv"), "--workers", "2", "--target", "a"]
    )

    assert said.exit_code == 2
    assert "share out a table in partitions" in said.stderr


def test_memory_and_schedulers_are_read_in_words() -> None:
    assert workers_of(2, "4GB", None) == Workers(2, 4_000_000_000)
    assert workers_of(None, "0.5 GiB", None) == Workers(1, 2**29)
    assert workers_of(3, None, None) == 3
    with pytest.raises(DataError, match="'much' is no size"):
        workers_of(2, "much", None)
    with pytest.raises(DataError, match="--scheduler has workers of its own"):
        workers_of(2, None, "tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:1", "tls://127.0.0.1:1", ""])
def test_an_address_of_no_scheduler_is_told_in_words(address: str) -> None:
    with pytest.raises(DataError, match=r"No Dask scheduler answers .* written so: --scheduler"):
        workers_of(None, None, address)


def test_an_endpoint_is_not_asked_by_many_workers(folder: Path) -> None:
    call = ["audit", "--data", str(folder / "table"), "--graph", str(folder / "graph.json")]
    call += ["--endpoint", "http://127.0.0.1:1/v2/models/m", "--features", "a,b", "--target", "a"]
    said = CliRunner().invoke(app, call)

    assert said.exit_code == 2
    assert "every worker would ask it at once" in " ".join(said.stderr.split())
