"""Signed checkpoints and witnesses."""

from __future__ import annotations

import base64

import pytest

from workbench.common.errors import EvidenceError
from workbench.evidence import notes
from workbench.evidence.commitments import tree_root
from workbench.evidence.keys import SigningKey

pytest.importorskip("cryptography")
ENTRIES = [b'{"at":1,"kind":"a"}', b'{"at":2,"kind":"b"}', b'{"at":3,"kind":"c"}']
LOG = SigningKey.from_seed(b"1" * 32, "bank.example/evidence")
WITNESS = SigningKey.from_seed(b"2" * 32, "witness.example", notes.WITNESS_KEY)


def signed() -> bytes:
    text = notes.checkpoint_text(LOG.name, ENTRIES)
    return notes.sign_checkpoint(text, LOG.named, LOG.sign)


def test_a_checkpoint_says_name_size_and_root() -> None:
    checkpoint = notes.read_checkpoint(signed())
    assert (checkpoint.origin, checkpoint.size) == (LOG.name, 3)
    assert checkpoint.root == tree_root(ENTRIES)
    assert notes.is_signed_by(checkpoint, LOG.named)
    other = SigningKey.from_seed(b"3" * 32, LOG.name)
    assert not notes.is_signed_by(checkpoint, other.named)


def test_the_form_is_that_of_c2sp() -> None:
    """The example key of c2sp.org/signed-note: its id follows from name and key."""
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    named = notes.read_named_key(key)
    assert str(named) == key
    assert named.key_id.hex() == "c74f20a3"


def test_a_witness_signs_the_same_lines_with_its_time() -> None:
    raw = notes.cosign_checkpoint(signed(), WITNESS.named, WITNESS.sign, at=1_700_000_000)
    checkpoint = notes.read_checkpoint(raw)
    assert notes.is_signed_by(checkpoint, LOG.named)
    assert notes.cosigned_at(checkpoint, WITNESS.named) == 1_700_000_000
    stranger = SigningKey.from_seed(b"4" * 32, WITNESS.name, notes.WITNESS_KEY)
    assert notes.cosigned_at(checkpoint, stranger.named) is None
    # The time is signed with the rest: another time is no cosignature.
    name, line = checkpoint.signatures[-1]
    later = line[:4] + (1_700_000_001).to_bytes(8, "big") + line[12:]
    moved = raw.replace(base64.b64encode(line), base64.b64encode(later))
    assert notes.cosigned_at(notes.read_checkpoint(moved), WITNESS.named) is None
    assert name == WITNESS.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n3\n", b"\n03\n"),
        (b"\n3\n", b"\n-3\n"),
        (b"\n3\n", b"\n\xd9\xa3\n"),
        (b"\n3\n", b"\n" + b"9" * 5000 + b"\n"),
        (b"bank.example/evidence\n3", b"bank example\n3"),
        (b"\n\n", b"\n"),
        (b"\xe2\x80\x94 ", b"- "),
        (b"=\n", b"\n"),
        (b"bank", b"\xff"),
    ],
)
def test_another_form_is_refused(old: bytes, new: bytes) -> None:
    assert old in signed()
    with pytest.raises(EvidenceError):
        notes.read_checkpoint(signed().replace(old, new, 1))


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+AAAA", str(LOG.named).replace("+", "+0", 1)]
)
def test_a_key_with_a_typing_error_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        notes.read_named_key(text)


def test_a_key_is_kept_in_a_file_for_its_owner_alone(tmp_path) -> None:
    path = tmp_path / "key"
    LOG.save(path)
    assert path.stat().st_mode & 0o077 == 0
    assert SigningKey.load(path).named == LOG.named
    assert SigningKey.load(path).sign(b"x") == LOG.sign(b"x")
    assert (b"1" * 32).hex() not in repr(LOG)
    with pytest.raises(EvidenceError, match="never overwritten"):
        LOG.save(path)
    path.write_text("something else", "utf-8")
    with pytest.raises(EvidenceError, match="no signing key"):
        SigningKey.load(path)
