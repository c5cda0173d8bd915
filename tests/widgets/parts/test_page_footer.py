"""The foot of a page, and the page's colours: what it says, and that it can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

import workbench as wb
from tests.widgets.widget_tree import HOSTILE, finished, loan_case
from widgets.parts.page_footer import PageFooter
from widgets.parts.page_style import page_style
from widgets.session.session import AuditSession

STYLES = Path(__file__).resolve().parents[3] / "widgets"
SHEET = (STYLES / "parts" / "page_style.css").read_text("utf-8")


def test_before_a_result_it_says_so(session: AuditSession) -> None:
    foot = PageFooter(session)
    assert "No result yet" in foot.value
    assert "no result yet" in printed(foot)


def test_it_says_where_the_result_comes_from_and_forgets_it_with_the_result(
    session: AuditSession,
) -> None:
    foot = PageFooter(session)
    session.open(loan_case(), ("zip_code",))
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    origin = report.provenance
    for whole in (origin.data_fingerprint, origin.model_fingerprint):
        assert f">{whole[:12]}…<" in foot.value and whole in foot.value
        assert whole[:12] in printed(foot)
    for name, version in origin.versions.items():
        assert f"{name} {version}" in foot.value
    assert origin.created in foot.value
    assert origin.created[:16].replace("T", " ") + " UTC" in foot.value
    assert f"Seed {origin.seed}" in printed(foot)
    assert foot.static_html() and "<style" not in foot.static_html()
    session.close()
    assert "No result yet" in foot.value and origin.data_fingerprint[:12] not in foot.value


def test_a_report_from_a_file_cannot_write_into_the_page(session: AuditSession) -> None:
    session.open(loan_case(), ("zip_code",))
    session.target = wb.UnlearningTarget.feature("zip_code")
    report = finished(session)
    bad = HOSTILE + '"; } </style><script>alert(1)</script>\n\\'
    origin = replace(
        report.provenance, data_fingerprint=bad, model_fingerprint='"</style>', created=bad
    )
    foot = PageFooter(session)
    session.report = replace(report, provenance=origin)
    assert escape(HOSTILE) in foot.value
    assert "<img" not in foot.value and "<script" not in foot.value
    assert foot.value.count("</style>") == 1
    assert printed(foot).count('"') == 0 and "\\" not in printed(foot)


def printed(foot: PageFooter) -> str:
    """What stands at the foot of every sheet."""
    found = re.search(r'@bottom-left \{ content: "(.*?)"; font', foot.value)
    assert found
    return found[1]


# ---- colours --------------------------------------------------------------------------------


def variables() -> dict[str, tuple[str, str]]:
    """Each colour of the style sheet, light and dark."""
    found = re.findall(r"(--wb-[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", SHEET)
    assert len(found) > 20
    return {name.removeprefix("--wb-"): (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = {
    **{
        name: ("page", "card", "soft", "field")
        for name in ("ink", "muted", "navy", "blue", "rust", "green", "amber", "red")
    },
    "on-navy": ("navy", "navy-hover"),
    "rust-ink": ("rust-soft",),
    "green-ink": ("green-soft",),
    "amber-ink": ("amber-soft",),
    "red-ink": ("red-soft",),
    "off-ink": ("off",),
}
"""Colours of text, and the grounds that each stands on."""
INK_ON = ("rust-soft", "green-soft", "amber-soft", "red-soft")


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme: int) -> None:
    colour = {name: pair[scheme] for name, pair in variables().items()}
    pairs = [(text, ground) for text, grounds in TEXT.items() for ground in grounds]
    pairs += [("ink", ground) for ground in INK_ON]
    low = {
        pair: round(contrast(colour[pair[0]], colour[pair[1]]), 2)
        for pair in pairs
        if contrast(colour[pair[0]], colour[pair[1]]) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_borders_of_controls_and_the_focus_can_be_seen(scheme: int) -> None:
    colour = {name: pair[scheme] for name, pair in variables().items()}
    for border in ("edge", "focus"):
        for ground in ("card", "field"):
            assert contrast(colour[border], colour[ground]) >= 3, (border, ground)


def test_every_colour_of_the_common_sheet_has_a_dark_side() -> None:
    """Colours are named once; only figures and paper, which stay white, may name one outright."""
    rules = re.sub(r"/\*.*?\*/", "", SHEET, flags=re.S)
    rules = rules[: rules.index("@media print")]
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", rules):
        if "light-dark" not in body and "color-scheme: only light" not in body:
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", body), selector.strip()
    named = set(re.findall(r"var\((--wb-[\w-]+)", SHEET))
    assert named <= {f"--wb-{name}" for name in variables()}


@pytest.mark.parametrize("sheet", sorted(STYLES.glob("*/*.css")), ids=lambda sheet: sheet.name)
def test_the_sheets_ask_nobody_for_anything(sheet: Path) -> None:
    text = sheet.read_text("utf-8")
    assert not re.search(r"@import|url\((?!\s*['\"]?data:)|</", text)
    assert text in page_style()
