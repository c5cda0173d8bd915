"""Reading a dossier from a stranger: a folder or a zip, within bounds, without following links.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib

from workbench.common.errors import EvidenceError
from workbench.evidence.claims import ReaderError
from workbench.evidence.commitments import read_canonical_json, sha256_hex

__all__ = ["MANIFEST", "STATEMENT", "check_manifest", "manifest_of", "read_dossier"]

MANIFEST, STATEMENT = "MANIFEST.json", "statement.dsse.json"
MOST_FILES = 200
MOST_BYTES = 100_000_000
"""Of a file, and three times as many of all together."""
PACKED_AGAIN = (
    "This zip was packed by another program: a dossier's own zip holds its files as they are, "
    "without compression, password or folders. Unpack it and check the folder."
)
FILE_MANAGERS = re.compile(r"(.*/)?(\.DS_Store|\._[^/]*|\.directory|Thumbs\.db|desktop\.ini)")
"""Files that a program for looking at folders leaves in them, whoever opens one."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}){0,2}")


def read_dossier(path: str) -> dict[str, bytes]:
    """Read every file of a dossier.

    Raises
    ------
    ReaderError
        When there is nothing at the path, a zip that another program packed, a file that a file
        manager left, or one that the reader may not read.
    EvidenceError
        When it holds links, strange names, or more than the bounds allow.
    """
    if os.path.isdir(path):
        try:
            return _read_folder(path)
        except OSError as error:
            raise ReaderError(f"{error.filename} cannot be read: {error.strerror}.") from None
    if not os.path.isfile(path):
        raise ReaderError(f"There is no dossier at {path}: a folder or a zip file is expected.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_zip(archive)
    except PermissionError as error:
        raise ReaderError(f"{path} cannot be read: {error.strerror}.") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise EvidenceError(f"The file is not a zip that can be read: {error}.") from None
    except (OSError, ValueError, UnicodeError) as error:
        raise EvidenceError(f"The file is not a zip that can be read: {error}.") from None


def _check_name(name: str, count: int) -> None:
    if count > MOST_FILES:
        raise EvidenceError(f"The dossier holds more than {MOST_FILES} files.")
    if FILE_MANAGERS.fullmatch(name):
        raise ReaderError(
            f"A file manager left {name[-60:]!r} in the dossier, which is no part of it: delete it."
        )
    if not NAME.fullmatch(name):
        raise EvidenceError(f"The dossier holds a file of a strange name: {name[:60]!r}.")


def _check_size(name: str, size: int, total: int) -> None:
    if size > MOST_BYTES or total > 3 * MOST_BYTES:
        raise EvidenceError(f"The dossier is too large to be read ({name}).")


def _read_folder(path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    waiting = [("", path)]
    while waiting:
        prefix, folder = waiting.pop()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = prefix + entry.name
            _check_name(name, len(files) + len(waiting) + 1)
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                waiting.append((name + "/", entry.path))
                continue
            if not stat.S_ISREG(mode):
                raise EvidenceError(f"The dossier holds a link or a device: {name}.")
            size = entry.stat(follow_symlinks=False).st_size
            total += size
            _check_size(name, size, total)
            with open(entry.path, "rb") as file:
                files[name] = file.read(MOST_BYTES + 1)
            _check_size(name, len(files[name]), total)
    return files


def _read_zip(archive: zipfile.ZipFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for held in archive.infolist():
        if held.is_dir() or held.compress_type != zipfile.ZIP_STORED or held.flag_bits & 1:
            raise ReaderError(PACKED_AGAIN)
        _check_name(held.filename, len(files) + 1)
        kind = held.external_attr >> 16
        if kind and not stat.S_ISREG(kind) and stat.S_IFMT(kind):
            raise EvidenceError(f"The dossier holds a link or a device: {held.filename}.")
        if held.filename in files:
            raise EvidenceError(f"The dossier holds {held.filename} twice.")
        total += held.file_size
        _check_size(held.filename, held.file_size, total)
        files[held.filename] = archive.read(held)
    return files


def manifest_of(files: dict[str, bytes]) -> dict[str, dict[str, object]]:
    """Return what a manifest says of files: bytes and SHA-256 of each."""
    return {
        name: {"bytes": len(raw), "sha256": sha256_hex(raw)} for name, raw in sorted(files.items())
    }


def check_manifest(files: dict[str, bytes], manifest_sha256: object) -> None:
    """See to it that the files are exactly those of the signed manifest.

    Raises
    ------
    EvidenceError
        Naming the first file that is missing, too many or changed.
    """
    raw = files.get(MANIFEST, b"")
    if sha256_hex(raw) != manifest_sha256:
        raise EvidenceError("The manifest is not the one that was signed.")
    listed = read_canonical_json(raw, "The manifest")
    stated = listed.get("files") if isinstance(listed, dict) else None
    if not isinstance(stated, dict) or set(listed) != {"files"}:
        raise EvidenceError("The manifest lists no files.")
    if {MANIFEST, STATEMENT} & set(stated):
        raise EvidenceError("The manifest lists itself.")
    there = manifest_of({k: v for k, v in files.items() if k not in (MANIFEST, STATEMENT)})
    for name in sorted(set(stated) | set(there)):
        if stated.get(name) != there.get(name):
            fault = (
                "missing" if name not in there else "changed" if name in stated else "not listed"
            )
            raise EvidenceError(f"A file of the dossier is {fault}: {name[:80]}.")
