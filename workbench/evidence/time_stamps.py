"""Time stamps of RFC 3161: that something existed before a moment, said by a third party.

The authority's certificate is pinned by its SHA-256, given from outside. RSA with SHA-256, SHA-384
or SHA-512, which is what public authorities sign with.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import calendar
import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.common.errors import EvidenceError
from workbench.evidence.commitments import sha256, sha256_hex

__all__ = ["OtherAuthority", "stamped_at"]

LARGEST_STAMP = 100_000
SEQUENCE, SET, OCTETS, OBJECT, INTEGER, TIME, CONTEXT_0 = 0x30, 0x31, 0x04, 0x06, 0x02, 0x18, 0xA0
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TIME_STAMP_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
RSA = bytes.fromhex("2a864886f70d010101")
SHA_2 = bytes.fromhex("6086480165030402")
HASHES = {SHA_2 + b"\1": "sha256", SHA_2 + b"\2": "sha384", SHA_2 + b"\3": "sha512"}


class OtherAuthority(EvidenceError):
    """A time stamp without the certificate that the reader names: to this reader it is none."""


@dataclass(frozen=True)
class _Part:
    """One element of DER: its tag, and where it and its content stand."""

    whole: bytes
    tag: int
    start: int
    content: int
    end: int

    @property
    def inside(self) -> bytes:
        return self.whole[self.content : self.end]

    @property
    def raw(self) -> bytes:
        return self.whole[self.start : self.end]

    def parts(self) -> list[_Part]:
        return list(_parts(self.whole, self.content, self.end))

    def part(self, index: int, tag: int) -> _Part:
        held = self.parts()
        if index >= len(held) or held[index].tag != tag:
            raise EvidenceError("The time stamp is not built as RFC 3161 has it.")
        return held[index]


def _parts(raw: bytes, start: int, end: int) -> Iterator[_Part]:
    while start < end:
        if start + 2 > end:
            raise EvidenceError("The time stamp breaks off.")
        length, content = raw[start + 1], start + 2
        if length & 128:
            more = length & 127
            if not 0 < more <= 4 or content + more > end:
                raise EvidenceError("The time stamp is not DER.")
            length = int.from_bytes(raw[content : content + more], "big")
            content += more
        if content + length > end:
            raise EvidenceError("The time stamp breaks off.")
        yield _Part(raw, raw[start], start, content, content + length)
        start = content + length


def _whole(raw: bytes, tag: int) -> _Part:
    held = list(_parts(raw, 0, len(raw)))
    if len(held) != 1 or held[0].tag != tag:
        raise EvidenceError("The time stamp is not built as RFC 3161 has it.")
    return held[0]


def stamped_at(stamp: bytes, data: bytes, certificate_sha256: str) -> int:
    """Return the seconds since 1970 at which an authority stamped the data.

    Parameters
    ----------
    stamp : bytes
        The authority's response (``.tsr``).
    data : bytes
        What was stamped.
    certificate_sha256 : str
        The SHA-256 of the authority's certificate (DER), in hexadecimal digits.

    Raises
    ------
    OtherAuthority
        When the stamp does not hold that certificate.
    EvidenceError
        When the stamp is of other data, or its signature does not hold.
    """
    if len(stamp) > LARGEST_STAMP:
        raise EvidenceError(f"A time stamp has at most {LARGEST_STAMP:,} bytes.")
    response = _whole(stamp, SEQUENCE)
    if response.part(0, SEQUENCE).part(0, INTEGER).inside not in (b"\0", b"\1"):
        raise EvidenceError("The authority did not grant the time stamp.")
    content = response.part(1, SEQUENCE)
    if content.part(0, OBJECT).inside != SIGNED_DATA:
        raise EvidenceError("The time stamp holds no signed data.")
    signed = content.part(1, CONTEXT_0).part(0, SEQUENCE)
    held = signed.part(2, SEQUENCE)
    if held.part(0, OBJECT).inside != TIME_STAMP_INFO:
        raise EvidenceError("What the authority signed is no time stamp.")
    information = held.part(1, CONTEXT_0).part(0, OCTETS).inside
    at = _time_of(information, data)
    _check_signature(signed, information, _public_key(signed, certificate_sha256))
    return at


def _time_of(information: bytes, data: bytes) -> int:
    whole = _whole(information, SEQUENCE)
    imprint = whole.part(2, SEQUENCE)
    name = HASHES.get(imprint.part(0, SEQUENCE).part(0, OBJECT).inside)
    if name is None:
        raise EvidenceError("The time stamp is over a hash of another kind than SHA-2.")
    if imprint.part(1, OCTETS).inside != hashlib.new(name, data).digest():
        raise EvidenceError("The time stamp is of other data.")
    written = whole.part(4, TIME).inside.decode("latin-1")
    if not re.fullmatch(r"[0-9]{14}(\.[0-9]{1,9})?Z", written):
        raise EvidenceError("The time stamp's time cannot be read.")
    try:
        return calendar.timegm(time.strptime(written[:14], "%Y%m%d%H%M%S"))
    except ValueError:
        raise EvidenceError("The time stamp's time cannot be read.") from None


def _public_key(signed: _Part, certificate_sha256: str) -> tuple[int, int]:
    """Return modulus and exponent of the pinned certificate among those in the stamp."""
    certificates = [
        certificate
        for part in signed.parts()[3:]
        if part.tag == CONTEXT_0
        for certificate in part.parts()
        if sha256_hex(certificate.raw) == certificate_sha256.lower()
    ]
    if not certificates:
        raise OtherAuthority("The time stamp is not signed with the certificate that was named.")
    fields = certificates[0].part(0, SEQUENCE).parts()
    # version, serial, algorithm, issuer, validity, subject, key: the version may be left out
    key = fields[6 if fields and fields[0].tag == CONTEXT_0 else 5 : 7]
    if not key or key[0].part(0, SEQUENCE).part(0, OBJECT).inside != RSA:
        raise EvidenceError("The authority's key is not one of RSA.")
    numbers = _whole(key[0].part(1, 0x03).inside[1:], SEQUENCE)
    modulus, exponent = (int.from_bytes(numbers.part(i, INTEGER).inside, "big") for i in (0, 1))
    if not 1 << 2000 < modulus < 1 << 8200 or not 2 < exponent < 1 << 33:
        raise EvidenceError("The authority's key is not one of RSA with at least 2,048 bits.")
    return modulus, exponent


def _check_signature(signed: _Part, information: bytes, key: tuple[int, int]) -> None:
    signers = signed.parts()[-1]
    if signers.tag != SET or len(signers.parts()) != 1:
        raise EvidenceError("The time stamp does not have one signer.")
    signer = signers.part(0, SEQUENCE)
    name = HASHES.get(signer.part(2, SEQUENCE).part(0, OBJECT).inside)
    attributes = signer.part(3, CONTEXT_0)
    if name is None:
        raise EvidenceError("The time stamp is signed over a hash of another kind than SHA-2.")
    said = {
        attribute.part(0, OBJECT).inside: attribute.part(1, SET).parts()[0].inside
        for attribute in attributes.parts()
        if attribute.part(1, SET).parts()
    }
    if said.get(CONTENT_TYPE) != TIME_STAMP_INFO or said.get(MESSAGE_DIGEST) != (
        hashlib.new(name, information).digest()
    ):
        raise EvidenceError("The time stamp's signature is over something else.")
    digest = hashlib.new(name, bytes([SET]) + attributes.raw[1:]).digest()
    oid = next(oid for oid, known in HASHES.items() if known == name)
    algorithm = bytes([SEQUENCE, len(oid) + 4, OBJECT, len(oid)]) + oid + b"\x05\0"
    framed = algorithm + bytes([OCTETS, len(digest)]) + digest
    framed = bytes([SEQUENCE, len(framed)]) + framed
    modulus, exponent = key
    size = (modulus.bit_length() + 7) // 8
    expected = b"\0\1" + b"\xff" * (size - 3 - len(framed)) + b"\0" + framed
    signature = signer.part(5, OCTETS).inside
    opened = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    if len(signature) != size or opened != expected:
        raise EvidenceError("The time stamp's signature does not hold.")


def request_of(data: bytes) -> bytes:
    """Return the request (``.tsq``) by which an authority is asked to stamp the data."""
    oid = SHA_2 + b"\1"
    algorithm = bytes([SEQUENCE, len(oid) + 4, OBJECT, len(oid)]) + oid + b"\x05\0"
    imprint = algorithm + bytes([OCTETS, 32]) + sha256(data)
    body = bytes([INTEGER, 1, 1, SEQUENCE, len(imprint)]) + imprint + b"\x01\x01\xff"
    return bytes([SEQUENCE, len(body)]) + body
