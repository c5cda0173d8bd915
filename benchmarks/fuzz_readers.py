"""Damaged files for every reader: each must be read, or end in one sentence that says why not.

Sound files of each kind are changed by bytes, by chunks and by words that parsers dislike. What is
neither read nor refused by an ``AuditError`` is an escape; what ends the process is an abort. Both
are kept as files. Every reader runs in a process of its own, so that an abort is seen and survived.

Run: ``python benchmarks/fuzz_readers.py [--minutes 10] [--runs N] [--reader NAME] [--seed 0]
[--keep FOLDER] [--write]``
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from workbench.common.errors import AuditError
from workbench.graph.files import formats
from workbench.models.files.skops_files import parse_model
from workbench.tables.files.delimited import parse_table

RESULTS = Path(__file__).parent / "results" / "fuzz_readers.md"
SLOW = 60
"""Seconds after which one file is called slow and given up."""

TOKENS = (
    b"", b"\0", b"\xff" * 8, b"\x80", b"-1", b"0", b"1e309", b"-1e308", b"NaN", b"null", b"true",
    b"[]", b"{}", b'"', b"'", b";", b",", b"\n", b"\r\n", b"->", b"<->", b"[", b"]", b"{", b"}",
    b"\xef\xbb\xbf", b"\xff\xfe", b"999999999999999999999", b"\x1b[31m", b"label", b"\xe2\x80\xae",
    b"<!ENTITY a 'b'>", b"__class__", b"__reduce__", b"../../x", b"[" * 2_000, b"a" * 70_000,
)  # fmt: skip

Read = Callable[[bytes], Any]
Seeds = dict[str, bytes]


@dataclass(frozen=True)
class Reader:
    """A reader and sound files for it, by name; made only when it is fuzzed."""

    read: Callable[[str, bytes], Any]
    seeds: Callable[[], Seeds]
    refusals: tuple[type[Exception], ...] = (AuditError,)


# ---- sound files -------------------------------------------------------------------------------


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 12),
            "zip": [f"0{n}" for n in rng.integers(1000, 1020, 12)],
            "score": rng.normal(size=12).round(3),
            "yes": rng.integers(0, 2, 12).astype(bool),
        }
    )


def _delimited() -> Seeds:
    frame = _frame()
    plain = frame.to_csv(index=False).encode()
    return {
        "plain.csv": plain,
        "semicolon.csv": frame.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
        "names.csv": ("sep=;\r\n" + frame.to_csv(sep=";")).encode("latin-1"),
        "small.csv.gz": gzip.compress(plain, mtime=0),
    }


def _parquet() -> Seeds:
    frame = _frame()
    found = {}
    for kind in ("snappy", "gzip", None):
        held = io.BytesIO()
        frame.to_parquet(held, compression=kind, index=False)
        found[f"{kind}.parquet"] = held.getvalue()
    return found


def _graphs() -> Seeds:
    graph = wb.CausalGraph(
        [("age", "bmi"), ("bmi", "blood pressure"), ("u", "bmi")],
        nodes=["alone"],
        latents=["u"],
    )
    graphml = (
        "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='directed'>"
        "<node id='a'/><node id='b'/><edge source='a' target='b'/></graph></graphml>"
    )
    bif = (
        "network unknown {\n}\nvariable rain {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "variable wet {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "probability ( rain ) {\n  table 0.2, 0.8;\n}\n"
        "probability ( wet | rain ) {\n  (yes) 0.9, 0.1;\n  (no) 0.2, 0.8;\n}\n"
    )
    tetrad = "Graph Nodes:\nX;Y;Z\n\nGraph Edges:\n1. X --> Y\n2. Y --> Z\n"
    link = {
        "directed": True,
        "multigraph": False,
        "graph": {},
        "nodes": [{"id": "a"}, {"id": "b"}],
        "links": [{"source": "a", "target": "b"}],
    }
    return {
        "g.json": graph.to_json().encode(),
        "link.json": json.dumps(link).encode(),
        "g.dot": graph.to_dot().encode(),
        "g.gml": graph.to_gml().encode(),
        "g.dagitty": graph.to_dagitty().encode(),
        "marked.dagitty": b'dag { bb="0,0,1,1" X [exposure,pos="0,1"] Y [outcome] X -> Y <- Z }',
        "g.graphml": graphml.encode(),
        "g.bif": bif.encode(),
        "g.tetrad": tetrad.encode(),
        "g.lavaan": b"m ~ a + b\ny ~ 0.3*m + a\na ~~ b\n",
    }


def _skops() -> Seeds:
    import skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    rows, yes = _frame()[["age", "score"]], _frame().yes
    models = {
        "forest.skops": RandomForestClassifier(2, max_depth=2, random_state=0),
        "splines.skops": make_pipeline(SplineTransformer(3), LogisticRegression()),
        "neighbours.skops": KNeighborsClassifier(2, algorithm="kd_tree"),
    }
    return {name: skops.io.dumps(model.fit(rows, yes)) for name, model in models.items()}


def _onnx() -> Seeds:
    import skl2onnx
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    rows, yes = _frame()[["age", "score"]].to_numpy(np.float32), _frame().yes
    models = {
        "forest.onnx": RandomForestClassifier(2, max_depth=2, random_state=0),
        "line.onnx": LogisticRegression(),
    }
    return {
        name: skl2onnx.to_onnx(model.fit(rows, yes), rows[:1]).SerializeToString()
        for name, model in models.items()
    }


def _xgboost() -> Seeds:
    import xgboost

    rows, value = _frame()[["age", "score"]], _frame().score
    booster = xgboost.XGBRegressor(n_estimators=2, max_depth=2).fit(rows, value).get_booster()
    return {"trees.json": bytes(booster.save_raw("json"))}


def _reports() -> Seeds:
    world = wb.datasets.loan(300, seed=0)
    model = wb.train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"), ["cafe", "fuzzing"])
    return {"report.json": report.to_json().encode()}


def _dossiers() -> Seeds:
    from workbench.evidence.keys import SigningKey
    from workbench.evidence.notes import WITNESS_KEY, cosign_checkpoint
    from workbench.evidence.rehearsal import rehearse
    from workbench.evidence.retraining import configuration_for

    world = wb.datasets.loan(24, seed=5)
    table = world.data[["neighborhood_income", "income", "credit_score", "approved"]]
    bank = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
    witness = SigningKey.from_seed(b"2" * 32, "witness.example/one", WITNESS_KEY)
    people = [f"person {i // 2}" for i in range(len(table))]
    made = rehearse(
        table,
        people,
        [people[0]],
        configuration_for(table, "approved", learner="ridge"),
        bank,
        now=lambda: int(time.time()),
        cosign=lambda point: cosign_checkpoint(
            point, witness.named, witness.sign, int(time.time())
        ),
    )
    return dict(made.files)


# ---- readers -----------------------------------------------------------------------------------


def _table(name: str, content: bytes) -> None:
    parse_table(content, name)


def _graph(name: str, content: bytes) -> None:
    wb.CausalGraph._from_parts(formats.parse(content, name))


def _model(name: str, content: bytes) -> None:
    model = parse_model(content, name, features=["age", "score"])
    model.predict(_frame()[["age", "score"]])


def _report(name: str, content: bytes) -> None:
    report = wb.AuditReport.from_json(content)
    report.to_html()


def _dossier(name: str, content: bytes) -> None:
    from workbench.evidence.dossier_case import Outside
    from workbench.evidence.dossier_checks import check_dossier

    check_dossier(SOUND_DOSSIER | {name: content}, Outside())


SOUND_DOSSIER: dict[str, bytes] = {}

READERS: Mapping[str, Reader] = {
    "delimited": Reader(_table, _delimited),
    "parquet": Reader(_table, _parquet),
    "graphs": Reader(_graph, _graphs),
    "skops": Reader(_model, _skops),
    "onnx": Reader(_model, _onnx),
    "xgboost": Reader(_model, _xgboost),
    "reports": Reader(_report, _reports),
    "dossiers": Reader(_dossier, _dossiers),
}


# ---- changes -----------------------------------------------------------------------------------


def changed(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return a content with some changes, one to four."""
    made = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(made) + 1)
        length = min(rng.choice((1, 1, 2, 4, 16, 64, 1024)), len(made) - place)
        kind = rng.randrange(7)
        if kind == 0 and place < len(made):
            made[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del made[place : place + length]
        elif kind == 2:
            made[place:place] = made[place : place + length] * rng.randint(1, 5)
        elif kind == 3:
            made[place : place + length] = rng.randbytes(length)
        elif kind == 4:
            made[place : place + length] = rng.choice(TOKENS)
        elif kind == 5:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            made[place : place + length] = other[start : start + rng.choice((8, 64, 512))]
        else:
            _another_number(made, rng)
    return bytes(made)


def _another_number(made: bytearray, rng: random.Random) -> None:
    places = [i for i, byte in enumerate(made) if 48 <= byte <= 57]
    if places:
        made[rng.choice(places)] = rng.choice(b"0123456789-")


def packed_again(name: str, content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Change what is inside an archive, so that the change is not found by its checksum."""
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w") as new:
        parts = old.namelist()
        chosen = rng.choice(parts)
        for part in parts:
            text = old.read(part)
            new.writestr(part, changed(text, others, rng) if part == chosen else text)
    return held.getvalue()


def one(name: str, content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return one damaged file."""
    if name.endswith(".skops") and rng.random() < 0.8:
        return packed_again(name, content, others, rng)
    if name.endswith(".gz") and rng.random() < 0.8:
        return gzip.compress(changed(gzip.decompress(content), others, rng), mtime=0)
    return changed(content, others, rng)


# ---- one reader, in a process of its own -------------------------------------------------------


def tried(reader: Reader, name: str, content: bytes) -> str:
    """Read one file and say how it ended: read, refused, slow, or escaped with the error's kind."""
    signal.alarm(SLOW)
    try:
        reader.read(name, content)
    except reader.refusals as error:
        length = len(str(error))
        return "refused" if 0 < length < 4_000 else f"escaped: a message of {length} characters"
    except TimeoutError:
        return "slow"
    except Exception as error:
        return f"escaped: {type(error).__name__}: {str(error)[:120]}"
    finally:
        signal.alarm(0)
    return "read"


def _give_up(*_: Any) -> None:
    raise TimeoutError


def run(label: str, seed: int, *, seconds: float, runs: int | None, keep: Path) -> Counter[str]:
    """Try damaged files on one reader until the time or the count is used up."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _give_up)
    reader, rng = READERS[label], random.Random(f"{label} {seed}")
    seeds = reader.seeds()
    if label == "dossiers":
        SOUND_DOSSIER.update(seeds)
    for name, content in seeds.items():
        assert tried(reader, name, content) == "read", f"{name} is not sound"
    others, counts, end = list(seeds.values()), Counter[str](), time.monotonic() + seconds
    last = keep / f"{label}.last"
    while time.monotonic() < end and (runs is None or sum(counts.values()) < runs):
        name = rng.choice(list(seeds))
        content = one(name, seeds[name], others, rng)
        last.write_bytes(name.encode() + b"\n" + content)
        ending = tried(reader, name, content)
        counts[ending.partition(":")[0]] += 1
        if ending.startswith(("escaped", "slow")):
            stem = f"{label}-{sum(counts.values())}-{name.replace('/', '_')}"
            (keep / stem).write_bytes(content)
            print(f"{stem}: {ending}", file=sys.stderr, flush=True)
    last.unlink(missing_ok=True)
    return counts


def in_children(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run each reader in a child process, again after each abort, until its time is used up."""
    for label in options.reader or READERS:
        counts, aborts, seed = Counter[str](), 0, options.seed
        started = time.monotonic()
        end = started + 60 * options.minutes
        while time.monotonic() < end:
            command = [sys.executable, __file__, "--child", label, "--seed", str(seed)]
            command += ["--minutes", str((end - time.monotonic()) / 60)]
            command += ["--keep", str(options.keep)]
            command += ["--runs", str(options.runs)] if options.runs else []
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            sys.stderr.write(done.stderr[-4_000:])
            if done.returncode == 0:
                counts.update(json.loads(done.stdout.splitlines()[-1]))
                break
            last = options.keep / f"{label}.last"
            if done.returncode > 0 or not last.exists():
                raise SystemExit(f"{label} could not be run: {done.stderr[-1_000:]}")
            last.rename(options.keep / f"{label}-abort-{seed}")
            aborts, seed = aborts + 1, seed + 1_000
        found = {kind: counts[kind] for kind in ("read", "refused", "slow", "escaped")}
        minutes = (time.monotonic() - started) / 60
        yield {"reader": label, "files": sum(found.values()), **found, "aborts": aborts,
               "minutes": round(minutes, 1)}  # fmt: skip


def main() -> None:
    """Fuzz the readers that were named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="for each reader")
    parser.add_argument("--runs", type=int, help="files for each reader, at the most")
    parser.add_argument("--reader", action="append", choices=list(READERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz_readers")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results")
    parser.add_argument("--child", choices=list(READERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    if options.child:
        seconds = 60 * options.minutes
        found = run(
            options.child, options.seed, seconds=seconds, runs=options.runs, keep=options.keep
        )
        print(json.dumps(found))
    else:
        table = pd.DataFrame(list(in_children(options)))
        print(table.to_string(index=False))
        if options.write:
            write(table, options.seed)
        if table[["escaped", "aborts"]].to_numpy().sum():
            raise SystemExit(1)


def write(table: pd.DataFrame, seed: int) -> None:
    """Write the counts."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in table.to_numpy().tolist()]
    head = ["| " + " | ".join(table.columns) + " |", "| --- " * len(table.columns) + "|"]
    total = table[["files", "escaped", "aborts"]].sum()
    RESULTS.write_text(
        f"""# Damaged files, reader by reader

Made by `python benchmarks/fuzz_readers.py --write` with seed {seed}. A file is read, refused by an
`AuditError`, slow (more than {SLOW} s), or escapes as another error; an abort ends the process.

{chr(10).join([*head, *lines])}

Together {total.files:,} files: {total.escaped} escapes, {total.aborts} aborts.
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
