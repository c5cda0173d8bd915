#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""Verifies a dossier about an exclusion from a training set, offline.

Run: python3 -I -S verify.py --help

Made by `cafe-workbench evidence verifier` from the modules of the CAFÉ Audit Workbench that it
names; not to be edited. Take it from the project or from somebody you trust rather than from the
dossier: the SHA-256 of this file is what to compare.
SPDX-License-Identifier: BSD-3-Clause
"""

import sys

if sys.version_info < (3, 9):
    sys.stderr.write("verify.py needs Python 3.9 or newer.\n")
    sys.exit(2)

# The program stands in a text: a Python that cannot read it, or that lacks a part of its standard
# library, would else end with status 1, which says CONSISTENT. Nothing but this text is run.
PROGRAM = r'''
from __future__ import annotations

import argparse
import base64
import binascii
import calendar
import difflib
import hashlib
import hmac
import json
import math
import os
import re
import secrets
import stat
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from typing import NamedTuple

# ---- common/printable.py

OBEYED = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, ends of lines, marks of direction, and halves of a character."""


def printable(text: str, keep: str = "", mark: str = "?") -> str:
    """Return a text that shows, wherever it is shown, what it says.

    Parameters
    ----------
    text : str
    keep : str
        What may stand nevertheless: ends of lines in a text of several.
    mark : str
        What stands in place of the rest.

    Examples
    --------
    >>> printable("age" + chr(27) + "[31m"), printable("age" + chr(10) + "bmi", mark=" ")
    ('age?[31m', 'age bmi')
    """
    return OBEYED.sub(lambda found: found[0] if found[0] in keep else mark, text)


# ---- common/errors.py

class AuditError(Exception):
    """The root of every error that a user's input can cause.

    Its message quotes strangers: nothing in it is obeyed by the terminal that shows it.
    """

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n\t")


class DataError(AuditError):
    """The table cannot be audited as it is."""


class GraphError(AuditError):
    """The causal graph is malformed or does not fit the request."""


class CycleError(GraphError):
    """The edges run in a circle, so no feature comes first.

    Attributes
    ----------
    cycle : tuple of str
        The nodes of one cycle in order; the last leads back to the first.
    """

    def __init__(self, message: str, cycle: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.cycle = cycle


class GraphFileError(GraphError):
    """A graph file or text cannot be read."""


class TargetError(AuditError):
    """The unlearning target names rows or features that cannot be audited."""


class ConditionError(TargetError):
    """A subgroup condition is not in the condition language."""


class InterventionError(AuditError):
    """An intervention asks for levels outside the feature's domain."""


class ModelError(AuditError):
    """The model cannot be asked, or its answer is not one score per row."""


class UntrustedModelError(ModelError):
    """A model file holds types that nobody has reviewed and was not opened."""


class NotIdentifiableError(AuditError):
    """The causal graph does not allow the effect to be estimated from the data.

    Attributes
    ----------
    confounders : tuple of str
        The latent nodes that stand in the way.
    """

    def __init__(self, message: str, confounders: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.confounders = confounders


class EvidenceError(AuditError):
    """A piece of evidence (dossier, log, key, stamp) is not what it should be."""


class MissingPackageError(AuditError):
    """An optional package is needed and not installed."""


class AuditCancelled(Exception):
    """The audit was stopped by the person who started it."""


def listed(names: Iterable[object], limit: int = 12) -> str:
    """Join names for a message, quoted, with a count of those left out.

    Examples
    --------
    >>> listed(["age", "bmi", "smoking"], limit=2)
    "'age', 'bmi' and 1 more"
    """
    quoted = [repr(name) for name in names]
    if len(quoted) <= limit:
        return ", ".join(quoted) if quoted else "none"
    return ", ".join(quoted[:limit]) + f" and {len(quoted) - limit} more"


def suggestion(name: object, valid: Iterable[object]) -> str:
    """Say which valid name was probably meant, or nothing when none is near.

    Examples
    --------
    >>> suggestion("zipcode", ["zip_code", "age"])
    " Did you mean 'zip_code'?"
    """
    near = difflib.get_close_matches(str(name), [str(v) for v in valid], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


# ---- evidence/commitments.py

LEAF_BYTES = 96
"""Token, point and seal, 32 bytes each."""
NO_POINT = bytes(32)
"""In place of the point of a row that no proof computes with."""
LARGEST_INTEGER = 2**53 - 1
"""Whole numbers beyond it are not exact in every reader of JSON: they are written as text."""
DEEPEST = 16
"""Lists and objects within each other, at most."""


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 hash."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 hash in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


# Canonical JSON ----------------------------------------------------------------------------------


def canonical_json(value: Any) -> bytes:
    """Write JSON in the one form of RFC 8785, without floating-point numbers.

    Raises
    ------
    EvidenceError
        For a value without exactly one form: a float, a whole number beyond 2**53, a key that is
        not text, a lone surrogate.

    Examples
    --------
    >>> canonical_json({"size": 3, "kind": "data set"})
    b'{"kind":"data set","size":3}'
    """
    _check_canonical(value, 0)
    try:
        return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise EvidenceError("A text of the evidence holds half a character (surrogate).") from None


def _check_canonical(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise EvidenceError(f"Evidence is nested at most {DEEPEST} levels deep.")
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise EvidenceError("A whole number beyond 2**53 is written as text in evidence.")
    elif isinstance(value, (list, tuple)):
        for held in value:
            _check_canonical(held, depth + 1)
    elif isinstance(value, dict):
        for key, held in value.items():
            if not isinstance(key, str):
                raise EvidenceError(f"A key of evidence is text, not {type(key).__name__}.")
            _check_canonical(held, depth + 1)
    else:
        raise EvidenceError(
            f"Evidence holds texts, whole numbers, lists and objects; {type(value).__name__} has "
            f"no canonical form. Write a number with a fraction as text."
        )


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(held) for held in value] if isinstance(value, (list, tuple)) else value


def read_canonical_json(raw: bytes, what: str) -> Any:
    """Read JSON that stands in its canonical form, so that equal content is equal bytes.

    Raises
    ------
    EvidenceError
        For anything else: a key twice, a space, a float, another order, too deep a nesting.
    """
    # Nesting is bounded before the parser meets it; brackets inside texts only make this stricter.
    try:
        text = raw.decode("utf-8")
        depth = deepest = 0
        for sign in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign, 0)
            deepest = max(deepest, depth)
        if deepest > DEEPEST + 1:
            raise EvidenceError(f"{what} is nested more than {DEEPEST} levels deep.")
        value = json.loads(text)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise EvidenceError(f"{what} is not JSON: {str(error)[:80]}.") from None
    try:
        same = canonical_json(value) == raw
    except EvidenceError as error:
        raise EvidenceError(f"{what} is not in canonical form. {error}") from None
    if not same:
        raise EvidenceError(f"{what} is not in canonical form (a key twice, a space, an order).")
    return value


# Records and leaves ------------------------------------------------------------------------------


def canonical_record(record: Mapping[str, object]) -> bytes:
    """Write one row of a table so that equal rows are equal bytes.

    A number becomes ``{"number": "…"}`` with its shortest exact digits (1 and 1.0 are one number),
    a missing value null, a truth value true or false, anything else its text.

    Examples
    --------
    >>> canonical_record({"income": 1200.0, "city": "Pune", "age": None})
    b'{"age":null,"city":"Pune","income":{"number":"1200"}}'
    """
    return canonical_json({str(name): _canonical_cell(value) for name, value in record.items()})


def _canonical_cell(value: object) -> Any:
    item = getattr(value, "item", None)
    if callable(item) and not isinstance(value, (str, bytes)):  # a number of numpy
        value = item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"number": str(value)}
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isfinite(value) and value == int(value):
            return {"number": str(int(value))}
        return {"number": repr(value)}
    text = str(value)
    return None if text in ("NaT", "<NA>") else text


def person_token(key: bytes, subject: str) -> bytes:
    """Return the keyed token that stands for a person in place of the name (HMAC-SHA-256)."""
    return hmac.new(key, b"cafe-evidence/person/v1\0" + subject.encode(), hashlib.sha256).digest()


def record_seal(salt: bytes, record: bytes) -> bytes:
    """Return the salted hash of a canonical record: binds to it, tells nothing without the salt."""
    if len(salt) != 32:
        raise EvidenceError(f"A salt has 32 random bytes; this one has {len(salt)}.")
    return sha256(b"cafe-evidence/record/v1\0" + salt + record)


def make_leaf(token: bytes, seal: bytes, point: bytes = NO_POINT) -> bytes:
    """Put a row's token, point and seal together.

    Parameters
    ----------
    token : bytes
        From :func:`person_token`.
    seal : bytes
        From :func:`record_seal`.
    point : bytes, optional
        The commitment to the encoded row, where a proof of the optimum will be made.
    """
    for name, part in (("token", token), ("point", point), ("seal", seal)):
        if len(part) != 32:
            raise EvidenceError(f"A leaf's {name} has 32 bytes; this one has {len(part)}.")
    return token + point + seal


def token_of(leaf: bytes) -> bytes:
    """Return the person's token in a leaf."""
    return leaf[:32]


def leaf_list(leaves: Iterable[bytes]) -> bytes:
    """Write a data set's leaves in order, as :func:`read_leaf_list` takes them back.

    Raises
    ------
    EvidenceError
        When two leaves are equal: then a salt was used twice.
    """
    ordered = sorted(leaves)
    raw = b"".join(ordered)
    read_leaf_list(raw)
    return raw


def read_leaf_list(raw: bytes, what: str = "The list of leaves") -> tuple[bytes, ...]:
    """Read the sorted leaves of a data set; whole, so that what is not in it is absent."""
    if len(raw) % LEAF_BYTES:
        raise EvidenceError(f"{what} has {len(raw):,} bytes, no multiple of {LEAF_BYTES}.")
    leaves = tuple(raw[i : i + LEAF_BYTES] for i in range(0, len(raw), LEAF_BYTES))
    for i in range(len(leaves) - 1):
        if leaves[i] >= leaves[i + 1]:
            raise EvidenceError(f"{what} is not in strictly rising order at leaf {i + 1}.")
    return leaves


# The tree of RFC 9162, section 2.1 ---------------------------------------------------------------


def _leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\0" + leaf)


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree over the leaves in their order."""
    if not leaves:
        return sha256(b"")
    level = [_leaf_hash(leaf) for leaf in leaves]
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [_node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


def _left_size(size: int) -> int:
    """Return the largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from one leaf to the root."""
    if not 0 <= index < len(leaves):
        raise EvidenceError(f"There is no leaf {index} in a tree of {len(leaves)}.")
    if len(leaves) == 1:
        return ()
    cut = _left_size(len(leaves))
    if index < cut:
        return (*inclusion_path(leaves[:cut], index), tree_root(leaves[cut:]))
    return (*inclusion_path(leaves[cut:], index - cut), tree_root(leaves[:cut]))


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf and its path lead to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise EvidenceError(f"There is no leaf {index} in a tree of {size}.")
    position, last, reached = index, size - 1, _leaf_hash(leaf)
    for other in path:
        if last == 0:
            raise EvidenceError("The path to the root is too long.")
        if position % 2 or position == last:
            reached = _node_hash(other, reached)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            reached = _node_hash(reached, other)
        position, last = position // 2, last // 2
    if last:
        raise EvidenceError("The path to the root is too short.")
    return reached


def consistency_path(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the hashes which show that the first leaves are a tree that only grew."""
    if not 0 < old_size <= len(leaves):
        raise EvidenceError(f"A tree of {len(leaves)} leaves had no stage of {old_size}.")
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> tuple[bytes, ...]:
    if old_size == len(leaves):
        return () if whole else (tree_root(leaves),)
    cut = _left_size(len(leaves))
    if old_size <= cut:
        return (*_subproof(leaves[:cut], old_size, whole=whole), tree_root(leaves[cut:]))
    return (*_subproof(leaves[cut:], old_size - cut, whole=False), tree_root(leaves[:cut]))


def is_consistent(
    old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether the path shows the old tree to be a beginning of the new (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not path and old_root == root
    steps = list(path)
    if old_size & (old_size - 1) == 0:  # a power of two: the old root is itself a node
        steps.insert(0, old_root)
    if not steps:
        return False
    position, last = old_size - 1, size - 1
    while position % 2:
        position, last = position // 2, last // 2
    old = new = steps[0]
    for other in steps[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            old, new = _node_hash(other, old), _node_hash(other, new)
            while position % 2 == 0 and position:
                position, last = position // 2, last // 2
        else:
            new = _node_hash(new, other)
        position, last = position // 2, last // 2
    return last == 0 and old == old_root and new == root


# ---- evidence/edwards.py

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


# ---- evidence/notes.py

LOG_KEY, WITNESS_KEY = 1, 4
DASH = "\u2014 "


@dataclass(frozen=True)
class NamedKey:
    """A public key and the name that it signs under.

    Attributes
    ----------
    name : str
        Of the log ("bank.example/evidence") or the witness; without spaces and plus signs.
    public : bytes
        Ed25519, 32 bytes.
    kind : int
        1 for a log's key, 4 for a witness's.
    """

    name: str
    public: bytes
    kind: int = LOG_KEY

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    def __str__(self) -> str:
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"


class MistypedKey(EvidenceError):
    """What has the form of a key, but an id that is not its own."""


def read_named_key(text: str) -> NamedKey:
    """Read a key as it is handed round: ``name+id+key``.

    Raises
    ------
    MistypedKey
        When the id is not that of the key.
    EvidenceError
        When it is not of this form.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _bytes_of(encoded, "The key")
    if len(raw) != 33 or raw[0] not in (LOG_KEY, WITNESS_KEY) or not _is_name(name):
        raise EvidenceError(
            "A key has the form name+id+key, as `cafe-workbench evidence keygen` prints it."
        )
    key = NamedKey(name, raw[1:], raw[0])
    if key.key_id.hex() != key_id:
        raise MistypedKey(f"The key of {name} does not have the id {key_id[:20]}: a typing error?")
    return key


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 200 and name.isprintable() and not set(name) & set(" +\u2014")


def _bytes_of(encoded: str, what: str) -> bytes:
    """Decode base64 that stands in its one form."""
    try:
        raw = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError(f"{what} is not base64.") from None
    if base64.b64encode(raw).decode() != encoded:
        raise EvidenceError(f"{what} is not base64 in its one form.")
    return raw


@dataclass(frozen=True)
class Checkpoint:
    """What a log's keeper signed: the name, the size, the root.

    Attributes
    ----------
    text : str
        The signed lines.
    signatures : tuple of (str, bytes)
        Who signed, as the line names them, and the line's bytes; checked by nobody yet.
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]


def checkpoint_text(origin: str, entries: Sequence[bytes]) -> str:
    """Return the lines to sign for a log of these entries."""
    if not _is_name(origin):
        raise EvidenceError("A log's name is short and holds no space and no plus sign.")
    return f"{origin}\n{len(entries)}\n{base64.b64encode(tree_root(entries)).decode()}\n"


def sign_checkpoint(text: str, key: NamedKey, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the checkpoint with its keeper's signature."""
    line = base64.b64encode(key.key_id + sign(text.encode())).decode()
    return f"{text}\n{DASH}{key.name} {line}\n".encode()


def cosign_checkpoint(raw: bytes, key: NamedKey, sign: Callable[[bytes], bytes], at: int) -> bytes:
    """Return the checkpoint with a witness's cosignature more.

    The witness must have seen to it that every checkpoint it signed before is a beginning of this
    one: :func:`workbench.evidence.commitments.is_consistent`.
    """
    checkpoint = read_checkpoint(raw)
    stamp = at.to_bytes(8, "big") + sign(_cosigned(checkpoint.text, at))
    line = base64.b64encode(key.key_id + stamp).decode()
    return raw + f"{DASH}{key.name} {line}\n".encode()


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def read_checkpoint(raw: bytes, what: str = "The checkpoint") -> Checkpoint:
    """Read a signed checkpoint; nothing is verified yet."""
    if len(raw) > 100_000:
        raise EvidenceError(f"{what} is longer than 100,000 bytes.")
    try:
        body, found, lines = raw.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise EvidenceError(f"{what} is not UTF-8 text.") from None
    parts = body.split("\n")
    if not found or len(parts) != 3 or not _is_name(parts[0]) or not lines.endswith("\n"):
        raise EvidenceError(f"{what} is not a name, a size and a root, followed by signatures.")
    if not (parts[1].isascii() and parts[1].isdigit() and str(int(parts[1][:16])) == parts[1]):
        raise EvidenceError(f"{what} names no size.")
    root = _bytes_of(parts[2], "The checkpoint's root")
    signatures = []
    for line in lines[:-1].split("\n"):
        name, _, encoded = line[len(DASH) :].partition(" ")
        if not line.startswith(DASH) or not _is_name(name):
            raise EvidenceError(f"{what} holds a line that is no signature.")
        signatures.append((name, _bytes_of(encoded, "A signature")))
    if len(root) != 32:
        raise EvidenceError(f"{what} names no root of 32 bytes.")
    return Checkpoint(parts[0], int(parts[1]), root, body + "\n", tuple(signatures))


def is_signed_by(checkpoint: Checkpoint, key: NamedKey) -> bool:
    """Tell whether the log's keeper signed the checkpoint, under the log's own name."""
    return key.name == checkpoint.origin and any(
        name == key.name
        and raw[:4] == key.key_id
        and is_signature(key.public, checkpoint.text.encode(), raw[4:])
        for name, raw in checkpoint.signatures
    )


def cosigned_at(checkpoint: Checkpoint, witness: NamedKey) -> int | None:
    """Return when a witness cosigned the checkpoint, or None where it did not."""
    for name, raw in checkpoint.signatures:
        if name == witness.name and raw[:4] == witness.key_id and len(raw) == 76:
            at = int.from_bytes(raw[4:12], "big")
            if is_signature(witness.public, _cosigned(checkpoint.text, at), raw[12:]):
                return at
    return None


# ---- evidence/statements.py

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://cafe-workbench.example/exclusion-from-training/v1"


def _to_sign(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def signed_statement(
    subjects: Mapping[str, str],
    predicate: Mapping[str, Any],
    public: bytes,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Return the envelope of a statement about files.

    Parameters
    ----------
    subjects : mapping of str to str
        File names and their SHA-256 in hexadecimal digits.
    predicate : mapping
        What is said of them.
    public : bytes
        The key whose signature it is.
    sign : callable
        Signs bytes with it (Ed25519).
    """
    payload = canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "predicateType": PREDICATE_TYPE,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in subjects.items()],
            "predicate": dict(predicate),
        }
    )
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {
                    "keyid": sha256_hex(public),
                    "sig": base64.b64encode(sign(_to_sign(payload))).decode(),
                }
            ],
        }
    )


def open_statement(raw: bytes, public: bytes) -> tuple[dict[str, str], dict[str, Any]]:
    """Verify an envelope; return its subjects (name to SHA-256) and its predicate.

    Raises
    ------
    EvidenceError
        When the key did not sign exactly this, in exactly this form.
    """
    envelope = read_canonical_json(raw, "The statement's envelope")
    try:
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        held = base64.b64decode(signature["sig"], validate=True)
        rebuilt = {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": sha256_hex(public), "sig": base64.b64encode(held).decode()}],
        }
    except (KeyError, TypeError, ValueError):
        raise EvidenceError("The statement's envelope is not one of DSSE.") from None
    if signature.get("keyid") != sha256_hex(public):
        raise EvidenceError("The statement is signed by another key than the one given.")
    if envelope != rebuilt or not is_signature(public, _to_sign(payload), held):
        raise EvidenceError("The statement's signature does not hold.")
    statement = read_canonical_json(payload, "The statement")
    try:
        subjects = {part["name"]: part["digest"]["sha256"] for part in statement["subject"]}
        kinds = statement["_type"], statement["predicateType"]
        predicate = statement["predicate"]
    except (KeyError, TypeError):
        raise EvidenceError("The statement is not one of in-toto.") from None
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or not isinstance(predicate, dict):
        raise EvidenceError("The statement is of another kind than a dossier's.")
    return subjects, predicate


# ---- evidence/log_entries.py

MOST_ENTRIES = 200_000
GRANULARITIES = ("record", "rows", "feature")
"""A person's records; rows that the request lists (a class, a source); features, in all rows."""


def configuration_entry(configuration: bytes, at: int) -> bytes:
    """Return the entry by which a training configuration is fixed."""
    return canonical_json({"kind": "configuration", "sha256": sha256_hex(configuration), "at": at})


def dataset_entry(name: str, root: bytes, size: int, at: int, parent: str | None = None) -> bytes:
    """Return the entry that freezes a data set.

    Parameters
    ----------
    name : str
        Its name, used once in a log.
    root : bytes
        Of the tree over its sorted leaves.
    size : int
        Rows.
    at : int
        Seconds since 1970.
    parent : str, optional
        The data set it came from by leaving rows out and taking rows in.
    """
    return canonical_json(
        {
            "kind": "dataset",
            "dataset": name,
            "parent": parent,
            "root": root.hex(),
            "size": size,
            "at": at,
        }
    )


def model_entry(
    model_sha256: str, dataset: str, configuration_sha256: str, at: int, replaces: str | None = None
) -> bytes:
    """Return the entry of a model version: its file, data set, configuration, predecessor."""
    return canonical_json(
        {
            "kind": "model",
            "sha256": model_sha256,
            "dataset": dataset,
            "configuration": configuration_sha256,
            "replaces": replaces,
            "at": at,
        }
    )


def request_entry(request: bytes, at: int) -> bytes:
    """Return the entry by which a request is received: its hash, and that of its scope."""
    name = read_canonical_json(request, "The request")["id"]
    return canonical_json(
        {
            "kind": "request",
            "request": name,
            "sha256": sha256_hex(request),
            "scope": sha256_hex(request_scope(request)),
            "at": at,
        }
    )


def request_scope(request: bytes) -> bytes:
    """Return what a request is about, without its dates, clauses and kind.

    That much of it is shown in the dossier of somebody else who left in the same step.
    """
    held = read_canonical_json(request, "The request")
    named = ("granularity", "tokens", "rows", "features")
    return canonical_json({"request": held["id"], **{key: held[key] for key in named}})


def make_request(
    name: str,
    *,
    received: int,
    due: int,
    granularity: str = "record",
    kind: str = "erasure",
    clauses: Sequence[str] = (),
    tokens: Sequence[bytes] = (),
    rows: Sequence[bytes] = (),
    features: Sequence[str] = (),
) -> bytes:
    """Write a request as the log, the receipt and the dossier name it, without names of people.

    Parameters
    ----------
    name : str
        The controller's number for it.
    received, due : int
        Seconds since 1970.
    granularity : {"record", "rows", "feature"}
        What is to be left out: all rows of the `tokens`; the `rows` listed (by the SHA-256 of
        their leaves); the `features`, in every row.
    """
    if granularity not in GRANULARITIES:
        raise EvidenceError(f"A request is about {', '.join(GRANULARITIES)}, not {granularity!r}.")
    named = {"record": tokens, "rows": rows, "feature": features}
    if not named[granularity] or any(v for k, v in named.items() if k != granularity):
        raise EvidenceError(
            f"A request about {granularity!r} names tokens, rows or features to match, and only "
            f"those."
        )
    return canonical_json(
        {
            "id": name,
            "kind": kind,
            "granularity": granularity,
            "clauses": list(clauses),
            "tokens": sorted(token.hex() for token in tokens),
            "rows": sorted(row.hex() for row in rows),
            "features": sorted(features),
            "received": received,
            "due": due,
        }
    )


def log_file(entries: Sequence[bytes]) -> bytes:
    """Write the log, one entry a line."""
    return b"".join(entry + b"\n" for entry in entries)


def read_log_file(raw: bytes) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Read the log: the entries' bytes, and what they say."""
    if not raw.endswith(b"\n") or raw.count(b"\n") > MOST_ENTRIES:
        raise EvidenceError(f"The log is not one entry a line, at most {MOST_ENTRIES:,}.")
    lines = raw[:-1].split(b"\n")
    entries = []
    for i in range(len(lines)):
        entry = read_canonical_json(lines[i], f"Entry {i} of the log")
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise EvidenceError(f"Entry {i} of the log names no kind.")
        entries.append(entry)
    return lines, entries


def find_entry(
    entries: Sequence[dict[str, Any]], kind: str, *, first: bool = False, **held: Any
) -> int:
    """Return the place of the one entry of a kind that holds these values; or of the first.

    Raises
    ------
    EvidenceError
        When there is none, or more than one: then the log says two things.
    """
    found = [
        i
        for i in range(len(entries))
        if entries[i]["kind"] == kind and all(entries[i].get(k) == v for k, v in held.items())
    ]
    if len(found) != 1 and not (first and found):
        what = ", ".join(f"{key} {str(value)[:20]}" for key, value in held.items())
        raise EvidenceError(f"The log holds {len(found)} entries of kind {kind} ({what}), not one.")
    return found[0]


# ---- evidence/time_stamps.py

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


# ---- evidence/optimum.py

FEATURE_BITS, WEIGHT_BITS = 10, 29
MARGIN_BITS = FEATURE_BITS + WEIGHT_BITS
LIMB_BITS, LIMBS, CELL_BITS = 11, 3, 11
INSIDE_BITS = LIMB_BITS * LIMBS
REACH_BITS = CELL_BITS + INSIDE_BITS - MARGIN_BITS - 1
"""Margins of a logistic regression lie in ±2**4."""
PROBABILITY_BITS = 110
LINKS = ("logistic", "ridge")

Columns = dict[str, list[int]]

BLIND_POINT = point_of_label(b"cafe-evidence/v1/H")
SUM_POINT = point_of_label(b"cafe-evidence/v1/B")


def row_points(features: int) -> list[Point]:
    """Return the points that a row's features and its outcome are committed on."""
    names = [b"x/%d" % j for j in range(features)] + [b"y/0"]
    return [point_of_label(b"cafe-evidence/v1/" + name) for name in names]


def column_point(row: int) -> Point:
    """Return the point that a row's entry of a column is committed on."""
    return point_of_label(b"cafe-evidence/v1/k/%d" % row)


def first_columns(link: str) -> tuple[str, ...]:
    """Return the columns committed before the first challenge."""
    if link == "ridge":
        return ("m", "y")
    return ("k", "l2", "l1", "l0", "s", "s1", "s2", "v", "q1", "q2", "y", "mk", "mr")


def last_columns(link: str) -> tuple[str, ...]:
    """Return the columns committed after it."""
    return ("a",) if link == "ridge" else ("a", "ik", "i2", "i1", "i0")


def _prediction_bits(link: str) -> int:
    return MARGIN_BITS if link == "ridge" else PROBABILITY_BITS


def _outcome_shift(link: str) -> int:
    """Return by how much an outcome is shifted to the scale of predictions."""
    return WEIGHT_BITS if link == "ridge" else PROBABILITY_BITS


def gradient_scale_bits(link: str) -> int:
    """Return the bits behind the point of an opened gradient."""
    return _prediction_bits(link) + FEATURE_BITS


@cache
def logistic_table() -> tuple[tuple[int, int, int], ...]:
    """Return σ, σ' and σ''/2 at the centres of the cells, computed in whole numbers alone."""
    bits = 512
    one, cells = 1 << bits, 1 << CELL_BITS
    step = cells >> REACH_BITS  # centres are odd multiples of 1/step
    powers, term, k = one, one, 0
    while term:  # exp(1/step)
        k += 1
        term = term // (step * k)
        powers += term
    square = powers * powers >> bits
    growth, current = {}, powers
    for odd in range(1, cells, 2):
        growth[odd] = current
        current = current * square >> bits
    table = []
    for cell in range(cells):
        odd = 2 * cell + 1 - cells
        value = growth[abs(odd)]
        sigma = one * one // (one + value)  # at −|centre|
        sigma = one - sigma if odd > 0 else sigma
        slope = sigma * (one - sigma) >> bits
        bend = slope * (one - 2 * sigma) >> bits + 1
        scales = PROBABILITY_BITS - MARGIN_BITS, PROBABILITY_BITS - 2 * MARGIN_BITS
        table.append(
            (
                _rounded(sigma, bits - PROBABILITY_BITS),
                _rounded(slope, bits - scales[0]),
                _rounded(bend, bits - scales[1]),
            )
        )
    return tuple(table)


def _rounded(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) >> bits


def scalar_bytes(value: int) -> bytes:
    """Return a scalar of the group in its 32 bytes."""
    return (value % ORDER).to_bytes(32, "little")


class Transcript:
    """What prover and verifier have said, hashed; challenges follow from all of it."""

    def __init__(self, label: bytes) -> None:
        self._hash = hashlib.sha512(label)

    def say(self, label: bytes, data: bytes) -> None:
        """Take a message in."""
        self._hash.update(len(label).to_bytes(4, "big") + label)
        self._hash.update(len(data).to_bytes(8, "big") + data)

    def challenge(self, label: bytes) -> int:
        """Return a scalar that depends on everything said so far."""
        self.say(b"challenge", label)
        digest = self._hash.digest()
        self._hash = hashlib.sha512(digest)
        return int.from_bytes(digest, "little") % ORDER


def started(
    link: str,
    points: Sequence[bytes],
    weights: Sequence[int],
    penalty: Sequence[int],
    gradient: Sequence[int],
    context: bytes,
) -> Transcript:
    """Return a transcript that holds the statement to be proved."""
    if link not in LINKS:
        raise EvidenceError(f"The optimum is proved for {' and '.join(LINKS)}, not {link[:30]!r}.")
    shape = (len(points), len(weights) - 1, FEATURE_BITS, WEIGHT_BITS, LIMB_BITS, CELL_BITS, LIMBS)
    said = Transcript(b"cafe-evidence/optimum/v1")
    said.say(b"context", context)
    said.say(b"link", link.encode())
    said.say(b"rows", hashlib.sha256(b"".join(points)).digest())
    said.say(b"shape", _texts(shape))
    said.say(b"weights", _texts(weights))
    said.say(b"penalty", _texts(penalty))
    said.say(b"gradient", _texts(gradient))
    return said


def _texts(numbers: Sequence[int]) -> bytes:
    return b",".join(b"%d" % number for number in numbers)


class Challenges(NamedTuple):
    """The verifier's random scalars, in the order of the questions."""

    columns: list[int]  # weights of the gradient's entries
    beta: int
    beta_limbs: int
    theta: int
    cell_inverses: list[int]
    limb_inverses: list[int]
    rows: list[int]
    eta: list[int]
    kappa: list[int]


def _powers(base: int, count: int, first: int = 1) -> list[int]:
    held, power = [], first
    for _ in range(count):
        held.append(power)
        power = power * base % ORDER
    return held


def inverses(values: Sequence[int]) -> list[int]:
    """Return the inverses of scalars by one inversion."""
    before, product = [], 1
    for value in values:
        before.append(product)
        product = product * value % ORDER
    inverse, held = pow(product, ORDER - 2, ORDER), [0] * len(values)
    for i in range(len(values) - 1, -1, -1):
        held[i] = inverse * before[i] % ORDER
        inverse = inverse * values[i] % ORDER
    return held


def middle_challenges(said: Transcript, link: str, features: int) -> Challenges:
    """Draw what is asked once the first columns are committed."""
    columns = _powers(said.challenge(b"u"), features + 1)
    if link == "ridge":
        return Challenges(columns, 0, 0, 0, [], [], [], [], [])
    beta, limbs, theta = (said.challenge(name) for name in (b"beta", b"beta2", b"theta"))
    cells = inverses([mixed(beta, theta, k, *logistic_table()[k]) for k in range(1 << CELL_BITS)])
    known = inverses([(limbs + k) % ORDER for k in range(1 << LIMB_BITS)])
    return Challenges(columns, beta, limbs, theta, cells, known, [], [], [])


def mixed(beta: int, theta: int, k: int, s: int, s1: int, s2: int) -> int:
    """Return a line of the table as one scalar."""
    return (beta + k + theta * (s + theta * (s1 + theta * s2))) % ORDER


def late_challenges(said: Transcript, asked: Challenges, rows: int) -> Challenges:
    """Draw what is asked once every column is committed."""
    weights = _powers(said.challenge(b"gamma"), rows)
    eta = said.challenge(b"eta")
    kappa = _powers(said.challenge(b"kappa"), rows)
    return asked._replace(rows=weights, eta=_powers(eta, 8, eta), kappa=kappa)


def target_value(
    link: str,
    asked: Challenges,
    gradient: Sequence[int],
    penalty: Sequence[int],
    weights: Sequence[int],
) -> int:
    """Return Σ uⱼ(gⱼ − λⱼwⱼ): what the residuals must add up to against the column `a`."""
    shift = gradient_scale_bits(link) - WEIGHT_BITS
    total = 0
    for u, g, strength, w in zip(asked.columns, gradient, penalty, weights):
        total += u * (g - (strength * w << shift))
    return total % ORDER


def quadratic_relation(link: str, z: Columns, c: int, asked: Challenges, target: int) -> int:
    """Return the batched quadratic relation, homogeneous in the columns and c; 0 for the truth."""
    a, y, shift = z["a"], z["y"], _outcome_shift(link)
    square = c * c % ORDER
    if link == "ridge":
        m = z["m"]
        inner = sum((m[i] - (y[i] << shift)) * a[i] for i in range(len(a)))
        return asked.eta[0] * (inner - square * target) % ORDER
    e0, e1, e2, e3, e4, e5, e6, e7 = asked.eta
    beta, limbs, theta = c * asked.beta % ORDER, c * asked.beta_limbs % ORDER, asked.theta
    half, total, inner = c << INSIDE_BITS - 1, 0, 0
    k, l2, l1, l0, s, s1, s2, v, q1, q2 = (z[name] for name in first_columns(link)[:10])
    ik, i2, i1, i0 = (z[name] for name in last_columns(link)[1:])
    for i in range(len(a)):
        inside = _inside(l2[i], l1[i], l0[i]) - half
        line = mixed(beta, theta, k[i], s[i], s1[i], s2[i])
        held = e0 * (ik[i] * line - square) + e1 * (i2[i] * (limbs + l2[i]) - square)
        held += e2 * (i1[i] * (limbs + l1[i]) - square) + e3 * (i0[i] * (limbs + l0[i]) - square)
        held += e4 * (inside * inside - c * v[i]) + e5 * (s1[i] * inside - c * q1[i])
        held += e6 * (s2[i] * v[i] - c * q2[i])
        total += asked.kappa[i] * (held % ORDER)
        inner += (s[i] + q1[i] + q2[i] - (y[i] << shift)) * a[i]
    return (total + e7 * (inner - square * target)) % ORDER


def _inside(l2: int, l1: int, l0: int) -> int:
    return (l2 << 2 * LIMB_BITS) + (l1 << LIMB_BITS) + l0


def linear_relations(
    link: str, z: Columns, row: Sequence[int], c: int, asked: Challenges, weights: Sequence[int]
) -> list[int]:
    """Return the linear relations between columns and the combined row; each 0 for the truth."""
    features, gamma = len(weights) - 1, asked.rows
    constant = c * sum(gamma) << FEATURE_BITS
    if link == "ridge":
        margin = _dot(gamma, z["m"])
    else:
        margin = -c * sum(gamma) << REACH_BITS + MARGIN_BITS
        for i in range(len(gamma)):
            inside = _inside(z["l2"][i], z["l1"][i], z["l0"][i])
            margin += gamma[i] * ((z["k"][i] << INSIDE_BITS) + inside)
    held = [
        _dot(weights[:features], row) + weights[features] * constant - margin,
        _dot(asked.columns[:features], row) + asked.columns[features] * constant
        - _dot(gamma, z["a"]),
        row[features] - _dot(gamma, z["y"]),
    ]  # fmt: skip
    if link == "logistic":
        held.append(sum(z["ik"]) - _dot(asked.cell_inverses, z["mk"]))
        limbs = sum(z["i2"]) + sum(z["i1"]) + sum(z["i0"])
        held.append(limbs - _dot(asked.limb_inverses, z["mr"]))
    return [value % ORDER for value in held]


def _dot(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(left, right))


# ---- evidence/optimum_check.py

MOST_ROWS = 100_000
LARGEST_GRADIENT = 1 << 200
"""Below a quarter of the group's order, so that an entry is one whole number."""
LARGEST_NUMBER = 1 << 53


class _Sum:
    """Group equations gathered into one sum, each with its own random weight."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.scalars: list[int] = []
        self.columns: list[int] = []
        self.blind = 0

    def add(self, point: Point, scalar: int) -> None:
        self.points.append(point)
        self.scalars.append(scalar % ORDER)

    def holds(self) -> bool:
        points = [BLIND_POINT, *(column_point(i) for i in range(len(self.columns))), *self.points]
        scalars = [self.blind % ORDER, *(v % ORDER for v in self.columns), *self.scalars]
        return is_identity(sum_of_multiples(points, scalars))


def proved_gradient(
    proof: dict[str, Any],
    points: Sequence[bytes],
    link: str,
    weights: Sequence[int],
    penalty: Sequence[int],
    context: bytes,
) -> list[float]:
    """Return the gradient that a proof shows, one entry for each weight.

    Parameters
    ----------
    proof : dict
        As :func:`workbench.evidence.optimum_proof.prove_optimum` writes it.
    points : sequence of bytes
        The rows' commitments, in the order of the leaves.
    link : {"logistic", "ridge"}
        What kind of model.
    weights, penalty : sequence of int
        One for each feature and one for the constant; weights over 2**29.
    context : bytes
        What the proof was made for.

    Raises
    ------
    EvidenceError
        When the proof does not show it.
    """
    features, rows = len(weights) - 1, len(points)
    if not 0 < rows <= MOST_ROWS or features < 1 or len(penalty) != len(weights):
        raise EvidenceError("The proof of the optimum does not fit the rows and weights.")
    if any(abs(v) >= LARGEST_NUMBER for v in (*weights, *penalty)) or min(penalty) < 0:
        raise EvidenceError("A weight or penalty is out of bounds.")
    try:
        return _checked(proof, points, link, weights, penalty, context)
    except (KeyError, TypeError, AttributeError, binascii.Error, ValueError):
        raise EvidenceError("The proof of the optimum is not built as one.") from None


@dataclass(frozen=True)
class _Proof:
    """A proof as it was read: bytes of points, and scalars below the group's order."""

    gradient: list[int]
    committed: dict[str, bytes]
    masks: dict[str, bytes]
    answers: dict[str, list[int]]
    blinds: dict[str, int]
    row: list[int]
    row_blind: int
    row_mask: bytes
    sum_blind: int
    sum_mask: bytes
    sum_cross: bytes
    linear: list[int]

    @staticmethod
    def read(proof: dict[str, Any], link: str, rows: int, features: int) -> _Proof:
        gradient = [_number(text) for text in proof["gradient"]]
        if len(gradient) != features + 1:
            raise EvidenceError("The proof's gradient has another length than the weights.")
        names = first_columns(link) + last_columns(link)
        sizes = dict.fromkeys(names, rows)
        if link == "logistic":
            sizes["mk"], sizes["mr"] = 1 << CELL_BITS, 1 << LIMB_BITS
        return _Proof(
            gradient,
            committed={name: bytes.fromhex(proof["commitments"][name]) for name in names},
            masks={name: bytes.fromhex(proof["masks"][name]) for name in names},
            answers={
                name: _scalars(base64.b64decode(proof["answers"][name]), sizes[name])
                for name in names
            },
            blinds={name: _scalars(bytes.fromhex(proof["blinds"][name]), 1)[0] for name in names},
            row=_scalars(bytes.fromhex(proof["row"]), features + 1),
            row_blind=_scalars(bytes.fromhex(proof["row_blind"]), 1)[0],
            row_mask=bytes.fromhex(proof["row_mask"]),
            sum_blind=_scalars(bytes.fromhex(proof["sum_blind"]), 1)[0],
            sum_mask=bytes.fromhex(proof["sum_mask"]),
            sum_cross=bytes.fromhex(proof["sum_cross"]),
            linear=_scalars(bytes.fromhex(proof["linear"]), 3 if link == "ridge" else 5),
        )


def _checked(
    proof: dict[str, Any],
    points: Sequence[bytes],
    link: str,
    weights: Sequence[int],
    penalty: Sequence[int],
    context: bytes,
) -> list[float]:
    features, rows = len(weights) - 1, len(points)
    read = _Proof.read(proof, link, rows, features)
    said = started(link, points, weights, penalty, read.gradient, context)
    for name in first_columns(link):
        said.say(name.encode(), read.committed[name])
    asked = middle_challenges(said, link, features)
    for name in last_columns(link):
        said.say(name.encode(), read.committed[name])
    asked = late_challenges(said, asked, rows)
    for name, mask in read.masks.items():
        said.say(b"mask " + name.encode(), mask)
    said.say(b"row", read.row_mask)
    said.say(b"sum", read.sum_mask)
    said.say(b"cross", read.sum_cross)
    said.say(b"linear", b"".join(map(scalar_bytes, read.linear)))
    c = said.challenge(b"c")
    if linear_relations(link, read.answers, read.row, c, asked, weights) != read.linear:
        raise EvidenceError("The proof of the optimum fails in a linear relation.")
    target = target_value(link, asked, read.gradient, penalty, weights)
    value = quadratic_relation(link, read.answers, c, asked, target)
    if not _gathered(read, points, asked, c, value).holds():
        raise EvidenceError("The proof of the optimum fails.")
    scale = 1 << gradient_scale_bits(link)
    return [value / scale for value in read.gradient]


def _gathered(read: _Proof, points: Sequence[bytes], asked: Challenges, c: int, value: int) -> _Sum:
    """Return the sum of all group equations: of each column, of the rows, of the relations."""
    gathered = _Sum()
    gathered.columns = [0] * max(map(len, read.answers.values()))
    for name, answers in read.answers.items():
        weight = secrets.randbelow(1 << 128) + 1
        for i, answer in enumerate(answers):
            gathered.columns[i] += weight * answer
        gathered.blind += weight * read.blinds[name]
        gathered.add(decode_point(read.masks[name]), -weight)
        gathered.add(decode_point(read.committed[name]), -weight * c)
    weight = secrets.randbelow(1 << 128) + 1
    gathered.blind += weight * read.row_blind
    for point, answer in zip(row_points(len(read.row) - 1), read.row):
        gathered.add(point, weight * answer)
    gathered.add(decode_point(read.row_mask), -weight)
    for raw, gamma in zip(points, asked.rows):
        point = decode_point(raw)
        if is_identity(point):
            raise EvidenceError("A row of this data set is not committed to for a proof.")
        gathered.add(point, -weight * c * gamma)
    weight = secrets.randbelow(1 << 128) + 1
    gathered.blind += weight * read.sum_blind
    gathered.add(SUM_POINT, weight * value)
    gathered.add(decode_point(read.sum_mask), -weight)
    gathered.add(decode_point(read.sum_cross), -weight * c)
    return gathered


def _number(text: str) -> int:
    if len(text) > 62 or str(int(text)) != text or abs(int(text)) >= LARGEST_GRADIENT:
        raise EvidenceError("The proof's gradient is out of bounds.")
    return int(text)


def _scalars(raw: bytes, count: int) -> list[int]:
    if len(raw) != 32 * count:
        raise EvidenceError("A column of the proof has another length than the data.")
    held = [int.from_bytes(raw[i : i + 32], "little") for i in range(0, len(raw), 32)]
    if max(held) >= ORDER:
        raise EvidenceError("A number of the proof is not below the group's order.")
    return held


# ---- evidence/configuration.py

REACH = 8.0
"""An encoded number is cut at this many scales from its centre."""
MOST_FEATURES = 5000
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


@dataclass(frozen=True)
class FeatureCode:
    """How one column of the table becomes one number of the model.

    Attributes
    ----------
    column : str
        In the table.
    centre, scale : str
        Of a number, in decimal digits; empty for a level.
    level : str or None
        The text that becomes 1 (any other 0); None for a number.
    """

    column: str
    centre: str = ""
    scale: str = ""
    level: str | None = None

    def encoded(self, record: Mapping[str, Any]) -> int:
        """Return the number of a canonical record, over 2**10."""
        if self.column not in record:
            raise EvidenceError(f"The record has no column {self.column!r}.")
        cell = record[self.column]
        if self.level is not None:
            return (1 << FEATURE_BITS) if _text_of(cell) == self.level else 0
        if isinstance(cell, bool):
            value = float(cell)
        elif isinstance(cell, dict) and isinstance(cell.get("number"), str):
            value = _decimal(cell["number"])
        else:
            raise EvidenceError(
                f"The record's {self.column!r} is not a number; the model reads one."
            )
        moved = (value - _decimal(self.centre)) / _decimal(self.scale)
        return math.floor(max(-REACH, min(REACH, moved)) * (1 << FEATURE_BITS) + 0.5)

    def document(self) -> dict[str, Any]:
        """Return its part of the configuration's file."""
        if self.level is not None:
            return {"column": self.column, "level": self.level}
        return {"column": self.column, "centre": self.centre, "scale": self.scale}


def _text_of(cell: Any) -> str:
    """Return the text by which a level names a cell."""
    if isinstance(cell, dict):
        return str(cell.get("number"))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)


def _decimal(text: Any) -> float:
    """Read a number in decimal digits, in the one way that every language has."""
    if not isinstance(text, str) or not DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise EvidenceError(f"{str(text)[:20]!r} is not a number in decimal digits.")
    return float(text)


@dataclass(frozen=True)
class Configuration:
    """What a retraining repeats.

    Attributes
    ----------
    learner : str
        "logistic" or "ridge": the objectives whose one optimum can be named by its bits.
    outcome : FeatureCode
        Of a logistic regression a level (1 where the cell is it), of ridge a number.
    features : tuple of FeatureCode
        In the order of the weights.
    penalty : tuple of int
        Of each weight, and last of the constant: λⱼwⱼ²/2.
    threshold : str
        The largest entry of the gradient that passes for an optimum, in decimal digits.
    versions : dict of str to str
        Of what trained; for the record.
    """

    learner: str
    outcome: FeatureCode
    features: tuple[FeatureCode, ...]
    penalty: tuple[int, ...]
    threshold: str
    versions: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Write the configuration's file."""
        return canonical_json(
            {
                "learner": self.learner,
                "outcome": self.outcome.document(),
                "features": [code.document() for code in self.features],
                "penalty": list(self.penalty),
                "threshold": self.threshold,
                "versions": dict(self.versions),
                "feature_bits": FEATURE_BITS,
                "weight_bits": WEIGHT_BITS,
                "canonical": "three Newton steps in float64, weights rounded to 2**-29",
            }
        )

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file, by which log and model name it."""
        return sha256_hex(self.to_bytes())

    def encode(self, record: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        """Return a canonical record's features and outcome as whole numbers."""
        outcome = self.outcome.encoded(record)
        if self.learner == "logistic":
            outcome >>= FEATURE_BITS
        return tuple(code.encoded(record) for code in self.features), outcome


def read_configuration(raw: bytes) -> Configuration:
    """Read a configuration's file.

    Raises
    ------
    EvidenceError
        When it is not one, or not one that this version trains by.
    """
    document = read_canonical_json(raw, "The configuration")
    try:
        held = Configuration(
            document["learner"],
            _read_code(document["outcome"]),
            tuple(_read_code(part) for part in document["features"]),
            tuple(document["penalty"]),
            document["threshold"],
            dict(document["versions"]),
        )
        same = held.to_bytes() == raw
        tolerance = _decimal(held.threshold)
        whole = all(type(v) is int and v >= 0 for v in held.penalty)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EvidenceError("The configuration is not one of this version.") from None
    if not same or held.learner not in LINKS or not whole or not 0 < tolerance < math.inf:
        raise EvidenceError("The configuration is not one of this version.")
    if (held.outcome.level is None) == (held.learner == "logistic"):
        raise EvidenceError("A logistic regression's outcome is a level, ridge's a number.")
    if not 0 < len(held.features) <= MOST_FEATURES or len(held.penalty) != len(held.features) + 1:
        raise EvidenceError("The configuration does not have one penalty for each weight.")
    return held


def _read_code(part: Mapping[str, Any]) -> FeatureCode:
    if "level" in part:
        code = FeatureCode(part["column"], level=part["level"])
        texts: tuple[Any, ...] = (code.column, code.level)
    else:
        code = FeatureCode(part["column"], part["centre"], part["scale"])
        texts = (code.column, code.centre, code.scale)
        if not math.isfinite(_decimal(code.centre)) or not _decimal(code.scale) > 0:
            raise EvidenceError(f"The scale of {code.column!r} is not positive.")
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    return code


@dataclass(frozen=True)
class ModelFile:
    """The canonical form of a trained model.

    Attributes
    ----------
    learner : str
        As the configuration has it.
    configuration : str
        The SHA-256 of the configuration's file.
    weights : tuple of int
        One for each feature and last the constant's, over 2**29.
    without : tuple of str
        Columns whose weights are 0 because they were to be forgotten.
    """

    learner: str
    configuration: str
    weights: tuple[int, ...]
    without: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Write the model's file."""
        return canonical_json(
            {
                "learner": self.learner,
                "configuration": self.configuration,
                "weights": list(self.weights),
                "weight_bits": WEIGHT_BITS,
                "without": list(self.without),
            }
        )

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file, by which the log names it."""
        return sha256_hex(self.to_bytes())


def read_model_file(raw: bytes) -> ModelFile:
    """Read a canonical model's file."""
    document = read_canonical_json(raw, "The model")
    try:
        held = ModelFile(
            document["learner"],
            document["configuration"],
            tuple(document["weights"]),
            tuple(document["without"]),
        )
        same = held.to_bytes() == raw
        fits = all(type(w) is int for w in held.weights) and all(
            isinstance(text, str) for text in (held.learner, held.configuration, *held.without)
        )
    except (KeyError, TypeError):
        raise EvidenceError("The model's file is not one of this version.") from None
    if not same or not fits:
        raise EvidenceError("The model's file is not one of this version.")
    return held


# ---- evidence/claims.py

VERDICTS = ("PROVED", "CONSISTENT", "INCONCLUSIVE", "CONTRADICTED", "INVALID")
"""From the best to the worst; a dossier is as strong as its weakest claim."""
VERDICT_MEANS = {
    "PROVED": "shown by what you hold",
    "CONSISTENT": "nothing speaks against it; it is not proved",
    "INCONCLUSIVE": "something is missing, often a thing that you can bring",
    "CONTRADICTED": "two things that the controller signed do not fit, or one and what you hold",
    "INVALID": "changed, or not signed: nothing in it can be judged",
}
EXIT_STATUS = {"PROVED": 0, "CONSISTENT": 1, "INCONCLUSIVE": 3, "CONTRADICTED": 4, "INVALID": 5}
"""2 says that the verification could not run."""

# Title, what it rests on, what it cannot say.
CLAIMS: dict[str, tuple[str, str, str]] = {
    "opened": (
        "The dossier is whole",
        "signature and hashes",
        "that anything in it is true",
    ),
    "signed": (
        "Signed by the key given from outside, and nothing changed since",
        "Ed25519 signature over the hashes of all files",
        "that what was signed is true",
    ),
    "log": (
        "The log is one, and only grew",
        "a witness's cosignature, or a checkpoint that the reader kept",
        "that everything that happened was logged",
    ),
    "request": (
        "This answers the request at hand",
        "the hash of the request that the person was given",
        "that the token in it stands for this person: the person's receipt does",
    ),
    "before": (
        "Rows, model and rules were committed before the request",
        "a time stamp of a third party, and the log's order",
        "that the commitments cover all training data",
    ),
    "rules": (
        "Retrained by the rules of the model before",
        "the configuration's hash in both models' log entries",
        "that the rules were good ones",
    ),
    "delta": (
        "The new training set is the old one without exactly what was asked",
        "both lists of commitments, whole, their roots in the log, and all requests of the step",
        "that tokens name people truly, or that the lists hold all data that was used",
    ),
    "absent": (
        "Excluded from the training set of the new version",
        "the whole sorted list: a token not in it is absent",
        "that the weights come from this list (another claim), or that the person has no row "
        "under another token",
    ),
    "rows absent": (
        "The class or source is excluded from the training set of the new version",
        "the whole sorted list, and the request's list of the rows",
        "that the request lists every row of that class or source: its condition is not shown",
    ),
    "masked": (
        "The feature is masked in all rows of the new version's training",
        "the weights in the model's file, which are 0 for the feature",
        "that no other column tells of the feature: a stand-in for it keeps its weight",
    ),
    "near": (
        "No row that looks like an excluded one was kept",
        "the controller's own count of flagged rows",
        "absence of copies: a flag is a reason to look, and no flag is weak evidence",
    ),
    "optimum": (
        "The weights are what training on the new rows gives",
        "the gradient at the weights, opened by a proof over the commitments (experimental)",
        "how they were computed, or anything of models other than this file",
    ),
    "served": (
        "The model asked is this one",
        "the SHA-256 of the served file, taken by the reader",
        "what production serves tomorrow",
    ),
    "in time": (
        "Done by the day it was due",
        "a time stamp of a third party over the log's last checkpoint",
        "that the term itself is the lawful one",
    ),
    "reported": (
        "What the controller measured",
        "the controller's own audit",
        "absence of the person from the model: no measurement of a model alone can show it",
    ),
    "receipt": (
        "The row that was left out is the one of the receipt",
        "the receipt's secrets open the commitment",
        "that no other row tells of the person",
    ),
    "receipt gradient": (
        "A model that kept this row would show",
        "the row's own gradient at the published weights, against the threshold",
        "anything of models other than this file",
    ),
}


class ReaderError(EvidenceError):
    """What the reader brought to the verification cannot be used; the dossier is not judged."""


@dataclass(frozen=True)
class Claim:
    """One claim of a dossier.

    Attributes
    ----------
    name : str
        Its key in :data:`CLAIMS`.
    verdict : str
        One of :data:`VERDICTS`.
    sentence : str
        What was found.
    """

    name: str
    verdict: str
    sentence: str

    @property
    def title(self) -> str:
        """The claim in words."""
        return CLAIMS[self.name][0]

    @property
    def rests_on(self) -> str:
        """What carries it."""
        return CLAIMS[self.name][1]

    @property
    def cannot_say(self) -> str:
        """What it never shows."""
        return CLAIMS[self.name][2]


def claim(name: str, verdict: str, sentence: str) -> Claim:
    """Return a claim, its name and verdict checked; its sentence has no full stop of its own."""
    if name not in CLAIMS or verdict not in VERDICTS:
        raise ValueError(f"No claim {name!r} with the verdict {verdict!r}.")
    return Claim(name, verdict, sentence.removesuffix("."))


def worst(verdicts: Iterable[str]) -> str:
    """Return the weakest of some verdicts."""
    return VERDICTS[max(VERDICTS.index(verdict) for verdict in verdicts)]


def whole_verdict(claims: Sequence[Claim]) -> str:
    """Return the verdict of the whole: that of the weakest claim."""
    return worst(held.verdict for held in claims) if claims else "INVALID"


# ---- evidence/dossier_files.py

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


# ---- evidence/dossier_case.py

MODEL = "model/new.json"
OTHERS = "other_requests.jsonl"
FORMAT = 1


@dataclass(frozen=True)
class Outside:
    """What the reader knows from elsewhere; a dossier cannot vouch for itself.

    Attributes
    ----------
    key : NamedKey or None
        The controller's, from its web site, a notary, an earlier letter.
    authority : str or None
        SHA-256 of the time-stamping authority's certificate.
    witnesses : tuple of NamedKey
        Whose cosignatures the reader trusts.
    kept : tuple of bytes
        Checkpoints of the log that the reader was given, earlier or later, or by others.
    growth : tuple of bytes
        Proofs that a kept checkpoint later than the dossier continues its log.
    other_sha256s : tuple of str
        Hashes of the requests of others who left in the same step, from their receipts.
    request_sha256 : str or None
        Hash of the request, from the person's receipt.
    served_sha256 : str or None
        Of the model file that is served, taken by the reader.
    receipt : bytes or None
        The person's receipt.
    """

    key: NamedKey | None = None
    authority: str | None = None
    witnesses: tuple[NamedKey, ...] = ()
    kept: tuple[bytes, ...] = ()
    growth: tuple[bytes, ...] = ()
    other_sha256s: tuple[str, ...] = ()
    request_sha256: str | None = None
    served_sha256: str | None = None
    receipt: bytes | None = None


@dataclass(frozen=True)
class Scope:
    """What a request is about."""

    name: str
    granularity: str
    tokens: frozenset[bytes]
    rows: frozenset[bytes]
    features: tuple[str, ...]

    def named(self, leaves: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the leaves that it is about, each with the token or hash that names it."""
        if self.granularity == "record":
            return {leaf: token_of(leaf) for leaf in leaves if token_of(leaf) in self.tokens}
        if self.granularity == "rows":
            return {leaf: sha256(leaf) for leaf in leaves if sha256(leaf) in self.rows}
        return {}


@dataclass(frozen=True)
class Request(Scope):
    """What was asked, and when."""

    received: int
    due: int


@dataclass(frozen=True)
class DossierCase:
    """A dossier whose parts belong together.

    Attributes
    ----------
    places : mapping of str to int
        Where in the log stand "configuration", "old", "old model", "request", "new", "new model".
    others : mapping of Scope to int
        What others asked for who left in the same step, and where in the log their requests stand.
    """

    files: Mapping[str, bytes]
    key: NamedKey
    lines: Sequence[bytes]
    entries: Sequence[Mapping[str, Any]]
    checkpoint: Checkpoint
    places: Mapping[str, int]
    request: Request
    others: Mapping[Scope, int]
    old_name: str
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    configuration: Configuration
    model: ModelFile

    @property
    def request_sha256(self) -> str:
        """The hash by which receipt and log name the request."""
        return sha256_hex(self.files["request.json"])

    @property
    def model_sha256(self) -> str:
        """The hash of the new model's file."""
        return sha256_hex(self.files[MODEL])

    def entry(self, place: str) -> Mapping[str, Any]:
        """Return one of the entries that the dossier is about."""
        return self.entries[self.places[place]]

    @property
    def features(self) -> frozenset[str]:
        """All features that this step's requests ask to forget."""
        return frozenset(name for one in (self.request, *self.others) for name in one.features)


def read_request(raw: bytes) -> Request:
    """Read a request's file."""
    held = read_canonical_json(raw, "The request")
    try:
        tokens, rows = ([bytes.fromhex(text) for text in held[key]] for key in ("tokens", "rows"))
        rebuilt = make_request(
            held["id"],
            received=held["received"],
            due=held["due"],
            granularity=held["granularity"],
            kind=held["kind"],
            clauses=held["clauses"],
            tokens=tokens,
            rows=rows,
            features=held["features"],
        )
        texts = (held["id"], held["kind"], held["granularity"], *held["clauses"], *held["features"])
        fits = all(isinstance(text, str) for text in texts) and all(
            type(held[key]) is int for key in ("received", "due")
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EvidenceError("The request is not built as one.") from None
    if rebuilt != raw or not fits:
        raise EvidenceError("The request is not built as one.")
    return Request(
        name=held["id"],
        granularity=held["granularity"],
        tokens=frozenset(tokens),
        rows=frozenset(rows),
        features=tuple(held["features"]),
        received=held["received"],
        due=held["due"],
    )


def open_case(files: Mapping[str, bytes], outside: Outside) -> DossierCase:
    """Open a dossier, verifying signatures and hashes.

    Raises
    ------
    EvidenceError
        When its parts are not whole, not signed, or do not belong together.
    """
    for name in (STATEMENT, MANIFEST):
        if name not in files:
            raise EvidenceError(f"The dossier lacks {name}.")
    key = outside.key or _own_key(files)
    subjects, predicate = open_statement(files[STATEMENT], key.public)
    check_manifest(dict(files), subjects.get(MANIFEST))
    for name in (
        "request.json",
        "configuration.json",
        MODEL,
        "commitments/old.bin",
        "commitments/new.bin",
        "log/entries.jsonl",
        "log/checkpoint",
        "log/key",
        "results.json",
    ):
        if name not in files:
            raise EvidenceError(f"The dossier lacks {name}.")
    if subjects != {MANIFEST: sha256_hex(files[MANIFEST]), MODEL: sha256_hex(files[MODEL])}:
        raise EvidenceError("The statement is about other files than the manifest and the model.")
    if str(_own_key(files)) != str(key):
        raise EvidenceError("The log is kept under another key than the one given.")
    lines, entries = read_log_file(files["log/entries.jsonl"])
    checkpoint = read_checkpoint(files["log/checkpoint"])
    if not is_signed_by(checkpoint, key):
        raise EvidenceError("The log's checkpoint is not signed by the key.")
    if (checkpoint.size, checkpoint.root) != (len(lines), tree_root(lines)):
        raise EvidenceError("The log is not the one of its checkpoint.")
    request = read_request(files["request.json"])
    configuration = read_configuration(files["configuration.json"])
    model = read_model_file(files[MODEL])
    places, old, new = _placed(files, predicate, entries, request, configuration)
    others = _read_others(files.get(OTHERS), entries, request)
    if (model.learner, model.configuration) != (configuration.learner, configuration.sha256):
        raise EvidenceError("The model's file names another configuration than the dossier's.")
    if len(model.weights) != len(configuration.features) + 1:
        raise EvidenceError("The model has another number of weights than the configuration.")
    return DossierCase(
        files=files, key=key, lines=lines, entries=entries, checkpoint=checkpoint, places=places,
        request=request, others=others, old_name=predicate["old"], old=old, new=new,
        configuration=configuration, model=model,
    )  # fmt: skip


def _own_key(files: Mapping[str, bytes]) -> NamedKey:
    try:
        return read_named_key(files.get("log/key", b"").decode("utf-8"))
    except UnicodeDecodeError:
        raise EvidenceError("The dossier's log/key is not a key.") from None


def _placed(
    files: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    entries: list[dict[str, Any]],
    request: Request,
    configuration: Configuration,
) -> tuple[dict[str, int], tuple[bytes, ...], tuple[bytes, ...]]:
    """Find the entries that the statement is about, and the lists that they commit to."""
    expected = {"format", "request", "old", "new", "old_model"}
    if set(predicate) != expected or predicate["format"] != FORMAT:
        raise EvidenceError("The statement is of another version than this verifier.")
    old_name, new_name = predicate["old"], predicate["new"]
    if not (isinstance(old_name, str) and isinstance(new_name, str)) or old_name == new_name:
        raise EvidenceError("The statement names no two data sets.")
    asked = files["request.json"]
    places = {
        "configuration": find_entry(
            entries, "configuration", first=True, sha256=configuration.sha256
        ),
        "old": find_entry(entries, "dataset", dataset=old_name),
        "old model": find_entry(
            entries, "model", first=True, sha256=predicate["old_model"], dataset=old_name
        ),
        "request": find_entry(entries, "request", request=request.name),
        "new": find_entry(entries, "dataset", dataset=new_name),
        "new model": find_entry(
            entries, "model", first=True, sha256=sha256_hex(files[MODEL]), dataset=new_name
        ),
    }
    logged = entries[places["request"]]
    if not predicate["request"] == sha256_hex(asked) == logged.get("sha256") or (
        logged.get("scope") != sha256_hex(request_scope(asked))
    ):
        raise EvidenceError("The request is not the one in the log.")
    lists = []
    for which in ("old", "new"):
        leaves = read_leaf_list(files[f"commitments/{which}.bin"], f"The {which} list of leaves")
        entry = entries[places[which]]
        if (entry.get("root"), entry.get("size")) != (tree_root(leaves).hex(), len(leaves)):
            raise EvidenceError(f"The {which} list of leaves is not the one in the log.")
        lists.append(leaves)
    return places, lists[0], lists[1]


def _read_others(
    raw: bytes | None, entries: list[dict[str, Any]], request: Request
) -> dict[Scope, int]:
    """Read what others asked for who left in the same step: one scope a line."""
    others: dict[Scope, int] = {}
    if raw is None:
        return others
    names = {request.name}
    for line in raw.split(b"\n")[:-1] if raw.endswith(b"\n") else [b""]:
        scope = _read_scope(line)
        place = find_entry(entries, "request", request=scope.name)
        if scope.name in names or entries[place].get("scope") != sha256_hex(line):
            raise EvidenceError("A request of others is not the one in the log.")
        names.add(scope.name)
        others[scope] = place
    return others


def _read_scope(raw: bytes) -> Scope:
    held = read_canonical_json(raw, "A request of others")
    try:
        rebuilt = make_request(
            held["request"],
            received=0,
            due=0,
            granularity=held["granularity"],
            tokens=[bytes.fromhex(text) for text in held["tokens"]],
            rows=[bytes.fromhex(text) for text in held["rows"]],
            features=held["features"],
        )
        texts = (held["request"], held["granularity"], *held["features"])
        fits = all(isinstance(text, str) for text in texts) and request_scope(rebuilt) == raw
    except (KeyError, TypeError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise EvidenceError("A request of others is not built as one.")
    read = read_request(rebuilt)
    return Scope(read.name, read.granularity, read.tokens, read.rows, read.features)


def kept_checkpoint(raw: bytes, key: NamedKey) -> Checkpoint:
    """Read a checkpoint that the reader kept; it must be one that the key signed."""
    try:
        kept = read_checkpoint(raw, "The checkpoint that you kept")
    except EvidenceError as error:
        raise ReaderError(str(error)) from None
    if not is_signed_by(kept, key):
        raise ReaderError("The checkpoint that you kept is not signed by this key.")
    return kept


@dataclass(frozen=True)
class Growth:
    """A proof that a log of `old` entries grew into one of `new`."""

    old: int
    new: int
    path: tuple[bytes, ...]


def growth_file(entries: Sequence[bytes], old: int) -> bytes:
    """Write the proof that a log only grew since it had `old` entries."""
    path = [step.hex() for step in consistency_path(entries, old)]
    return canonical_json({"old": old, "new": len(entries), "path": path})


def read_growth(raw: bytes) -> Growth:
    """Read a proof that a log only grew; the reader brings it."""
    try:
        held = read_canonical_json(raw, "The proof of growth")
        path = tuple(bytes.fromhex(step) for step in held["path"])
        if type(held["old"]) is int and type(held["new"]) is int and len(path) <= 100:
            return Growth(held["old"], held["new"], path)
    except (EvidenceError, KeyError, TypeError, ValueError):
        pass
    raise ReaderError("The proof that the log grew is not built as one.")


# ---- evidence/delta_checks.py

ABOUT = {
    "record": "the rows of one or more people",
    "rows": "a class or source, row by row",
    "feature": "a feature, in all rows",
}
ABSENT = {"record": "absent", "rows": "rows absent"}


def delta_claims(case: DossierCase, outside: Outside) -> tuple[Claim, ...]:
    """Judge whether the step is exactly what its requests ask for.

    Everybody whose request was carried out in the step is counted: the rows of all, and the
    features of all. That others did ask is the controller's word unless the reader brings the
    hashes of their requests: a request that nobody made would take any row out.
    """
    claims = [_delta(case, outside)]
    request = case.request
    if request.granularity == "feature":
        claims.append(_masked(case))
    else:
        left = len(request.named(case.new))
        claims.append(
            claim(
                ABSENT[request.granularity],
                "CONTRADICTED" if left else "PROVED",
                f"{left} of the rows asked for are in the new list"
                if left
                else f"none of its {len(case.new):,} rows is one asked for",
            )
        )
    return tuple(claims)


def _delta(case: DossierCase, outside: Outside) -> Claim:
    old, new = set(case.old), set(case.new)
    gone, added = old - new, new - old
    scopes = (case.request, *case.others)
    found = [scope.named(case.old) for scope in scopes]
    asked = {leaf for named in found for leaf in named}
    unknown = sum(
        len((scope.tokens | scope.rows) - set(named.values()))
        for scope, named in zip(scopes, found)
    )
    about = ABOUT[case.request.granularity]
    count = f"{about}: {len(old):,} − {len(gone):,} + {len(added):,} = {len(new):,} rows"
    if not _descends(case):
        why = "the log does not say that the new data set comes from the old one"
        return claim("delta", "CONTRADICTED", why)
    if any(place > case.places["new"] for place in case.others.values()):
        why = "a request of others was logged after the new data set"
        return claim("delta", "CONTRADICTED", why)
    if gone != asked or added:
        why = f"{count}, but {len(asked):,} of the old rows were asked for"
        return claim("delta", "CONTRADICTED", why)
    if unknown:
        return claim(
            "delta", "INCONCLUSIVE", f"{count}; {unknown} asked for were not in the old set"
        )
    if not case.others:
        return claim("delta", "PROVED", count)
    count += f", {len(found[0]):,} of them for {case.request.name}"
    given = {text.lower() for text in outside.other_sha256s}
    told = sum(case.entries[place].get("sha256") not in given for place in case.others.values())
    if told:
        why = f"{count}; for {told} of {len(case.others)} other requests there is only the "
        return claim("delta", "INCONCLUSIVE", why + "controller's word (--other)")
    return claim("delta", "PROVED", f"{count}, the rest for {len(case.others)} others")


def _descends(case: DossierCase) -> bool:
    """Tell whether the log leads from the new data set to the old, from parent to parent."""
    parents = {
        entry.get("dataset"): entry.get("parent")
        for entry in case.entries
        if entry["kind"] == "dataset"
    }
    name, seen = case.entry("new").get("parent"), set()
    while isinstance(name, str) and name not in seen:
        if name == case.old_name:
            return True
        seen.add(name)
        name = parents.get(name)
    return False


def _masked(case: DossierCase) -> Claim:
    columns = {code.column for code in case.configuration.features}
    if set(case.request.features) - columns:
        return claim("masked", "INCONCLUSIVE", "the model before did not read the feature")
    if case.features & columns != set(case.model.without):
        return claim("masked", "CONTRADICTED", "the model leaves other features out than asked")
    for code, weight in zip(case.configuration.features, case.model.weights):
        if code.column in case.request.features and weight != 0:
            return claim("masked", "CONTRADICTED", f"{code.column} still has a weight")
    names = ", ".join(sorted(case.request.features))
    return claim("masked", "PROVED", f"the weights of {names} are 0")


# ---- evidence/receipts.py

def make_receipt(
    token: bytes, salt: bytes, blind: bytes | None, record: bytes, request_sha256: str | None = None
) -> bytes:
    """Write a receipt.

    Parameters
    ----------
    token, salt : bytes
        Of the row's leaf.
    blind : bytes or None
        Of the row's point; None where the leaf has none.
    record : bytes
        The canonical record, for the person to read.
    request_sha256 : str, optional
        The request that was received.
    """
    return canonical_json(
        {
            "token": token.hex(),
            "salt": salt.hex(),
            "blind": None if blind is None else blind.hex(),
            "record": read_canonical_json(record, "The record"),
            "request_sha256": request_sha256,
        }
    )


def leaf_of_receipt(receipt: bytes, configuration: Configuration) -> tuple[bytes, dict[str, Any]]:
    """Return the leaf that a receipt opens, and the record in it."""
    try:
        held = read_canonical_json(receipt, "The receipt")
        record = held["record"]
        seal = record_seal(bytes.fromhex(held["salt"]), canonical_json(record))
        point = NO_POINT
        if held["blind"] is not None:
            features, outcome = configuration.encode(record)
            blind = int.from_bytes(bytes.fromhex(held["blind"]), "little") % ORDER
            points = [BLIND_POINT, *row_points(len(features))]
            point = encode_point(sum_of_multiples(points, [blind, *features, outcome]))
        return make_leaf(bytes.fromhex(held["token"]), seal, point), record
    except EvidenceError as error:
        raise ReaderError(f"The receipt is not one for this dossier. {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReaderError("The receipt is not built as one.") from None


def receipt_claims(case: DossierCase, outside: Outside) -> tuple[Claim, ...]:
    """Judge what a receipt can tell about a dossier; nothing without one."""
    if outside.receipt is None:
        return ()
    leaf, record = leaf_of_receipt(outside.receipt, case.configuration)
    if leaf in case.new and case.request.granularity != "feature":
        return (claim("receipt", "CONTRADICTED", "the receipt's row is in the new training set"),)
    if leaf not in case.old:
        # Nobody signed the receipt: it may be another's, or changed, or of a row never used.
        why = "the receipt opens no row of the old training set"
        return (claim("receipt", "INCONCLUSIVE", why),)
    if case.request.granularity == "feature":
        return (claim("receipt", "PROVED", "the receipt's row is committed to; no row was to go"),)
    features, outcome = case.configuration.encode(record)
    full = [value / (1 << FEATURE_BITS) for value in features] + [1.0]
    margin = sum(x * w for x, w in zip(full, case.model.weights)) / (1 << WEIGHT_BITS)
    if case.configuration.learner == "logistic":
        residual = 1 / (1 + math.exp(-max(-500.0, min(500.0, margin)))) - outcome
    else:
        residual = margin - outcome / (1 << FEATURE_BITS)
    shown = max(abs(residual * x) for x in full)
    threshold = float(case.configuration.threshold)
    why = f"a gradient of {shown:.2g}, {shown / threshold:,.0f} times what is allowed"
    return (
        claim("receipt", "PROVED", "the receipt opens a commitment that is gone"),
        claim("receipt gradient", "PROVED" if shown > 10 * threshold else "INCONCLUSIVE", why),
    )


# ---- evidence/dossier_checks.py

LOOSEST = 0.01
"""A threshold above it tells nothing: one row in doubt can have as small a gradient."""
OLD_PARTS = ("configuration", "old", "old model")


def check_dossier(files: Mapping[str, bytes], outside: Outside) -> tuple[Claim, ...]:
    """Judge every claim of a dossier.

    Parameters
    ----------
    files : mapping of str to bytes
        From :func:`workbench.evidence.dossier_files.read_dossier`.
    outside : Outside
        What the reader knows from elsewhere.

    Raises
    ------
    ReaderError
        When what the reader brought cannot be used.
    """
    try:
        case = open_case(files, outside)
        stamps = _stamps(case, outside)
        at_hand = _request(case, outside)
        before = _before(case, outside, at_hand, stamps)
        held = [
            _signed(outside),
            _log(case, outside),
            at_hand,
            before,
            _rules(case, before),
            *delta_claims(case, outside),
            _near(case),
            _optimum(case),
            _served(case, outside),
            _in_time(case, outside, at_hand, stamps),
            *_reported(case),
            *receipt_claims(case, outside),
        ]
    except ReaderError:  # the reader's own mistake is no fault of the dossier
        raise
    except EvidenceError as error:
        return (claim("opened", "INVALID", str(error)),)
    return tuple(held)


def _signed(outside: Outside) -> Claim:
    if outside.key is None:
        why = "the key is the dossier's own; give the controller's with --key"
        return claim("signed", "INCONCLUSIVE", why)
    return claim("signed", "PROVED", f"by the key of {outside.key.name}")


def _log(case: DossierCase, outside: Outside) -> Claim:
    least = max(case.places[part] for part in OLD_PARTS)
    agreed = later = 0
    for raw in outside.kept:
        kept = kept_checkpoint(raw, case.key)
        if kept.size <= len(case.lines):
            if tree_root(case.lines[: kept.size]) != kept.root:
                why = f"the same key signed another log of {kept.size} entries, which you hold"
                return claim("log", "CONTRADICTED", why)
            agreed += kept.size > least
        elif _continued(case, kept, outside.growth):
            agreed += 1
        else:
            later += 1
    if later:  # even a witness saw only that this part of the log grew, not what came after it
        why = "you kept a checkpoint of a longer log, and no proof leads to it (--growth): the log "
        return claim("log", "INCONCLUSIVE", why + "may have been rolled back, or only gone on")
    seen = [w.name for w in outside.witnesses if cosigned_at(case.checkpoint, w) is not None]
    if seen:
        return claim("log", "PROVED", f"cosigned by {', '.join(seen)}")
    if agreed:
        why = f"it agrees with {agreed} checkpoint{'s' * (agreed > 1)} that you kept"
        return claim("log", "CONSISTENT", why)
    why = "no witness that you trust and no kept checkpoint over the old data: there may be two"
    return claim("log", "INCONCLUSIVE", why)


def _continued(case: DossierCase, kept: Checkpoint, proofs: Iterable[bytes]) -> bool:
    """Tell whether a proof shows that the dossier's log grew into the one of a later checkpoint."""
    for raw in proofs:
        held = read_growth(raw)
        if (held.old, held.new) == (len(case.lines), kept.size) and is_consistent(
            held.old, case.checkpoint.root, held.new, kept.root, held.path
        ):
            return True
    return False


def _request(case: DossierCase, outside: Outside) -> Claim:
    if outside.request_sha256 is None:
        return claim("request", "INCONCLUSIVE", "give the receipt's hash with --request")
    if outside.request_sha256.lower() == case.request_sha256:
        return claim("request", "PROVED", f"{case.request.name}, as in the receipt")
    return claim("request", "CONTRADICTED", f"it answers {case.request.name}, another request")


def _stamps(case: DossierCase, outside: Outside) -> dict[str, int]:
    """Return the moments that the authority named by the reader stamped."""
    held: dict[str, int] = {}
    if outside.authority is None:
        return held
    for which, data in (("old", "time/old.checkpoint"), ("last", "log/checkpoint")):
        stamp = case.files.get(f"time/{which}.tsr")
        if stamp is not None and data in case.files:
            try:
                held[which] = stamped_at(stamp, case.files[data], outside.authority)
            except OtherAuthority:  # a controller may choose another: what is missing is the stamp
                continue
    return held


def _no_stamp(outside: Outside) -> str:
    if outside.authority is None:
        return "no time stamp was checked (--authority)"
    return "no time stamp of the authority that you named"


def _day(seconds: int) -> str:
    if not 0 <= seconds < 1 << 36:
        return f"second {seconds}"
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


CLOCKS = 3_600
"""Seconds by which the clocks of a controller and an authority may differ."""


def _before(
    case: DossierCase, outside: Outside, at_hand: Claim, stamps: Mapping[str, int]
) -> Claim:
    places, received = case.places, case.request.received
    late = [part for part in OLD_PARTS if places[part] > places["request"]]
    early = [part for part in ("new", "new model") if places[part] < places["request"]]
    if late:
        why = f"the log has the request before the {late[0]}"
        return claim("before", "CONTRADICTED", why)
    if early:
        return claim("before", "CONTRADICTED", f"the log has the {early[0]} before the request")
    raw = case.files.get("time/old.checkpoint")
    stamped = None if raw is None else read_checkpoint(raw)
    if stamped is not None:  # signed by the controller: it binds whoever stamped it, or nobody
        if not is_signed_by(stamped, case.key):
            raise EvidenceError("The checkpoint that was stamped is not signed by the key.")
        if stamped.size > len(case.lines) or tree_root(case.lines[: stamped.size]) != stamped.root:
            return claim("before", "CONTRADICTED", "the stamped log is no beginning of this one")
    if stamped is None or "old" not in stamps:
        why = f"by the log's own order; {_no_stamp(outside)}"
        return claim("before", "CONSISTENT", why)
    when = _day(stamps["old"])
    if stamped.size <= max(places[part] for part in OLD_PARTS):
        why = f"the log stamped {when} did not hold rows, model and rules yet"
        return claim("before", "INCONCLUSIVE", why)
    if stamps["old"] >= received:
        why = f"stamped {when}, which is not before the request of {_day(received)}"
        return claim("before", "INCONCLUSIVE", why)
    if stamps.get("last", received) < received - CLOCKS:
        why = f"the request stands in a log stamped {_day(stamps['last'])}, before it is said to"
        return claim("before", "INCONCLUSIVE", f"{why} have come in, {_day(received)}")
    why = f"stamped {when}, request received {_day(received)}"
    if at_hand.verdict != "PROVED":  # when it was received is the controller's word
        return claim("before", "CONSISTENT", why + " by the controller's word")
    return claim("before", "PROVED", why)


def _rules(case: DossierCase, before: Claim) -> Claim:
    old, new, pinned = case.entry("old model"), case.entry("new model"), case.configuration.sha256
    if new.get("configuration") != pinned or old.get("configuration") != pinned:
        return claim("rules", "CONTRADICTED", "the model before had another configuration")
    if new.get("replaces") != old.get("sha256"):
        return claim("rules", "CONTRADICTED", "the log does not say that it replaces that model")
    if before.verdict in ("CONTRADICTED", "INCONCLUSIVE"):
        why = "one configuration, but not shown to be older than the request"
        return claim("rules", "INCONCLUSIVE", why)
    return claim("rules", before.verdict, "learner, constants, penalty and threshold unchanged")


def _near(case: DossierCase) -> Claim:
    raw = case.files.get("near_copies.json")
    if raw is None:
        return claim("near", "INCONCLUSIVE", "the dossier does not say")
    held = read_canonical_json(raw, "The count of near copies")
    if not isinstance(held, dict) or not all(type(held.get(k)) is int for k in ("flagged", "kept")):
        raise EvidenceError("The count of near copies is not built as one.")
    if held["kept"] != len(case.new) and case.request.granularity != "feature":
        return claim("near", "CONTRADICTED", "another number of rows was looked at than is left")
    rate = str(held.get("false_match_rate"))[:20]
    why = f"{held['flagged']} of {held['kept']:,} kept rows flagged; by chance a share of {rate} is"
    return claim("near", "INCONCLUSIVE" if held["flagged"] else "CONSISTENT", why)


def proof_context(new_root: bytes, model: bytes, configuration: bytes) -> bytes:
    """Return what a proof of the optimum is made for: this data set, model and configuration."""
    return b"cafe-evidence/dossier/v1" + new_root + sha256(model) + sha256(configuration)


def _optimum(case: DossierCase) -> Claim:
    raw = case.files.get("proofs/optimum.json")
    configuration, model = case.configuration, case.model
    if set(model.without) - case.features:
        return claim("optimum", "CONTRADICTED", "weights are 0 that nobody asked to forget")
    if raw is None:
        why = "no proof in the dossier: replay the training with the data"
        return claim("optimum", "INCONCLUSIVE", why)
    gradient = proved_gradient(
        read_canonical_json(raw, "The proof of the optimum"),
        [leaf[32:64] for leaf in case.new],
        configuration.learner,
        model.weights,
        configuration.penalty,
        proof_context(tree_root(case.new), case.files[MODEL], case.files["configuration.json"]),
    )
    free = {j for j, code in enumerate(configuration.features) if code.column in model.without}
    largest = max(abs(gradient[j]) for j in range(len(gradient)) if j not in free)
    threshold = float(configuration.threshold)
    if threshold > LOOSEST:
        why = f"the configuration allows a gradient of {threshold:g}: too loose to tell"
        return claim("optimum", "INCONCLUSIVE", why)
    why = f"largest gradient {largest:.1e}, where {threshold:g} is allowed"
    if largest > threshold:
        return claim("optimum", "CONTRADICTED", why)
    if min(configuration.penalty) > 0:
        distance = sum(g * g for g in gradient) ** 0.5 / min(configuration.penalty)
        why += f"; at most {distance:.1e} from the optimum" if not free else ""
    # Sound as far as its authors know, but nobody else has read the proof: it says no more yet.
    return claim("optimum", "CONSISTENT", why)


def _served(case: DossierCase, outside: Outside) -> Claim:
    if outside.served_sha256 is None:
        why = f"compare the served file's SHA-256 with {case.model_sha256} (--served)"
        return claim("served", "INCONCLUSIVE", why)
    if outside.served_sha256.lower() == case.model_sha256:
        return claim("served", "PROVED", "the file that you hashed is the dossier's")
    return claim("served", "CONTRADICTED", "the file that you hashed is another one")


def _in_time(
    case: DossierCase, outside: Outside, at_hand: Claim, stamps: Mapping[str, int]
) -> Claim:
    due = case.request.due
    if "last" not in stamps:
        return claim("in time", "INCONCLUSIVE", f"due {_day(due)}; {_no_stamp(outside)}")
    why = f"stamped {_day(stamps['last'])}, due {_day(due)}"
    if stamps["last"] > due:
        # A later stamp does not show that the work was late, only that nothing shows it in time.
        return claim("in time", "INCONCLUSIVE", why + ": after the day it was due")
    verdict = "PROVED" if at_hand.verdict == "PROVED" else "CONSISTENT"
    return claim("in time", verdict, why)


def _reported(case: DossierCase) -> list[Claim]:
    held = read_canonical_json(case.files["results.json"], "The results")
    if not isinstance(held, dict) or not held or len(held) > 50:
        raise EvidenceError("The results are not built as ones.")
    claims = []
    for name, said in held.items():
        if not isinstance(said, dict) or set(said) != {"verdict", "sentence"}:
            raise EvidenceError("The results are not built as ones.")
        if said["verdict"] not in ("CONSISTENT", "INCONCLUSIVE", "CONTRADICTED"):
            raise EvidenceError("A measurement is CONSISTENT at best; it proves nothing.")
        # Runs of blanks could lay a line out that looks like a claim of this program.
        words = f"{name[:40]}: {str(said['sentence'])[:500]}".split()
        claims.append(claim("reported", said["verdict"], " ".join(words)))
    return claims


# ---- evidence/verify_command.py

NO_DOSSIER_SHOWS = """What no dossier can show: that the committed rows were all the data there was,
that a copy of the data or of an older model is not kept somewhere, or that a model holds nothing of
a person. It supports that the rows were excluded from the training set of the version it names."""
HELP = """Exit status: 0 PROVED, 1 CONSISTENT, 3 INCONCLUSIVE, 4 CONTRADICTED, 5 INVALID (of the
weakest claim); 2 the verification could not run. Needs no network and nothing but Python 3.9 or
newer."""
LARGEST_GIVEN = 10_000_000


def verify_path(path: str, outside: Outside) -> tuple[Claim, ...]:
    """Judge the dossier in a folder or a zip.

    Raises
    ------
    ReaderError
        When there is none, or what the reader brought cannot be used.
    """
    try:
        files = read_dossier(path)
    except ReaderError:
        raise
    except EvidenceError as error:
        return (claim("opened", "INVALID", str(error)),)
    return check_dossier(files, outside)


def written_claims(claims: Sequence[Claim], long: bool = True) -> str:
    """Write the claims for a terminal, the verdict of the whole last."""
    lines, said = [], {held.verdict for held in claims}
    for held in claims:
        lines.append(printable(f"{held.verdict:13}{held.title}: {held.sentence}."))
        if long:
            lines.append(f"{'':13}  rests on: {held.rests_on}")
            lines.append(f"{'':13}  never says: {held.cannot_say}")
    lines += ["", *(f"  {v}: {VERDICT_MEANS[v]}." for v in VERDICTS if v in said)]
    lines += ["", *NO_DOSSIER_SHOWS.splitlines(), ""]
    return "\n".join(
        [*lines, f"The whole, as strong as its weakest claim: {whole_verdict(claims)}"]
    )


def _file_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_GIVEN + 1)
    except OSError as error:
        raise ReaderError(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > LARGEST_GIVEN:
        raise ReaderError(f"{path} is larger than {LARGEST_GIVEN:,} bytes.")
    return raw


def _key_of(given: str) -> NamedKey:
    """Read a key given as text or as the name of a file that holds it."""
    if os.path.isfile(given):
        text, where = _file_of(given).decode("utf-8", "replace"), f"{given[:80]!r} holds no key. "
    else:
        # Not said back: it might be the secret half.
        text, where = given, "What was given is neither a file's name nor a key. "
    try:
        return read_named_key(text)
    except MistypedKey as error:
        raise ReaderError(str(error)) from None
    except EvidenceError as error:
        raise ReaderError(where + str(error)) from None


def _hash_of(given: str | None) -> str | None:
    """Return a SHA-256 that is given as digits, or that of a file."""
    if given is None:
        return None
    if os.path.isfile(given):
        return sha256_hex(_file_of(given))
    if len(given) != 64 or set(given.lower()) - set("0123456789abcdef"):
        raise ReaderError(f"{given[:80]!r} is neither a file nor a SHA-256 in 64 digits.")
    return given.lower()


def outside_from(
    key: str | None = None,
    authority: str | None = None,
    witnesses: Sequence[str] = (),
    checkpoints: Sequence[str] = (),
    request: str | None = None,
    served: str | None = None,
    receipt: str | None = None,
    growth: Sequence[str] = (),
    others: Sequence[str] = (),
) -> Outside:
    """Return what the reader brought, from texts and names of files.

    Raises
    ------
    ReaderError
        When one of them cannot be used.
    """
    return Outside(
        key=None if key is None else _key_of(key),
        authority=_hash_of(authority),
        witnesses=tuple(_key_of(text) for text in witnesses),
        kept=tuple(_file_of(path) for path in checkpoints),
        growth=tuple(_file_of(path) for path in growth),
        other_sha256s=tuple(str(_hash_of(text)) for text in others),
        request_sha256=_hash_of(request),
        served_sha256=_hash_of(served),
        receipt=None if receipt is None else _file_of(receipt),
    )


def verify_command(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Judge a dossier about an exclusion from a training set, offline.",
        epilog=HELP,
    )
    here = os.path.dirname(os.path.abspath(sys.argv[0])) or "."
    say = parser.add_argument
    say("dossier", nargs="?", default=here, help="folder or zip; by default where verify.py lies")
    say("--key", help="the controller's key (name+id+key) or a file with it, NOT from the dossier")
    say("--authority", help="SHA-256 of the time-stamping authority's certificate, or its DER file")
    say("--witness", action="append", default=[], help="a witness's key that you trust")
    say("--checkpoint", action="append", default=[], help="a checkpoint file that you kept")
    say("--growth", action="append", default=[], help="proof that the log grew to a later one")
    say("--other", action="append", default=[], help="SHA-256 of another's request of this step")
    say("--request", help="SHA-256 of the request, from the receipt, or its file")
    say("--served", help="the model file that is served, or its SHA-256")
    say("--receipt", help="the person's receipt, a JSON file")
    say("--short", action="store_true", help="without what each claim rests on")
    say("--json", action="store_true", help="for machines")
    given = parser.parse_args(words)
    try:
        outside = outside_from(
            given.key,
            given.authority,
            given.witness,
            given.checkpoint,
            given.request,
            given.served,
            given.receipt,
            given.growth,
            given.other,
        )
        claims = verify_path(given.dossier, outside)
    except ReaderError as error:
        print(f"The verification could not run: {printable(str(error))}", file=sys.stderr)
        return 2
    except Exception as error:  # Python would end with 1, which says CONSISTENT
        why = printable(f"{type(error).__name__}: {error}")
        print(f"The verification could not run, by a fault of this program: {why}", file=sys.stderr)
        return 2
    if given.json:
        held = [[c.name, c.verdict, c.sentence] for c in claims]
        print(json.dumps({"claims": held, "whole": whole_verdict(claims)}))
    else:
        text = written_claims(claims, long=not given.short)
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # None where it is closed
        print(text.encode(encoding, "replace").decode(encoding))
    return EXIT_STATUS[whole_verdict(claims)]
'''

try:
    exec(compile("\n" * 20 + PROGRAM, __file__, "exec"))
except (ImportError, SyntaxError) as error:
    sys.stderr.write("The verification could not run: %s\n" % error)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(verify_command())
