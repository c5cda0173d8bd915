"""Whole audits of Adult beside older code, a part of ``speed.py``; run alone, it does nothing.

Each audit runs in a process of its own, by ``speed_whole.py MODEL FEATURE all|causal``. Older code
runs it too, so it uses only what that has.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from own_process import Taken, in_a_fork
from speed_subjects import ENCODINGS, FOREST, LR, MODELS, Rows, fitted, load, table_of, target_met

import workbench as wb

__all__ = ["BEFORE", "WHOLE", "beside_older_code", "compile_as_installed", "older_code"]

HERE = Path(__file__).parent
BEFORE = "e8082ec"
"""The commit that the whole default audit is compared with."""
TIMES = ("before, s", "now, s", "share", "target")
MEMORY = ("peak above held before, MB", "now, MB", "held, MB")
WHOLE = ("model", "feature", "audit", *TIMES, *MEMORY)
AUDITED = (
    (LR, "sex", True),
    (LR, "age", True),
    (FOREST, "sex", True),
    (LR, "sex", False),
    (LR, "age", False),
)
"""Model, feature, and whether SHAP, permutation, FairTest and AIF360 belong to the audit."""


def one_audit(name: str, feature: str, baselines: bool) -> Taken:
    """Audit one feature once the model is trained; nothing that older code has not is used."""
    data = load()
    rows = table_of(data, ENCODINGS[0])
    model = fitted(rows, data, MODELS[name]())
    case = wb.AuditCase(data=rows, model=model, graph=data.graph, outcome=data.outcome)
    methods = {}
    if not baselines:
        causal = ["cafe", "fuzzing"]
        methods = {"methods": ["debiased", *causal] if hasattr(wb, "debiased_effects") else causal}
    target = wb.UnlearningTarget.feature(feature)

    def audit() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wb.audit(case, target, progress=lambda *_: None, **methods)

    return in_a_fork(audit)


def in_child(code: Path, name: str, feature: str, baselines: bool) -> Taken:
    """Run :func:`one_audit` on some version of the code."""
    options = [name, feature, "all" if baselines else "causal"]
    child = subprocess.run(
        [sys.executable, __file__, *options],
        env=os.environ | {"PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, held, peak = child.stdout.split()[-3:]
    return Taken(float(seconds), int(held), int(peak))


def compile_as_installed(folder: str, *codes: Path | None) -> None:
    """Compile both versions for the processes that follow, as pip does when it installs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "compiled"))
    for code in filter(None, codes):
        subprocess.run([sys.executable, "-m", "compileall", "-q", code / "workbench"], check=True)


def beside_older_code(older: Path | None, names: list[str], repeats: int) -> Rows:
    """Time whole audits by turns on this code and on older code."""
    out: Rows = []
    for name, feature, baselines in AUDITED:
        if name not in names:
            continue
        ours, theirs = [], []
        for _ in range(1 if name == FOREST else repeats):
            if older is not None:
                theirs.append(in_child(older, name, feature, baselines))
            ours.append(in_child(HERE.parent, name, feature, baselines))
        now = min(ours, key=lambda one: one.seconds)
        before = min(theirs, key=lambda one: one.seconds) if theirs else None
        cells = ("", f"{now.seconds:.2f}", "", "older code not in this clone")
        if before is not None:
            share = now.seconds / before.seconds
            most, what = (0.5, "≤ 50 %") if baselines else (1.0, "≤ 100 %")
            target = target_met(share, most, what)
            if not baselines:
                target += "; " + target_met(share, 1.5, "≤ 150 %")
            cells = (f"{before.seconds:.2f}", f"{now.seconds:.2f}", f"{share:.0%}", target)
        what = "with baselines" if baselines else "causal methods and profile"
        memory = ("" if before is None else before.above, now.above, f"{now.held / 1e6:,.0f}")
        out.append((name, feature, what, *cells, *memory))
        print(*out[-1], sep=" | ", flush=True)
    return out


def older_code(commit: str, folder: str) -> Path | None:
    """Check older code out beside this one; None where the clone does not have it."""
    run = ["git", "-C", str(HERE.parent), "archive", commit, "workbench"]
    packed = subprocess.run(run, capture_output=True, check=False)
    if packed.returncode:
        return None
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return Path(folder)


if __name__ == "__main__" and sys.argv[1:]:
    found = one_audit(sys.argv[1], sys.argv[2], sys.argv[3] == "all")
    print(found.seconds, found.held, found.peak)
