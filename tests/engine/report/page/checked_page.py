"""A page read as a browser would, and what must hold for every page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from workbench.report.audit_report import AuditReport
from workbench.report.page.page import render_page

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """What a browser would make of a page: elements, text by element, and unclosed tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.broken: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in {*self.open, "page"}:
            self.texts.setdefault(tag, []).append(data)

    def text(self, tag: str = "page") -> str:
        return re.sub(r"\s+", " ", "".join(self.texts.get(tag, [])))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def checked(report: AuditReport) -> Page:
    """Parse a report's page and check what must hold for every report."""
    text = render_page(report)
    page = Page(text)
    assert not page.broken and not page.open
    assert not re.search(r"https?://", text.replace('xmlns="http://www.w3.org/2000/svg"', ""))
    names = {tag for tag, _ in page.elements}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "form", "base"})
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not (attributes.get("src") or attributes.get("srcset")), tag
        assert (attributes.get("href") or "#").startswith("#"), tag
    ids = [value for _, a in page.elements if (value := a.get("id"))]
    assert len(ids) == len(set(ids))
    wanted = {
        reference
        for _, a in page.elements
        for key in ("aria-labelledby", "aria-describedby")
        for reference in (a.get(key) or "").split()
    } | {a["href"][1:] for _, a in page.elements if a.get("href")}
    assert wanted <= set(ids)
    for tag, attributes in page.elements:
        if tag == "th":
            assert attributes.get("scope") in ("col", "row")
        if tag == "svg":
            assert attributes.get("role") == "img" or attributes.get("aria-hidden") == "true"
    assert page.count("table") == page.count("caption")
    assert page.count("h1") == 1 and page.count("h2") >= 6
    words = page.text()
    assert not re.search(r"\bprove[dns]?\b", words.lower())
    assert not re.search(r"\b(nan|None|inf|Undefined)\b", _without_code(text))
    # Every number here names its class, one chapter says what would overturn the finding, and the
    # first page stands alone.
    assert len(text.encode("utf-8")) < 380_000
    return page


def _without_code(text: str) -> str:
    return re.sub(
        r"<style>.*?</style>|<pre>.*?</pre>|font-[^;]*;|fill=\"none\"", "", text, flags=re.S
    )
