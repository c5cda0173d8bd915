"""A class of readers at once: answers collected, the server's memory, seconds until a page answers.

The readers are threads that do what a browser does: open the class's link, keep its cookies, send
every form with the proof that stands in it, all of them at the same time and without a pause. Run

    python benchmarks/class_readers.py

to write benchmarks/results/class_readers.md (Linux: memory is read from /proc).
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

from widgets.lessons.lessons import LESSONS

READERS = 25
LIMIT_GB = 4.0
RESULTS = Path(__file__).parent / "results" / "class_readers.md"
MAIN = "from workbench.cli.commands import main; main()"
LONGEST = 120.0


@dataclass
class Reader:
    """A browser's part: cookies, and how long each page took."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, path: str, form: dict[str, object] | None = None) -> tuple[int, str]:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None if form is None else urlencode(form)
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)) as line:
            line.request("GET" if body is None else "POST", path, body, sent)
            answer = line.getresponse()
            text = answer.read().decode("utf-8")
        self.seconds.append(time.perf_counter() - begun)
        for one in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(one).items():
                self.cookies[name] = morsel.value
        if answer.status >= 400:
            self.refused.append(f"{answer.status} {path}")
        return answer.status, text

    def walk(self, address: str, choose: np.random.Generator) -> None:
        """Go through every lesson, answering as somebody would who guesses."""
        self.ask(f"/?{urlsplit(address).query}")
        self.ask("/")
        for lesson in LESSONS:
            for place, question in enumerate(lesson.questions):
                page = self.ask(f"/lesson/{lesson.key}")[1]
                proof = re.search(r'name="_xsrf" value="([^"]+)"', page)
                if proof is None:
                    self.refused.append(f"no form at {lesson.key} {place}")
                    return
                choice = int(choose.integers(len(question.answers)))
                form = {"_xsrf": proof[1], "question": place, "choice": choice}
                self.ask(f"/lesson/{lesson.key}", form)
            self.ask(f"/lesson/{lesson.key}")


def processes(root: int) -> list[int]:
    """Return a process and all that it started."""
    parents: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(place.parent.name))
    found = [root]
    for one in found:
        found.extend(parents.get(one, ()))
    return found


def peak_megabytes(root: int) -> tuple[int, float]:
    """Return how many processes there are, and the sum of the most that each ever held."""
    peaks = []
    for one in processes(root):
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        if (held := re.search(r"VmHWM:\s+(\d+) kB", status)) is not None:
            peaks.append(int(held[1]) / 1024)
    return len(peaks), sum(peaks)


@contextmanager
def class_of(readers: int, answers: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Start a class and end it; its process, the class's address and the teacher's."""
    command = [sys.executable, "-c", MAIN, "serve", "teaching", "--class", str(readers)]
    command += ["--port", "0", "--no-browser", "--answers", str(answers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline().strip() for _ in range(6)]
            yield process, said[2], said[4]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def measure(readers: int) -> str:
    """Return the results as a table in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.csv"
        begun = time.perf_counter()
        # One more seat, for who waits until all lessons are measured.
        with class_of(readers + 1, answers) as (process, address, teacher):
            opened = time.perf_counter() - begun
            port = urlsplit(address).port or 0
            all_measured(port, address)
            ready = time.perf_counter() - begun
            before = peak_megabytes(process.pid)[1]
            class_ = [Reader(port) for _ in range(readers)]
            gate = threading.Barrier(readers)

            def walk(place: int, reader: Reader) -> None:
                gate.wait()
                reader.walk(address, np.random.default_rng(place))

            threads = [threading.Thread(target=walk, args=pair) for pair in enumerate(class_)]
            begun = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            walked = time.perf_counter() - begun
            number, peak = peak_megabytes(process.pid)
            counted = Reader(port)
            counted.ask(f"/teacher?{urlsplit(teacher).query}")
            shown = re.search(r"Answers so far: ([\d,]*\d)", counted.ask("/teacher")[1])
        saved = list(csv.DictReader(io.StringIO(answers.read_text("utf-8"))))
    seconds = np.concatenate([reader.seconds for reader in class_])
    refused = Counter(word for reader in class_ for word in reader.refused)
    wanted = readers * sum(len(lesson.questions) for lesson in LESSONS)
    rows = [
        ("readers at once", f"{readers}"),
        ("lessons, questions", f"{len(LESSONS)}, {wanted // readers}"),
        ("answers given", f"{wanted:,}"),
        ("answers that the teacher's page counts", shown[1] if shown else "none"),
        ("answers in the saved table", f"{len(saved):,}"),
        ("readers in the saved table", f"{len({row['reader'] for row in saved})}"),
        ("pages refused", f"{sum(refused.values())}"),
        ("processes of the server", f"{number}"),
        ("peak memory before the first reader", f"{before:.0f} MB"),
        ("peak memory after all of them", f"{peak:.0f} MB of {1000 * LIMIT_GB:,.0f}"),
        ("pages sent", f"{len(seconds):,} in {walked:.1f} s"),
        (
            "a page answered: median, 95 of 100, slowest",
            ", ".join(f"{np.quantile(seconds, at):.2f} s" for at in (0.5, 0.95, 1)),
        ),
        ("from the command to the address, to all lessons", f"{opened:.0f} s, {ready:.0f} s"),
    ]
    lines = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        "# A class at once\n\n"
        "`python benchmarks/class_readers.py`: everybody answers every question of every lesson "
        "without a pause, from this computer. Memory is the sum over the server's processes of "
        "the most that each ever held; browsers are not counted. Seconds are of a machine with "
        "two cores that others used too.\n\n"
        f"| | |\n|---|---:|\n{lines}\n"
    )


def all_measured(port: int, address: str) -> None:
    """Wait until every lesson can be opened, by a reader who leaves no answer."""
    first = Reader(port)
    first.ask(f"/?{urlsplit(address).query}")
    until = time.monotonic() + LONGEST
    while any(first.ask(f"/lesson/{lesson.key}")[0] != 200 for lesson in LESSONS):
        if time.monotonic() > until:
            raise SystemExit("The lessons were not measured in time.")
        time.sleep(0.5)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--quick", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    text = measure(options.readers)
    print(text)
    if not options.quick:
        RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
