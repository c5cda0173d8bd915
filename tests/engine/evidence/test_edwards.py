"""Ed25519 against `cryptography`, ristretto255 against the vectors of RFC 9496."""

from __future__ import annotations

import random

import pytest

from workbench.common.errors import EvidenceError
from workbench.evidence import edwards as e

# RFC 9496, appendix A.1: the first multiples of the generator.
MULTIPLES = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
]
# RFC 9496, appendix A.2: encodings that must be refused.
REFUSED = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
]


def test_multiples_of_the_generator_are_those_of_the_standard() -> None:
    base = e.decode_point(bytes.fromhex(MULTIPLES[1]))
    reached = e.IDENTITY
    for k, expected in enumerate(MULTIPLES):
        assert e.encode_point(reached).hex() == expected
        assert e.encode_point(e.sum_of_multiples([base], [k])).hex() == expected
        reached = e.add(reached, base)
    assert e.is_identity(e.sum_of_multiples([base], [e.ORDER]))


@pytest.mark.parametrize("raw", [*REFUSED, "00"])
def test_what_encodes_no_point_is_refused(raw: str) -> None:
    with pytest.raises(EvidenceError, match="ristretto255"):
        e.decode_point(bytes.fromhex(raw))


def test_a_label_becomes_the_point_of_the_standard() -> None:
    """RFC 9496, appendix A.3, the first vector: SHA-512 of a text, mapped to the group."""
    label = b"Ristretto is traditionally a short shot of espresso coffee"
    expected = "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"
    assert e.encode_point(e.point_of_label(label)).hex() == expected


@pytest.mark.parametrize("count", [1, 3, 30, 120, 700])
def test_a_sum_by_buckets_is_the_sum_by_adding(count: int) -> None:
    rng = random.Random(count)
    points = [e.point_of_label(b"%d" % i) for i in range(min(count, 30))]
    points = (points * 30)[:count]
    scalars = [
        rng.choice([0, 1, -1, rng.randrange(1 << 20), rng.randrange(e.ORDER)]) for _ in points
    ]
    naive = e.IDENTITY
    for point, scalar in zip(points, scalars, strict=True):
        doubled, s = point, scalar % e.ORDER
        while s:
            if s & 1:
                naive = e.add(naive, doubled)
            doubled, s = e.add(doubled, doubled), s >> 1
    assert e.encode_point(e.sum_of_multiples(points, scalars)) == e.encode_point(naive)


def test_signatures_are_judged_as_by_cryptography() -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    rng = random.Random(1)
    for size in range(12):
        key = ed25519.Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
        public, message = key.public_key().public_bytes_raw(), rng.randbytes(size)
        signature = key.sign(message)
        assert e.is_signature(public, message, signature)
        assert not e.is_signature(public, message + b"x", signature)
        assert not e.is_signature(public, message, signature[:-1])
        flipped = bytearray(signature)
        flipped[rng.randrange(64)] ^= 1 << rng.randrange(8)
        assert not e.is_signature(public, message, bytes(flipped))
        larger = int.from_bytes(signature[32:], "little") + e.ORDER
        assert not e.is_signature(public, message, signature[:32] + larger.to_bytes(32, "little"))


def test_a_key_of_small_order_signs_nothing() -> None:
    zero = (1).to_bytes(32, "little")  # the identity: R = 0, s = 0 would fit every message
    assert not e.is_signature(zero, b"any", zero + bytes(32))
