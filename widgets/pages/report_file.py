"""A saved report as a file: its bytes, what they are named by, and the report in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import workbench as wb
from workbench.common.errors import DataError
from workbench.common.limits import JSON_BYTES

__all__ = ["REPORT_VARIABLE", "ReportFile", "open_report", "read_report"]

REPORT_VARIABLE = "CAFE_WORKBENCH_REPORT"
"""Names the file that the page opens, where whoever serves it has chosen one."""


@dataclass(frozen=True)
class ReportFile:
    """A saved report that was read.

    Attributes
    ----------
    name : str
        The file's name, without its folder.
    size : int
        Bytes.
    fingerprint : str
        SHA-256 of the file's bytes, in hexadecimal digits.
    report : AuditReport
    """

    name: str
    size: int
    fingerprint: str
    report: wb.AuditReport


def open_report(name: str, content: bytes) -> ReportFile:
    """Read a saved report from a file's bytes.

    Raises
    ------
    DataError
        The file is too large, or no report of the workbench.
    """
    if len(content) > JSON_BYTES:
        raise _too_large(name, len(content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(
            f"{name[:100]!r} is no saved report: it is not text. Choose the file that the "
            f'workbench saved with "All numbers (JSON)".'
        ) from None
    report = wb.AuditReport.from_json(text)
    return ReportFile(name, len(content), hashlib.sha256(content).hexdigest(), report)


def read_report(path: str | Path) -> ReportFile:
    """Read a saved report from a file.

    Raises
    ------
    DataError
        There is no such file, it is too large, or no report of the workbench.
    """
    file = Path(path)
    try:
        if file.stat().st_size > JSON_BYTES:
            raise _too_large(file.name, file.stat().st_size)
        with file.open("rb") as stream:
            content = stream.read(JSON_BYTES + 1)  # a device says that it is empty, and never ends
    except OSError as error:
        raise DataError(f"Cannot read the report {file.name!r}: {error.strerror}.") from None
    return open_report(file.name, content)


def _too_large(name: str, size: int) -> DataError:
    return DataError(
        f"{name[:100]!r} holds {size / 1e6:,.0f} MB; a saved report holds at most "
        f"{JSON_BYTES / 1e6:,.0f} MB."
    )
