"""Files, names and model servers that mean harm or leave a doubt: each ends in a clear sentence."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.model_server import HOSTILE
from tests.browser.served_pages import LONG, ready, run

pytestmark = pytest.mark.browser

TABLE = "CSV, Excel or Parquet file, at most"
OWN = "A table of your own"


def pick_table(page: Page, file: Path) -> None:
    page.get_by_label(OWN).check()
    page.get_by_label(TABLE).set_input_files(file)


def begin(page: Page) -> None:
    """Go back to a sample, whatever was refused before."""
    page.get_by_label("Loan applications (simulated)").check(timeout=LONG)
    page.get_by_label("Model", exact=True).select_option(
        "Train a logistic or linear regression here"
    )
    ready(page)


def problem(page: Page) -> Locator:
    return page.locator(".wb-status[data-kind=problem]").first


def unharmed(page: Page) -> None:
    assert page.locator("img[src=x]").count() == 0
    assert page.locator(".wb-page script").count() == 0
    assert page.title() != "harmed"
    assert "Traceback" not in page.locator("body").inner_text()


def test_files_that_mean_harm_are_refused_in_words(page: Page, tmp_path: Path) -> None:
    begin(page)
    large = tmp_path / "big.csv"
    with large.open("wb") as stream:
        stream.write(b"a,b\n")
        stream.truncate(200_000_000)  # a sparse file: it takes no room
    pick_table(page, large)
    expect(problem(page)).to_contain_text("holds 200 MB; this page takes at most 30 MB")

    bomb = tmp_path / "bomb.parquet"
    pd.DataFrame({f"c{i}": np.zeros(3_000_000) for i in range(20)}).to_parquet(
        bomb, compression="zstd"
    )
    assert bomb.stat().st_size < 30_000_000, "the bomb must pass the limit on the file's size"
    page.get_by_label(TABLE).set_input_files(bomb)
    expect(problem(page)).to_contain_text("bomb.parquet")
    expect(problem(page)).to_contain_text("cells")

    for name, content in (
        ("no table.parquet", b"PAR1" + b"\xff" * 400 + b"PAR1"),
        ("binary.csv", bytes(range(256)) * 40),
        ("empty.csv", b""),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        page.get_by_label(TABLE).set_input_files(file)
        expect(problem(page)).to_contain_text(name.split(".")[0])
    unharmed(page)


class Harm:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_a_pickle_named_skops_is_never_opened(page: Page, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    file = tmp_path / "model.skops"
    file.write_bytes(pickle.dumps(Harm(mark)))
    pickle.loads(file.read_bytes())
    assert mark.exists(), "the pickle does harm where it is opened"
    mark.unlink()
    begin(page)
    page.get_by_label("Model", exact=True).select_option("Bring a model file")
    picker = page.get_by_label("Model file (skops, ONNX, XGBoost or LightGBM)")
    expect(picker).to_be_visible()
    for name in ("model.skops", "model.onnx", "model.pkl"):
        other = tmp_path / name
        other.write_bytes(file.read_bytes())
        picker.set_input_files(other)
        expect(problem(page)).to_contain_text(name)
    assert not mark.exists()
    unharmed(page)


def test_endpoints_that_misbehave_are_said_in_words(page: Page, model_server: str) -> None:
    begin(page)
    page.get_by_label("Model", exact=True).select_option("Ask a model over HTTP")
    where = page.get_by_label("Address of the model")
    ask = page.get_by_role("button", name="Ask this model and use it")

    def said(path: str) -> Locator:
        where.fill(path)
        page.keyboard.press("Tab")
        ask.click()
        return problem(page)

    for path, words in (
        ("http://127.0.0.1:1/", "http://127.0.0.1:1 may not be asked from here"),
        ("http://169.254.169.254/latest", "169.254.169.254/latest may not be asked from here"),
        ("file:///etc/passwd", "must begin with https:// or http://"),
        (f"{model_server}nonsense", "where JSON is expected"),
        (f"{model_server}close", "it closed the connection"),
    ):
        expect(said(path)).to_contain_text(words, timeout=LONG)
        unharmed(page)
    # One that hangs can be left at once.
    where.fill(f"{model_server}hang")
    page.keyboard.press("Tab")
    ask.click()
    page.get_by_role("button", name="Stop loading").click()
    expect(page.get_by_text("Stopped. Nothing was loaded.")).to_be_visible()
    unharmed(page)


def test_codes_are_asked_about_and_stated_as_a_category(page: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"region_code": rng.integers(1, 8, 300), "income": rng.normal(50, 9, 300)})
    frame["approved"] = (frame["income"] > 50).astype(int)
    file = tmp_path / "mine.csv"
    frame.to_csv(file, index=False)
    begin(page)
    pick_table(page, file)
    asked = page.get_by_text("may be codes by name")
    expect(asked).to_be_visible(timeout=LONG)
    page.get_by_text("State what a column holds").click()
    kind = page.get_by_label("It holds")
    expect(kind).to_be_visible(timeout=LONG)
    kind.select_option("category")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_text("region_code: category")).to_be_visible(timeout=LONG)
    expect(asked).to_be_hidden(timeout=LONG)


def test_a_hostile_table_is_audited_and_shown_as_text(page: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({HOSTILE: rng.normal(size=400)})
    frame["middle"] = frame[HOSTILE] + rng.normal(size=400)
    frame["group"] = np.where(
        rng.normal(size=400) > 0, "<script>document.title='harmed'</script>", "b"
    )
    frame["chosen"] = np.where(frame["middle"] > 0, "<b>yes</b>", "no")
    file = tmp_path / "<u>mine.csv"
    frame.to_csv(file, index=False)

    begin(page)
    pick_table(page, file)
    expect(page.get_by_text("Read 400 rows and 4 columns").first).to_be_visible()
    page.get_by_label("Outcome that the model learns to predict").select_option("chosen")
    asked = page.get_by_label("Class whose probability is audited").locator("visible=true")
    asked.select_option("<b>yes</b>")
    page.get_by_label("Causal graph: what causes what").select_option("Paste a text")
    page.get_by_label("Graph as text: DAGitty, JSON, DOT or GML").fill(
        f'dag {{ "{HOSTILE}" -> middle  group -> middle  middle -> chosen }}'
    )
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Train the model and use it").click()
    expect(page.get_by_text("Ready: 400 rows").first).to_be_visible()
    page.locator(".wb-check").filter(has_text=HOSTILE).get_by_role("checkbox").check()
    verdict = run(page)
    expect(verdict).to_contain_text(HOSTILE)
    page.screenshot(path=tmp_path / "hostile.png", full_page=True)
    unharmed(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Report to read and print (HTML)").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    desk = page.context.browser.new_page()  # type: ignore[union-attr]
    desk.goto(report.as_uri())
    assert HOSTILE in desk.locator("body").inner_text()
    assert desk.locator("img[src=x]").count() == 0
    assert desk.title() != "harmed"
    desk.close()
