"""A disk without room: a sentence that names the files, and nothing left behind."""

import errno
import os

import pytest

from workbench.cli.output import write_files
from workbench.common.errors import DataError


class Saved:
    """Stands for a report."""

    def to_html(self):
        return "<p>"

    def to_json(self):
        return "{}"

    def to_csv(self):
        return "a,b"


def test_a_full_disk_is_said_with_the_files_that_were_asked_for(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")  # as write() does: no file name

    monkeypatch.setattr(os, "replace", full)
    files = {"html": tmp_path / "a.html", "json": tmp_path / "a.json"}
    words = r"a\.html.*a\.json.*No space left on device\. No file"
    with pytest.raises(DataError, match=words) as said:
        write_files(Saved(), files)
    assert "None" not in str(said.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux that is always full")
def test_a_disk_that_is_full_while_writing(tmp_path, monkeypatch):
    def on_full(**_):
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / ".a.html.x")

    monkeypatch.setattr("workbench.cli.output.tempfile.mkstemp", on_full)
    with pytest.raises(DataError, match=r"Cannot write .*a\.html.*No space left"):
        write_files(Saved(), {"html": tmp_path / "a.html"})
