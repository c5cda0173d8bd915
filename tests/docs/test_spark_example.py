"""The page's adapter for Spark gives what one process gives, where pyspark and Java are installed.

Neither belongs to the tests' environment. With both: ``pip install pyspark pytest``, and this file.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "audit_a_large_table.md"
SILENT = {"progress": lambda *_: None}


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    settings = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name in ("host", "bindAddress"):
        settings = settings.config(f"spark.driver.{name}", "127.0.0.1")
    session = settings.getOrCreate()
    yield session
    session.stop()


def test_the_adapter_of_the_page_gives_the_effects_of_one_process(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.case.audit_case.SAMPLE_ROWS", 1_000)
    rng = np.random.default_rng(0)
    income = rng.normal(size=3_000)
    rows = pd.DataFrame({"income": income, "debt": rng.normal(size=3_000) - income})
    rows["score"] = 0.3 * rows["income"] - 0.5 * rows["debt"]
    for place in range(3):
        rows[1_000 * place : 1_000 * (place + 1)].to_parquet(tmp_path / f"{place}.parquet")
    target = wb.UnlearningTarget.feature("income")
    read = ["income", "debt"]
    (adapter,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    for model in (
        wb.BlackBoxModel.from_predictions("score", read, output="value"),
        # Executors cannot import this file: what they are sent names nothing of it.
        wb.BlackBoxModel(lambda asked: 0.3 * asked["income"], read[:1], output="value"),
    ):
        graph = wb.CausalGraph([("income", "debt")])
        case = wb.AuditCase(data=wb.Table.parquet(tmp_path), model=model, graph=graph)
        names: dict[str, Any] = {"wb": wb, "case": case, "target": target, "spark": spark}
        exec(compile(adapter, str(PAGE), "exec"), names)
        here = wb.audit(case, target, ["cafe"], **SILENT)  # type: ignore[arg-type]
        there = names["report"]

        assert not there.skipped and there.verdict == here.verdict
        for name, effect in there.whole_table["income"].parts().items():
            assert effect.value == here.whole_table["income"].parts()[name].value
