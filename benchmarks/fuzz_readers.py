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

import pandas as pd
from fuzz_seeds import (
    Seeds,
    arff_files,
    delimited_files,
    dossiers,
    feather_files,
    graph_files,
    lightgbm_files,
    onnx_files,
    parquet_files,
    reports,
    skops_files,
    small_table,
    xgboost_files,
    xlsx_files,
)

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


@dataclass(frozen=True)
class Reader:
    """A reader and sound files for it, by name; made only when it is fuzzed."""

    read: Callable[[str, bytes], Any]
    seeds: Callable[[], Seeds]
    refusals: tuple[type[Exception], ...] = (AuditError,)


# ---- readers -----------------------------------------------------------------------------------


def _table(name: str, content: bytes) -> None:
    parse_table(content, name)


def _graph(name: str, content: bytes) -> None:
    wb.CausalGraph.of_parts(formats.parse(content, name))


def _model(name: str, content: bytes) -> None:
    model = parse_model(content, name, features=["age", "score"])
    model.predict(small_table()[["age", "score"]])


def _report(name: str, content: bytes) -> None:
    report = wb.AuditReport.from_json(content)
    report.to_html()


def _dossier(name: str, content: bytes) -> None:
    from workbench.evidence.dossier_case import Outside
    from workbench.evidence.dossier_checks import check_dossier

    check_dossier(SOUND_DOSSIER | {name: content}, Outside())


SOUND_DOSSIER: dict[str, bytes] = {}

READERS: Mapping[str, Reader] = {
    "delimited": Reader(_table, delimited_files),
    "parquet": Reader(_table, parquet_files),
    "xlsx": Reader(_table, xlsx_files),
    "feather": Reader(_table, feather_files),
    "arff": Reader(_table, arff_files),
    "graphs": Reader(_graph, graph_files),
    "skops": Reader(_model, skops_files),
    "onnx": Reader(_model, onnx_files),
    "xgboost": Reader(_model, xgboost_files),
    "lightgbm": Reader(_model, lightgbm_files),
    "reports": Reader(_report, reports),
    "dossiers": Reader(_dossier, dossiers),
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
    if name.endswith((".skops", ".xlsx")) and rng.random() < 0.8:
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
