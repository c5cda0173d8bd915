"""Commitments to training rows: canonical records, salted leaves, and the tree over them.

A row becomes a *leaf* of 96 bytes: the keyed token of the person, a commitment to the encoded row
that a proof can compute with (or zeros), and the salted hash of the record as it was given. A data
set is the sorted list of its leaves; its root is that of RFC 9162. Who holds the whole sorted list
sees what is in it, what is not, and how two lists differ; without the salt a leaf tells nothing of
its row.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.common.errors import EvidenceError

__all__ = [
    "LEAF_BYTES",
    "NO_POINT",
    "canonical_json",
    "canonical_record",
    "consistency_path",
    "inclusion_path",
    "is_consistent",
    "leaf_list",
    "make_leaf",
    "person_token",
    "read_canonical_json",
    "read_leaf_list",
    "record_seal",
    "root_by_inclusion",
    "sha256",
    "sha256_hex",
    "token_of",
    "tree_root",
]

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
