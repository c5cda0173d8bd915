"""The curve of Ed25519 (RFC 8032) and the group ristretto255 on it (RFC 9496), to verify with.

Nothing here needs to be secret or of constant time: a verifier holds no secret, and a prover works
on its own machine. Signing is done by the library `cryptography`.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

from workbench.common.errors import EvidenceError

__all__ = [
    "IDENTITY",
    "ORDER",
    "Point",
    "add",
    "decode_point",
    "encode_point",
    "is_identity",
    "is_signature",
    "negated",
    "point_of_label",
    "sum_of_multiples",
]

Point = tuple[int, int, int, int]  # extended coordinates x, y, z and t = xy/z
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = (-121665 * pow(121666, PRIME - 2, PRIME)) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
IDENTITY: Point = (0, 1, 1, 0)


def _positive(x: int) -> int:
    return PRIME - x if x & 1 else x


def _root_of_ratio(u: int, v: int) -> tuple[bool, int]:
    """Return whether u/v is a square, and the even root of it or of its multiple by √−1."""
    cubed = v * v % PRIME * v % PRIME
    seventh = cubed * cubed % PRIME * v % PRIME
    root = u * cubed % PRIME * pow(u * seventh % PRIME, (PRIME - 5) // 8, PRIME) % PRIME
    check = v * root % PRIME * root % PRIME
    square = check == u % PRIME or check == -u % PRIME
    if check in (-u % PRIME, -u * ROOT_OF_MINUS_ONE % PRIME):
        root = root * ROOT_OF_MINUS_ONE % PRIME
    return square, _positive(root)


def add(p: Point, q: Point) -> Point:
    """Add two points."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % PRIME
    b = (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c = p[3] * 2 * CURVE_D % PRIME * q[3] % PRIME
    d = 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def _doubled(p: Point) -> Point:
    x, y, z, _ = p
    a, b, c = x * x % PRIME, y * y % PRIME, 2 * z * z % PRIME
    h = a + b
    e, g = h - (x + y) ** 2 % PRIME, a - b
    f = c + g
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def negated(p: Point) -> Point:
    """Return the point's opposite."""
    return (-p[0] % PRIME, p[1], p[2], -p[3] % PRIME)


def is_identity(p: Point) -> bool:
    """Tell whether the point stands for the identity of ristretto255."""
    return p[0] % PRIME == 0 or p[1] % PRIME == 0


def _window(count: int) -> int:
    for bits, most in ((3, 20), (5, 100), (7, 600), (8, 2500), (10, 20000)):
        if count < most:
            return bits
    return 12


def sum_of_multiples(points: Iterable[Point], scalars: Iterable[int]) -> Point:
    """Return Σ sᵢPᵢ (Pippenger's buckets; small scalars of either sign are cheap)."""
    pairs = []
    for point, scalar in zip(points, scalars):
        reduced = scalar % ORDER
        if reduced > ORDER // 2:
            pairs.append((negated(point), ORDER - reduced))
        elif reduced:
            pairs.append((point, reduced))
    bits, width = max((s.bit_length() for _, s in pairs), default=0), _window(len(pairs))
    mask, total = (1 << width) - 1, IDENTITY
    for shift in range((bits + width - 1) // width * width - width, -1, -width):
        for _ in range(width):
            total = _doubled(total)
        buckets: dict[int, Point] = {}
        for point, scalar in pairs:
            digit = scalar >> shift & mask
            if digit:
                held = buckets.get(digit)
                buckets[digit] = point if held is None else add(held, point)
        running = IDENTITY
        for digit in range(max(buckets, default=0), 0, -1):
            if digit in buckets:
                running = add(running, buckets[digit])
            total = add(total, running)
    return total


# Ed25519 -----------------------------------------------------------------------------------------


def _decode_edwards(raw: bytes) -> Point:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if len(raw) != 32 or y >= PRIME:
        raise EvidenceError("These 32 bytes are no point of the curve.")
    square, x = _root_of_ratio((y * y - 1) % PRIME, (CURVE_D * y * y + 1) % PRIME)
    if not square or (x == 0 and sign):
        raise EvidenceError("These 32 bytes are no point of the curve.")
    x = PRIME - x if x & 1 != sign else x
    return (x, y, 1, x * y % PRIME)


BASE_POINT = _decode_edwards((4 * pow(5, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little"))


def is_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature holds (RFC 8032, without the cofactor)."""
    if len(signature) != 64:
        return False
    try:
        key, nonce = _decode_edwards(public), _decode_edwards(signature[:32])
    except EvidenceError:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    if sum_of_multiples([key], [8])[0] == 0:  # of small order: such a key would fit any message
        return False
    left = sum_of_multiples([BASE_POINT, negated(key)], [scalar, challenge])
    return all((left[i] * nonce[2] - nonce[i] * left[2]) % PRIME == 0 for i in (0, 1))


# ristretto255 ------------------------------------------------------------------------------------

INVERSE_ROOT_A_MINUS_D = _root_of_ratio(1, (-1 - CURVE_D) % PRIME)[1]
ONE_MINUS_D_SQUARED = (1 - CURVE_D * CURVE_D) % PRIME
D_MINUS_ONE_SQUARED = (CURVE_D - 1) * (CURVE_D - 1) % PRIME
ROOT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235


def decode_point(raw: bytes) -> Point:
    """Read a point of ristretto255 from its one encoding."""
    s = int.from_bytes(raw, "little")
    if len(raw) != 32 or s >= PRIME or s & 1:
        raise EvidenceError("These 32 bytes are no point of ristretto255.")
    square = s * s % PRIME
    u1, u2 = (1 - square) % PRIME, (1 + square) % PRIME
    u2_squared = u2 * u2 % PRIME
    v = (-(CURVE_D * u1 % PRIME * u1) - u2_squared) % PRIME
    good, inverse = _root_of_ratio(1, v * u2_squared % PRIME)
    dx = inverse * u2 % PRIME
    x = _positive(2 * s * dx % PRIME)
    y = u1 * (inverse * dx % PRIME * v % PRIME) % PRIME
    t = x * y % PRIME
    if not good or t & 1 or y == 0:
        raise EvidenceError("These 32 bytes are no point of ristretto255.")
    return (x, y, 1, t)


def encode_point(p: Point) -> bytes:
    """Write a point of ristretto255 in its one encoding."""
    x, y, z, t = p
    u1, u2 = (z + y) * (z - y) % PRIME, x * y % PRIME
    _, inverse = _root_of_ratio(1, u1 * u2 % PRIME * u2 % PRIME)
    d1, d2 = inverse * u1 % PRIME, inverse * u2 % PRIME
    z_inverse = d1 * d2 % PRIME * t % PRIME
    if t * z_inverse % PRIME & 1:
        x, y = y * ROOT_OF_MINUS_ONE % PRIME, x * ROOT_OF_MINUS_ONE % PRIME
        d2 = d1 * INVERSE_ROOT_A_MINUS_D % PRIME
    if x * z_inverse % PRIME & 1:
        y = -y % PRIME
    return _positive((z - y) * d2 % PRIME).to_bytes(32, "little")


def _point_of_half(t: int) -> Point:
    r = ROOT_OF_MINUS_ONE * t % PRIME * t % PRIME
    u, v = (r + 1) * ONE_MINUS_D_SQUARED % PRIME, (-1 - r * CURVE_D) * (r + CURVE_D) % PRIME
    square, s = _root_of_ratio(u, v)
    c = -1
    if not square:
        s, c = -_positive(s * t % PRIME) % PRIME, r
    n = (c * (r - 1) % PRIME * D_MINUS_ONE_SQUARED - v) % PRIME
    w0, w1 = 2 * s * v % PRIME, n * ROOT_AD_MINUS_ONE % PRIME
    w2, w3 = (1 - s * s) % PRIME, (1 + s * s) % PRIME
    return (w0 * w3 % PRIME, w2 * w1 % PRIME, w1 * w3 % PRIME, w0 * w2 % PRIME)


@cache
def point_of_label(label: bytes) -> Point:
    """Return a point that nobody knows a relation of: the label's hash, mapped to the group."""
    digest, mask = hashlib.sha512(label).digest(), (1 << 255) - 1
    halves = [int.from_bytes(digest[i : i + 32], "little") & mask for i in (0, 32)]
    return add(_point_of_half(halves[0] % PRIME), _point_of_half(halves[1] % PRIME))
