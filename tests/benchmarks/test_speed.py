"""The speed benchmark: memory above what was held, and the question to other packages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from other_packages import Question
from own_process import in_a_fork
from speed_packages import read_question, write_question


def test_memory_is_counted_above_what_the_process_held() -> None:
    held = np.ones(8_000_000)  # 64 MB, which no row below may be charged for

    def fills(megabytes: int) -> float:
        return float(np.ones(megabytes * 125_000).sum())

    little, much = in_a_fork(lambda: fills(1)), in_a_fork(lambda: fills(100))
    assert little.held > held.nbytes
    assert little.peak - little.held < 20e6
    assert 95e6 < much.peak - much.held < 130e6
    assert much.answer == 100 * 125_000
    assert much.seconds > 0


def test_a_measured_process_that_fails_is_told() -> None:
    def fails() -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="status 3"):
        in_a_fork(fails)


def test_the_question_to_other_packages_comes_back_as_it_was_put(tmp_path: Path) -> None:
    rows = pd.DataFrame({"sex": [0.0, 1.0], "a b": [0.1, 1 / 3], "score": [0.25, 0.75]})
    put = Question(rows, [("sex", "a b")], ["a b"], "sex", 0.0, 1.0, ["a b"])
    write_question(put, tmp_path)
    found = read_question(tmp_path)
    pd.testing.assert_frame_equal(found.rows, rows, check_exact=True)
    assert {**vars(found), "rows": 0} == {**vars(put), "rows": 0}
