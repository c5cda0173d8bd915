"""Dossiers: honest ones judged, every bit flipped, bytes and seconds.

1. 200 honest dossiers (random tables, people, ridge and logistic): none may be accused.
2. Every single-bit flip in every file under 4 KB of one dossier, and 1,000 random ones in each
   other file: all must be refused, without an exception that nobody caught. By the browser's
   verifier too.
3. Bytes and seconds of dossiers of 1,000 rows with the proof, and of Adult without it.

Writes ``results/dossiers.md``. Run: ``PYTHONPATH=. python benchmarks/dossiers.py [--quick]``
"""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import json
import random
import shutil
import struct
import subprocess
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import workbench as wb
from widgets.pages.dossier_review import verifier_script
from workbench.common.errors import EvidenceError
from workbench.evidence import statements
from workbench.evidence.claims import whole_verdict
from workbench.evidence.dossier import Measured, zipped
from workbench.evidence.dossier_case import Outside
from workbench.evidence.dossier_checks import check_dossier
from workbench.evidence.dossier_files import read_dossier
from workbench.evidence.keys import SigningKey
from workbench.evidence.notes import WITNESS_KEY, cosign_checkpoint
from workbench.evidence.rehearsal import Rehearsed, rehearse
from workbench.evidence.retraining import configuration_for

RESULTS = Path(__file__).parent / "results" / "dossiers.md"
SMALL = 4096
BANK = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
WITNESS = SigningKey.from_seed(b"2" * 32, "witness.example/one", WITNESS_KEY)
MEASURED = {"membership": Measured("CONSISTENT", "AUC 0.51 (0.44 to 0.58) on known members")}


def now() -> int:
    return int(time.time())


def cosign(checkpoint: bytes) -> bytes:
    return cosign_checkpoint(checkpoint, WITNESS.named, WITNESS.sign, now())


def outside(made: Rehearsed) -> Outside:
    """Return all that a reader can hold but a time stamp."""
    return Outside(
        key=BANK.named,
        witnesses=(WITNESS.named,),
        kept=(made.kept,),
        request_sha256=made.request_sha256,
        served_sha256=made.model_sha256,
        receipt=made.receipts[0] if made.receipts else None,
    )


def made_from(
    table: pd.DataFrame, people: list[str], asking: list[str], **how: object
) -> Rehearsed:
    learner = how.pop("learner", "ridge")
    outcome = str(how.pop("outcome"))
    configuration = configuration_for(table, outcome, learner=learner)  # type: ignore[arg-type]
    return rehearse(
        table, people, asking, configuration, BANK, now=now, cosign=cosign, measured=MEASURED, **how
    )  # type: ignore[arg-type]


def honest(count: int) -> tuple[Counter[str], list[str]]:
    """Judge honest dossiers; return the verdicts of the whole, and every accusation."""
    verdicts: Counter[str] = Counter()
    accused = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(12, 40))
        table = wb.datasets.loan(rows, seed=seed).data
        columns = ["neighborhood_income", "income", "credit_score", "employment_years"]
        kept = list(rng.choice(columns, size=int(rng.integers(1, 5)), replace=False))
        logistic = seed % 20 == 0
        target = "approved" if logistic else "debt_ratio"
        people = [f"c-{i}" for i in rng.integers(0, rows, rows)]
        feature = seed % 7 == 3 and len(kept) > 1
        asking = [] if feature else list(dict.fromkeys(rng.choice(people, int(rng.integers(1, 4)))))
        made = made_from(
            table[[*kept, target]], people, [str(name) for name in asking], outcome=target,
            learner="logistic" if logistic else "ridge", forget=kept[:1] if feature else (),
        )  # fmt: skip
        claims = check_dossier(made.files, outside(made))
        verdicts[whole_verdict(claims)] += 1
        accused += [
            f"{seed} {held.name}: {held.sentence}"
            for held in claims
            if held.verdict in ("CONTRADICTED", "INVALID")
        ]
    return verdicts, accused


def places(files: dict[str, bytes], others: int, rng: random.Random) -> list[tuple[str, int, int]]:
    """Return the bits to flip: all of the small files, some of the others."""
    held = []
    for name, raw in sorted(files.items()):
        bits = range(8 * len(raw))
        chosen = bits if len(raw) < SMALL else rng.sample(bits, min(others, len(bits)))
        held += [(name, bit // 8, bit % 8) for bit in chosen]
    return held


def flipped(files: dict[str, bytes], name: str, byte: int, bit: int) -> dict[str, bytes]:
    raw = bytearray(files[name])
    raw[byte] ^= 1 << bit
    return {**files, name: bytes(raw)}


def flips(made: Rehearsed, others: int) -> tuple[int, int, list[str]]:
    """Return how many bits were flipped, how many accepted, and what else was raised."""
    # One signature over the same bytes is judged once: a function of nothing else.
    statements.is_signature = functools.lru_cache(maxsize=None)(statements.is_signature)  # type: ignore[attr-defined]
    files, held = dict(made.files), Outside(key=BANK.named)
    chosen = places(files, others, random.Random(1))
    accepted, raised = 0, []
    for name, byte, bit in chosen:
        try:
            claims = check_dossier(flipped(files, name, byte, bit), held)
            accepted += whole_verdict(claims) != "INVALID"
        except Exception as error:
            raised.append(f"{name} {byte} {bit}: {error!r}")
    return len(chosen), accepted, raised


FLIPS = """
const verifier = await import(process.argv[2]);
const { checkDossier, filesOfZip, readKey, EvidenceError, ReaderError } = verifier;
const { readFileSync } = await import("node:fs");
const files = filesOfZip(new Uint8Array(readFileSync(process.argv[3])));
const key = readKey(process.argv[4]);
const others = Number(process.argv[5]);
let [tried, accepted, raised, seed] = [0, 0, [], 1];
const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
for (const [name, raw] of files) {
  const small = raw.length < 4096, bits = 8 * raw.length;
  for (let i = 0; i < (small ? bits : Math.min(bits, others)); i++) {
    const changed = raw.slice(), place = small ? i : random(bits);
    changed[place >> 3] ^= 1 << (place & 7);
    tried++;
    try {
      const claims = checkDossier(new Map(files).set(name, changed), { key });
      if (claims[0].verdict !== "INVALID") accepted++;
    } catch (error) {
      raised.push(`${name} ${i}: ${error}`);
    }
  }
}
const counts = { tried: 0, refused: 0, same: 0, accepted: 0, raised: [] };
const whole = new Uint8Array(readFileSync(process.argv[3]));
const equal = (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)) === 0;
const holds = (held, name, raw) => held.has(name) && equal(held.get(name), raw);
const alike = (held) =>
  held.size === files.size && [...files].every((file) => holds(held, ...file));
for (const place of JSON.parse(readFileSync(process.argv[6], "utf8"))) {
  for (let bit = 0; bit < 8; bit++) {
    const changed = whole.slice();
    changed[place] ^= 1 << bit;
    counts.tried++;
    try {
      const held = filesOfZip(changed);
      if (alike(held)) counts.same++;
      else if (checkDossier(held, { key })[0].verdict === "INVALID") counts.refused++;
      else counts.accepted++;
    } catch (error) {
      if (error instanceof EvidenceError || error instanceof ReaderError) counts.refused++;
      else counts.raised.push(`zip ${place} ${bit}: ${error}`);
    }
  }
}
console.log(JSON.stringify({ files: [tried, accepted, raised], container: counts }));
"""


def container_places(files: dict[str, bytes]) -> tuple[bytes, list[int]]:
    """Return a dossier's zip and the places of it that belong to no file's content."""
    whole = zipped(files)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        inside = set()
        for held in archive.infolist():
            name_and_more = whole[held.header_offset + 26 : held.header_offset + 30]
            start = held.header_offset + 30 + sum(struct.unpack("<HH", name_and_more))
            inside.update(range(start, start + held.compress_size))
    return whole, [place for place in range(len(whole)) if place not in inside]


def container_flips(made: Rehearsed) -> dict[str, Any]:
    """Flip every bit of the zip outside the contents; count what each flip came to."""
    whole, container = container_places(dict(made.files))
    held = Outside(key=BANK.named)
    counts: dict[str, Any] = {"tried": 0, "refused": 0, "same": 0, "accepted": 0, "raised": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "d.zip")
        for place, bit in itertools.product(container, range(8)):
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            file.write_bytes(changed)
            counts["tried"] += 1
            try:
                files = read_dossier(str(file))
                if files == made.files:
                    counts["same"] += 1
                elif whole_verdict(check_dossier(files, held)) == "INVALID":
                    counts["refused"] += 1
                else:
                    counts["accepted"] += 1
            except EvidenceError:
                counts["refused"] += 1
            except Exception as error:
                counts["raised"].append(f"zip {place} {bit}: {error!r}")
    return counts


# One signature over the same bytes is judged once, as in Python.
ONCE = """
const judged = new Map();
function isSignature(key, message, signature) {
  const asked = [key, message, signature].map((raw) => String.fromCharCode(...raw)).join("|");
  if (!judged.has(asked)) judged.set(asked, isSignatureJudged(key, message, signature));
  return judged.get(asked);
}
"""


def flips_in_node(made: Rehearsed, others: int) -> dict[str, Any] | None:
    node = shutil.which("node")
    if node is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        names = ("v.mjs", "flips.mjs", "d.zip", "places.json")
        script, flip, dossier, container = (Path(folder, name) for name in names)
        verifier = verifier_script().replace("function isSignature(", "function isSignatureJudged(")
        script.write_text(
            f"{verifier}\n{ONCE}\n"
            "export { checkDossier, filesOfZip, readKey, EvidenceError, ReaderError };\n"
        )
        flip.write_text(FLIPS)
        whole, places_of_container = container_places(dict(made.files))
        dossier.write_bytes(whole)
        container.write_text(json.dumps(places_of_container))
        words = [str(script), str(dossier), str(BANK.named), str(others), str(container)]
        done = subprocess.run(
            [node, str(flip), *words], capture_output=True, text=True, check=True, timeout=3600
        )
    held: dict[str, Any] = json.loads(done.stdout)
    return held


def timed(name: str, table: pd.DataFrame, **how: object) -> str:
    """Return a line of the table: rows, weights, bytes, processor seconds to build and verify."""
    people = [f"c-{i}" for i in range(len(table))]
    start = time.process_time()
    made = made_from(table, people, ["c-17"], **how)
    built = time.process_time() - start
    start = time.process_time()
    claims = check_dossier(made.files, outside(made))
    verified = time.process_time() - start
    size = sum(map(len, made.files.values())) / 1e6
    optimum = next(held.verdict for held in claims if held.name == "optimum")
    weights = len(made.parts.model.weights)
    return (
        f"| {name} | {len(table):,} | {weights} | {size:.2f} | {built:.0f} | {verified:.1f} "
        f"| {optimum} |"
    )


def measured(stage: str, quick: bool) -> dict[str, Any]:
    """Run one stage; return its figures."""
    started = time.perf_counter()
    held: dict[str, Any] = {}
    if stage == "honest":
        verdicts, accused = honest(6 if quick else 200)
        held = {"verdicts": dict(verdicts), "accused": accused}
    elif stage == "flips":
        table = wb.datasets.loan(24, seed=5).data[["income", "credit_score"]]
        small = made_from(table, [f"c-{i}" for i in range(24)], ["c-2"], outcome="credit_score")
        if quick:
            small = Rehearsed(**{**vars(small), "files": dict(list(small.files.items())[:3])})
        held["python"] = flips(small, 5 if quick else 1000)
        held["container"] = None if quick else container_flips(small)
        held["node"] = None if quick else flips_in_node(small, 1000)
    elif not quick:
        loan, world = wb.datasets.loan(1000, seed=1).data, wb.datasets.adult()
        how = {"outcome": world.outcome, "learner": "logistic", "prove": False}
        held["lines"] = [
            timed("loan, ridge, proved", loan, outcome="credit_score"),
            timed("loan, logistic, proved", loan, outcome="approved", learner="logistic"),
            timed("Adult, logistic, not proved", world.data.dropna(), **how),
        ]
    return {**held, "seconds": time.perf_counter() - started}


STAGES = ("honest", "flips", "sizes")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a part of each; writes nothing")
    parser.add_argument("--stage", choices=STAGES, help="run one alone and print its figures")
    parser.add_argument("--from", dest="folder", help="write the page from printed figures")
    given = parser.parse_args()
    if given.stage:
        print(json.dumps(measured(given.stage, given.quick)))
        return
    if given.folder:
        held = {s: json.loads(Path(given.folder, f"{s}.json").read_text()) for s in STAGES}
    else:
        held = {stage: measured(stage, given.quick) for stage in STAGES}
    if given.quick:
        print(json.dumps(held))
    else:
        write(held)


def _container(counts: dict[str, Any] | None) -> str:
    if counts is None:
        return "was not run"
    return (
        f"{counts['tried']:,} flips, {counts['refused']:,} refused, {counts['same']:,} read as the "
        f"very same files, {counts['accepted']} accepted, {len(counts['raised'])} exceptions"
    )


def write(held: dict[str, dict[str, Any]]) -> None:
    """Write the page of results."""
    verdicts, accused = held["honest"]["verdicts"], held["honest"]["accused"]
    tried, accepted, raised = held["flips"]["python"]
    node, lines = held["flips"]["node"], held["sizes"]["lines"]
    seconds = sum(stage["seconds"] for stage in held.values())
    in_node = (
        "node was not on the machine"
        if node is None
        else "{:,} flips, {} accepted, {} exceptions".format(
            node["files"][0], node["files"][1], len(node["files"][2])
        )
    )
    counted, total = verdicts, sum(verdicts.values())
    text = [
        "# Dossiers: honest ones, flipped bits, sizes",
        "",
        f"Written by `benchmarks/dossiers.py` in {seconds:.0f} s.",
        "",
        f"- **Honest dossiers:** {total} judged with all that a reader can hold but a time stamp;",
        f"  {len(accused)} claims were accused (CONTRADICTED or INVALID). The wholes: {counted};",
        "  without a stamp “done by the day it was due” is INCONCLUSIVE.",
        "- **Flipped bits, verify.py:** every bit of each file under 4 KB and 1,000 random ones of",
        f"  each other file: {tried:,} flips, {accepted} accepted, {len(raised)} exceptions.",
        "- **Flipped bits, the browser's verifier:** as many, every bit of each file under 4 KB:",
        f"  {in_node}.",
        "- **Flipped bits of the zip around the files** (names, sizes, dates), every bit:",
        f"  verify.py {_container(held['flips']['container'])};",
        f"  the browser's verifier {_container(None if node is None else node['container'])}.",
        "  Where the same files were read, a date or a permission of the container had changed.",
        "",
        "| dossier | rows | weights | MB | processor s to build | to verify | optimum |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *lines,
        "",
        "Building is pure Python, most of it the commitments and the proof. Seconds are of one",
        "processor; by the clock it takes longer where other work runs beside it. Adult with the",
        "proof is not measured: by the rows above it would take hours.",
    ]
    RESULTS.write_text("\n".join(text) + "\n", "utf-8")


if __name__ == "__main__":
    main()
