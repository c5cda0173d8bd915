"""What every test shares: one BLAS thread, a deterministic Hypothesis, real data, a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

# Before the first import of numpy: two workers on two cores must not start four BLAS threads, whose
# order of adding numbers would decide the last digits. Child processes inherit all of this.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault(
    "MPLBACKEND", "Agg"
)  # shap and aif360 import matplotlib; no test has a display

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.engine.evidence.time_authority import TimeAuthority

ROOT = Path(__file__).resolve().parents[1]
DATA_FILES = ("adult.data", "adult.test", "german.data", "drug_consumption.data")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The same examples at every run, and no verdict that hangs on how busy the machine is.
settings.register_profile(
    "deterministic",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")


def _unavailable(reason: str) -> NoReturn:
    """Skip on a developer's machine; under CI, where everything must be there, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the original UCI files."""
    folder = Path(os.environ.get("CAFE_WORKBENCH_DATA") or ROOT.parent / "shared" / "data")
    missing = [name for name in DATA_FILES if not (folder / name).is_file()]
    if missing:
        _unavailable(
            f"The real data is not at {folder} (missing: {', '.join(missing)}). "
            "Set CAFE_WORKBENCH_DATA to the folder that holds the original UCI files."
        )
    return folder


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    """A time-stamping authority that runs offline."""
    if shutil.which("openssl") is None:
        _unavailable("The program openssl is not on this machine; it stamps for the tests.")
    from tests.engine.evidence.time_authority import TimeAuthority

    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The path of a Chromium or Chrome, for Playwright's ``executable_path``."""
    for name in (os.environ.get("CAFE_WORKBENCH_BROWSER", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    _unavailable(
        "No Chromium or Chrome found. Install one (Debian: apt-get install chromium) "
        "or set CAFE_WORKBENCH_BROWSER to its path."
    )


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that starts from the same state in every test."""
    return np.random.default_rng(20260101)
