"""Messages straight to the kernel, past the widgets: nothing runs, nothing breaks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import served_pages
from tests.browser.forged_messages import Message, forge, open_line, states
from tests.browser.served_pages import Site, Watched, ready

pytestmark = pytest.mark.browser

HTML = "<img src=x onerror=document.title='harmed'>"


def kernel_of(page: Page) -> str:
    found = re.search(r"kernelId\D*?([0-9a-f]{8}-[0-9a-f-]{27})", page.content())
    assert found
    return found[1]


def nonsense(code: str) -> list[Any]:
    """What a message may hold that no widget sends."""
    return [
        None,
        [],
        [[]],
        7,
        -1e308,
        "",
        code,
        "x" * 1_000,
        {},
        {"kind": None},
        {"kind": ["add-edge"]},
        {"kind": "x" * 10_000},
        {"kind": code},
        {"kind": "ask", "name": "../../etc/passwd"},
        {"kind": "part", "name": "../../x.csv", "index": 0, "parts": 10**9, "size": -1},
        {"kind": "part", "name": HTML, "index": "0", "parts": [], "size": {}},
        {"kind": "too-large", "name": {"a": 1}, "size": "big"},
        {"kind": "add-edge", "source": code, "target": code},
        {"kind": "add-edge", "source": HTML, "target": "prediction"},
        {"kind": "add-edge", "source": {}, "target": None},
        {"kind": "add-edge", "source": "credit_score", "target": "zip_code"},
        {"kind": "reverse-edge", "source": "x" * 100_000},
        {"kind": "add-latent", "name": "__class__", "children": 7},
        {"kind": "add-latent", "name": "x" * 100_000},
        {"kind": "remove-node", "name": "prediction"},
        {"kind": "remove-node", "node": ["zip_code"]},
        {"kind": "moved", "places": {"zip_code": {"x": "NaN", "y": 1e400}}},
        {"kind": "moved", "places": [[str(i), i, "NaN"] for i in range(5_000)]},
        {"kind": "moved", "places": [["zip_code", None, 1e308], ["zip_code", -1e308, True]]},
        {"kind": "select", "source": [], "target": {}},
        {"kind": "import", "text": code, "format": "pickle"},
        {"kind": "sort", "column": code, "descending": 3},
        {"kind": "page", "page": -(10**18)},
        {"kind": "__class__", "__class__": {"__init__": {"__globals__": {}}}},
    ]


def test_no_forged_message_runs_code_or_breaks_the_page(
    browser: Browser, voila_site: Site, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with (
        served_pages.watched(browser, voila_site) as view,
        served_pages.watched(browser, voila_site) as other,
    ):
        beside = other.open()
        spoil(view, mark)
        # A window beside it is untouched by all this, and its process answers.
        ready(beside)
        beside.get_by_role("checkbox", name="zip_code").uncheck()
        expect(beside.get_by_role("button", name="Run the audit")).to_be_disabled()
        other.checked()


def spoil(view: Watched, mark: Path) -> None:
    """Send the page's process everything that no widget sends; what it answers is harmless."""
    page = view.open()
    ready(page)
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    open_line(page, kernel_of(page))
    widgets = states(page)
    things = nonsense(code)
    wrong: tuple[Any, ...] = (None, -1, 10**9, 1e308, code, [code], {"a": code}, [[None]])
    assert len(widgets) > 50
    # What other messages a kernel understands; the server passes none of these on.
    ask = {"silent": False, "store_history": False, "user_expressions": {"a": code}}
    ask |= {"allow_stdin": False, "stop_on_error": False}
    evaluate = {"type": "request", "seq": 1, "command": "evaluate"}
    heard = forge(
        page,
        ("execute_request", {"code": code, **ask}, "shell"),
        ("execute_request", {"code": code, **ask}, "control"),
        ("debug_request", {**evaluate, "arguments": {"expression": code}}, "control"),
        ("complete_request", {"code": "open(", "cursor_pos": 5}, "shell"),
        ("inspect_request", {"code": "open", "cursor_pos": 4, "detail_level": 1}, "shell"),
        ("history_request", {"raw": True, "output": True, "hist_access_type": "tail"}, "shell"),
        ("create_subshell_request", {}, "control"),
        ("input_reply", {"value": code}, "stdin"),
    )
    replies = {kind for kind, _ in heard if kind.endswith("_reply")}
    assert replies <= {"kernel_info_reply"}

    # Every part of ours gets every kind of nonsense, as a message of its own and for its state;
    # where the page shows what it holds (children, layout, HTML), it is the page's own to spoil.
    def to(comm: str, method: str, key: str, value: Any) -> Message:
        data = {"method": method, key: value}
        return "comm_msg", {"comm_id": comm, "data": data}, "shell"

    sent: list[Message] = []
    kinds = {  # one of each kind stands for its like: a message costs the kernel milliseconds
        (model["model_name"], hash(str(model["state"].get("_esm")))): comm
        for comm, model in widgets.items()
    }
    for comm in kinds.values():
        model = widgets[comm]
        if model["model_name"] == "AnyModel":
            sent += [to(comm, "custom", "content", x) for x in things]
            keys = [k for k in model["state"] if not k.startswith("_")]
            sent += [to(comm, "update", "state", {k: x}) for k in keys for x in wrong]
        elif "value" in model["state"] and model["model_name"] != "HTMLModel":
            sent += [to(comm, "custom", "content", x) for x in (None, code, {"event": [code]})]
            sent += [to(comm, "update", "state", {"value": x}) for x in (None, [code], {"a": 1})]
    sent.append(to(next(iter(widgets)), "custom", "content", "x" * 1_000_000))
    for start in range(0, len(sent), 100):  # so that each answer is waited for a busy minute
        forge(page, *sent[start : start + 100])
    for content in (
        {"comm_id": "a", "target_name": "jupyter.widget", "data": {"state": {}}},
        {"comm_id": "b", "target_name": code, "data": {}},
        {"comm_id": "c", "target_name": "jupyter.widget", "target_module": "os", "data": code},
        {"comm_id": ["d"], "target_name": None},
    ):
        forge(page, ("comm_open", content, "shell"))
    forge(page, ("comm_msg", {"comm_id": "nobody", "data": {"method": code}}, "shell"))
    assert not mark.exists()
    assert page.title() != "harmed"
    assert "Traceback" not in page.locator("body").inner_text()
    assert view.foreign == []
