"""Where a report cannot be written: a sentence that names the files, and nothing left behind."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench.cli.commands import app
from workbench.cli.output import closed_pipe, files_to_write, write_files
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


@pytest.mark.parametrize("option", ["--html", "--retrained", "--graph", "--data", "--model"])
def test_what_is_too_long_to_name_a_file_is_said(option):
    sample = [] if option in ("--data", "--model") else ["loan"]
    call = ["audit", *sample, "--target", "zip_code", option, 300 * "a"]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.is_char_device(), reason="a device of Linux that is always full")
def test_a_disk_that_is_full_while_writing(tmp_path, monkeypatch):
    def on_full(**_):
        return os.open(FULL, os.O_WRONLY), str(tmp_path / ".a.html.x")

    monkeypatch.setattr("workbench.cli.output.tempfile.mkstemp", on_full)
    with pytest.raises(DataError, match=r"Cannot write .*a\.html.*No space left"):
        write_files(Saved(), {"html": tmp_path / "a.html"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name")
def test_a_device_or_a_pipe_is_no_file_to_be_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is a device or a pipe, not a file"):
        files_to_write(json=tmp_path / "pipe")
    with pytest.raises(DataError, match="is a device or a pipe, not a file"):
        files_to_write(json=Path(os.devnull))
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_what_a_link_leads_to_is_written(tmp_path):
    (tmp_path / "kept").mkdir()
    link, kept = tmp_path / "audit.json", tmp_path / "kept" / "audit.json"
    link.symlink_to(kept)
    write_files(Saved(), files_to_write(json=link))
    assert link.is_symlink()
    assert kept.read_text("utf-8") == "{}\n"
    assert [path.name for path in kept.parent.iterdir()] == ["audit.json"]
    with pytest.raises(DataError, match="name the same file"):
        files_to_write(json=link, html=kept)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("report", "{0}"), ("--docx", "--html", "--csv")),
        (("audit", "loan", "--case-file", "{0}"), ("--json",)),
        (("audit", "--data", "{0}"), ("--csv",)),
        (("audit", "--model", "{0}"), ("--json",)),
        (("audit", "--graph", "{0}"), ("--json",)),
        (("audit", "--before", "{0}"), ("--html",)),
        (("audit", "--retrained", "{0}"), ("--html",)),
    ],
)
def test_a_file_that_a_command_reads_is_never_written_over(command, options, tmp_path):
    kept, link = tmp_path / "kept.json", tmp_path / "link.json"
    kept.write_text("the only copy", "utf-8")
    link.symlink_to(kept)
    for option in options:
        for path in (kept, link):
            words = [part.format(kept) for part in command]
            result = CliRunner().invoke(app, [*words, option, str(path)])
            assert result.exit_code == 2
            assert f"{option} would write over" in " ".join(result.output.split())
    assert kept.read_text("utf-8") == "the only copy"


def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        words = "The output cannot be written: No space left"
        with pytest.raises(DataError, match=words), closed_pipe():
            raise OSError(errno.ENOSPC, "No space left on device")
        with pytest.raises(FileNotFoundError), closed_pipe():
            (tmp_path / "nowhere").read_bytes()  # no matter of the output
