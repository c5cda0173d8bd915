"""How fast the page answers in a real Chromium, beside what it is to keep to.

Serves the dashboard as ``cafe-workbench serve`` does, opens it, and drives it as a person would:
times are from the click to what is seen. On Adult, and on an analyst's own table, which it uploads.
Writes ``results/browser_speed.md`` in about five minutes.

Run from the project's root, since the servers are those of the browser tests:
``PYTHONPATH=. python benchmarks/browser_speed.py [--quick]``. Needs the development packages and a
Chromium. Adult is read from the folder that ``CAFE_WORKBENCH_DATA`` names, else from
``../shared/data``, else fetched.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
import voila
from own_table import GRAPH, OUTCOME, TARGET, own_table
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import served_pages
from tests.browser.served_pages import FLAGS, LONG, Site, Watched, ready

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "results"
SHARED = ROOT.parent / "shared" / "data"
Rows = list[tuple[str, ...]]
BROWSERS = (os.environ.get("CAFE_WORKBENCH_BROWSER", ""), "chromium", "chromium-browser")
BROWSERS += ("google-chrome", "google-chrome-stable")
EDIT, REDRAWN, COLD, WARM, BYTES, CANCEL = 0.2, 1.5, 8.0, 3.0, 2_000_000, 1.0
"""Targets in seconds, and bytes."""
OWN, ADULT, SILENCE = 30.0, 40.0, 2.0
"""Targets of a run, in seconds: to the verdict, and without a word of its progress."""
LEARNERS = ("logistic or linear regression", "random forest")
"""Which the page trains on the own table."""
MOMENTS = (0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
"""Shares of a run's time after which Cancel is pressed."""


def verdict(met: bool) -> str:
    """Say whether a target was met."""
    return "met" if met else "MISSED"


def spread(name: str, found: list[float], target: float, unit: str = "s") -> tuple[str, ...]:
    """Return a row: median and worst of several, and whether all kept to the target."""
    scale = 1000 if unit == "ms" else 1
    middle, worst = statistics.median(found) * scale, max(found) * scale
    digits = 0 if unit == "ms" else 2
    return (
        name,
        str(len(found)),
        f"{middle:,.{digits}f} {unit}",
        f"{worst:,.{digits}f} {unit}",
        f"≤ {target * scale:g} {unit}: {verdict(middle <= target * scale)}"
        + ("" if worst <= target * scale else " (worst: MISSED)"),
    )


def run_rows(name: str, found: list[Run], target: float) -> Rows:
    """Return rows on the runs of one kind."""
    processor = [run.processor for run in found]
    return [
        spread(f"from Run to the verdict: {name}", [run.verdict for run in found], target),
        spread("the longest silence until then", [run.silence for run in found], SILENCE),
        (
            "processor seconds of the page's process until then",
            str(len(found)),
            f"{statistics.median(processor):.2f} s",
            f"{max(processor):.2f} s",
            "",
        ),
    ]


def first_page(browser: Browser, repeats: int, *, preheat: int) -> list[float]:
    """Seconds from the click on the address until an audit can be run."""
    found = []
    for _ in range(repeats):
        with served_pages.voila(preheat=preheat) as site:
            # A preheated process needs time to draw the page; a cold start needs none.
            time.sleep(15 if preheat else 1)
            with served_pages.watched(browser, site) as view:
                started = time.perf_counter()
                ready(view.open())
                found.append(time.perf_counter() - started)
    return found


def choose_adult(page: Page) -> None:
    """Load Adult with a quick model; the sample proposes what is asked about."""
    ready(page)
    page.get_by_label("Adult census income (real)").check()
    expect(page.get_by_text("Ready: 48,842 rows").first).to_be_visible(timeout=LONG)
    expect(page.locator(".wb-live > .wb-list")).to_be_visible(timeout=LONG)


# Times are taken in the page itself, so that none is lost on the way to this script.
WATCH = """
(pressed) => {
    const seen = (window.seen = {});
    const canvas = document.querySelector('.wb-canvas');
    const live = () => document.querySelector('.wb-live')?.innerHTML;
    const [turn, before] = [canvas.dataset.turn, live()];
    let gone = false;
    const look = () => {
        const now = performance.now() - seen.clicked;
        const drawn = canvas.dataset.turn !== turn && canvas.dataset.settled === 'true';
        if (drawn) seen.answered ??= now;
        gone ||= live() !== before;
        const there = document.querySelector('.wb-live > .wb-list');
        if (gone && there) seen.redrawn ??= now;
        if (!(seen.answered && seen.redrawn)) requestAnimationFrame(look);
    };
    const buttons = [...document.querySelectorAll('button')];
    const button = buttons.find((b) => b.textContent.trim() === pressed);
    seen.clicked = performance.now();
    button.click();
    requestAnimationFrame(look);
}
"""
SEEN = "() => seen.answered && seen.redrawn && [seen.answered, seen.redrawn]"
CANCELLED = """
() => new Promise((done) => {
    const buttons = [...document.querySelectorAll('button')];
    const button = buttons.find((b) => b.textContent.trim() === 'Cancel');
    if (button.disabled) { done(null); return; }
    const started = performance.now();
    const look = () => {
        const lines = [...document.querySelectorAll('.wb-status')];
        const said = lines.some((line) => line.textContent.startsWith('Cancelled'));
        if (said) done(performance.now() - started);
        else requestAnimationFrame(look);
    };
    button.click();
    requestAnimationFrame(look);
})
"""


def edits(page: Page, repeats: int) -> tuple[list[float], list[float]]:
    """Add an arrow through the table and remove it, several times.

    Returns
    -------
    answered, redrawn : list of float
        Seconds until the graph is drawn again, and until CAFÉ's effects are.
    """
    page.get_by_text("Read the arrows as a table").first.click()
    page.get_by_label("From (cause)").select_option("race")
    page.get_by_label("To (effect)").select_option("hours-per-week")
    answered, redrawn = [], []
    for turn in range(2 * repeats):
        page.evaluate(WATCH, "Remove" if turn % 2 else "Add")
        times = page.wait_for_function(SEEN, timeout=LONG).json_value()
        answered.append(times[0] / 1000)
        redrawn.append(times[1] / 1000)
        page.wait_for_timeout(300)
    return answered, redrawn


# The run's panel says its progress, and every second how long it has taken: each such word ends a
# silence, and so does the verdict.
RUN = """
() => {
    const seen = (window.run = { silence: 0 });
    const buttons = [...document.querySelectorAll('button')];
    const button = buttons.find((b) => b.textContent.trim() === 'Run the audit');
    const panel = button.closest('.wb-step');
    let last = 0;
    const heard = () => {
        const now = performance.now();
        seen.silence = Math.max(seen.silence, now - last);
        last = now;
    };
    const words = { childList: true, characterData: true, subtree: true };
    const observer = new MutationObserver(heard);
    const look = () => {
        if (seen.verdict === undefined && document.querySelector('.wb-verdict')) {
            heard();
            [seen.verdict, seen.until] = [last - seen.clicked, seen.silence];
        }
        const said = [...panel.querySelectorAll('.wb-status')].map((line) => line.textContent);
        if (said.some((line) => line.startsWith('Done.'))) {
            seen.done = performance.now() - seen.clicked;
            observer.disconnect();
        } else requestAnimationFrame(look);
    };
    observer.observe(panel, words);
    seen.clicked = last = performance.now();
    button.click();
    requestAnimationFrame(look);
}
"""


@dataclass(frozen=True)
class Run:
    """A run as a person waits for it, in seconds.

    Attributes
    ----------
    verdict, processor : float
        From the click until the verdict is read, by the clock and of the page's process.
    silence : float
        The longest time without a word of progress before the verdict.
    """

    verdict: float
    processor: float
    silence: float


def timed_run(page: Page, site: Site) -> Run:
    """Press Run; return when the verdict stands. The other methods go on."""
    ready(page)
    assert page.locator(".wb-verdict").count() == 0, "a result was there before the run"
    before = processor_seconds(site.process)
    page.evaluate(RUN)
    times = page.wait_for_function(
        "() => run.verdict !== undefined && [run.verdict, run.until]", timeout=10 * LONG
    ).json_value()
    after = processor_seconds(site.process)
    return Run(times[0] / 1000, after - before, times[1] / 1000)


def processor_seconds(root: int | None) -> float:
    """Return what a process and all that it has started took of processors; 0 where unknown."""
    taken: dict[int, tuple[int, float]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = place.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue  # it has ended
        ticks = int(parts[11]) + int(parts[12])
        taken[int(place.parent.name)] = int(parts[1]), ticks / os.sysconf("SC_CLK_TCK")
    of = {root}
    while more := {pid for pid, (parent, _) in taken.items() if pid in of or parent in of} - of:
        of |= more
    return sum(taken[pid][1] for pid in of & taken.keys())


def bring_own_table(page: Page, file: Path, learner: str) -> None:
    """Upload the table, paste its graph, train a model that is not shown the target, name that."""
    ready(page)
    page.get_by_label("A table of your own").check()
    page.get_by_label("CSV, Excel or Parquet file, at most").set_input_files(file)
    expect(page.get_by_text("Read 30,000 rows and 18 columns").first).to_be_visible(timeout=LONG)
    page.get_by_label("Model", exact=True).select_option(f"Train a {learner} here")
    page.get_by_label("Outcome that the model learns to predict").select_option(OUTCOME)
    page.get_by_role("checkbox", name=TARGET).uncheck()
    page.get_by_label("Causal graph: what causes what").select_option("Paste a text")
    page.get_by_label("Graph as text").fill(GRAPH)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Train the model and use it").click()
    expect(page.get_by_text("Ready: 30,000 rows").first).to_be_visible(timeout=4 * LONG)
    target = page.locator(".wb-step").nth(2).get_by_role("checkbox", name=TARGET)
    target.check()


def own_runs(browser: Browser, repeats: int) -> dict[str, list[Run]]:
    """Time runs on a table of one's own, each on a page of its own, by what is trained."""
    found: dict[str, list[Run]] = {learner: [] for learner in LEARNERS}
    with tempfile.TemporaryDirectory() as folder, served_pages.voila() as site:
        file = Path(folder) / "loans.csv"
        own_table().to_csv(file, index=False)
        for learner in LEARNERS:
            for _ in range(repeats if learner == LEARNERS[0] else 1):
                with served_pages.watched(browser, site) as view:
                    page = view.open()
                    bring_own_table(page, file, learner)
                    found[learner].append(timed_run(page, site))
                    page.get_by_role("button", name="Cancel", exact=True).click()
                    view.checked()
    return found


def results_page(view: Watched) -> tuple[int, float, Run]:
    """Run the audit with every method; return the bytes that came, the seconds, and the run."""
    page = view.page
    fetched = 0

    def received(event: dict[str, float]) -> None:
        nonlocal fetched
        fetched += int(max(event["dataLength"], event["encodedDataLength"]))

    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.on("Network.dataReceived", received)
    before = view.sent
    first = timed_run(page, view.site)
    seconds = page.wait_for_function("() => run.done", timeout=10 * LONG).json_value() / 1000
    page.wait_for_timeout(3_000)  # what is drawn late is counted too
    line.detach()
    return view.sent - before + fetched, seconds, first


def cancels(page: Page, moments: tuple[float, ...]) -> list[float]:
    """Seconds from pressing Cancel to the page's word that the run has ended."""
    found = []
    for moment in moments:
        ready(page).click()
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_enabled()
        page.wait_for_timeout(1000 * moment)
        took = page.evaluate(CANCELLED)
        if took is None:
            break  # the run was over before
        found.append(took / 1000)
        page.wait_for_timeout(500)
    return found


def main() -> None:
    """Run the benchmark, print its table and write its results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats; writes no results")
    options = parser.parse_args()
    if not os.environ.get("CAFE_WORKBENCH_DATA") and SHARED.is_dir():
        os.environ["CAFE_WORKBENCH_DATA"] = str(SHARED)
    started = time.perf_counter()
    repeats = 1 if options.quick else 3
    browser_path = next(path for name in BROWSERS if name and (path := shutil.which(name)))
    rows: Rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        expect.set_options(timeout=LONG)
        cold = first_page(browser, repeats, preheat=0)
        warm = first_page(browser, repeats, preheat=1)
        with served_pages.voila() as site, served_pages.watched(browser, site) as view:
            page = view.open()
            choose_adult(page)
            answered, redrawn = edits(page, 2 if options.quick else 5)
            sent, seconds, adult = results_page(view)
            shares = MOMENTS[:3] if options.quick else MOMENTS
            pressed = tuple(share * seconds for share in shares)
            stopped = cancels(page, pressed)
            view.checked()
        own = own_runs(browser, 1 if options.quick else 2)
        version = browser.version
        browser.close()
    for name, found in own.items():
        rows += run_rows(f"own table, {name}", found, OWN)
    rows += run_rows("Adult, logistic regression", [adult], ADULT)
    rows += [
        spread("an edge edit answered: the graph drawn again", answered, EDIT, "ms"),
        spread("CAFÉ's effects redrawn after it", redrawn, REDRAWN),
        spread("first page usable, from the click, cold kernel", cold, COLD),
        spread("first page usable, from the click, preheated kernel", warm, WARM),
        (
            "bytes sent for a page of results, beyond the first load",
            "1",
            f"{sent / 1e6:.2f} MB",
            "",
            f"≤ {BYTES / 1e6:g} MB: {verdict(sent <= BYTES)}",
        ),
        spread("Cancel answered", stopped, CANCEL),
    ]
    heads = ("what", "times", "median", "worst", "target")
    lines = [heads, ("---",) * len(heads), *rows]
    moments = ", ".join(f"{moment:.1f}" for moment in pressed[: len(stopped)])
    text = "\n".join(
        [
            "# Speed of the page, in Chromium",
            "",
            "The dashboard as `cafe-workbench serve` shows it; server, kernel and browser share "
            "one computer. The own table is `benchmarks/own_table.py`, 30,000 × 18, uploaded as a "
            "CSV with its graph; gender, which no model reads, is the target. Everything else is "
            "on Adult, 48,842 rows, with the quick regression. Runs are with every method; the "
            "target is compared with the median.",
            "",
            *("| " + " | ".join(line) + " |" for line in lines),
            "",
            f"Cancel was pressed {moments} seconds after the start of a run with every method, "
            f"which takes {seconds:.0f} s in all. A page is usable when its Run button is: the "
            f"sample is loaded, its model trained, the graph drawn.",
            "",
            f"Chromium {version}, Python {platform.python_version()}, ipywidgets "
            f"{ipywidgets.__version__}, voila {voila.__version__}; {os.cpu_count()} CPUs, load "
            f"{os.getloadavg()[0]:.1f} at the end; {time.perf_counter() - started:.0f} s.",
            "",
        ]
    )
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "browser_speed.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
