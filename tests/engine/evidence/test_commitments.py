"""Commitments to rows, and the tree over them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.common.errors import EvidenceError
from workbench.evidence import commitments as c

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_is_that_of_rfc_8785_and_reads_back(value: object) -> None:
    rfc8785 = pytest.importorskip("rfc8785")
    raw = c.canonical_json(value)
    assert raw == rfc8785.dumps(value)
    assert c.read_canonical_json(raw, "It") == value


@pytest.mark.parametrize("value", [0.5, 2**53, {1: "x"}, b"x", "\ud800", {"\ud800": 1}])
def test_what_has_no_one_form_is_refused(value: object) -> None:
    with pytest.raises(EvidenceError):
        c.canonical_json(value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b"1.0",
        b"1e3",
        b"NaN",
        b'"\\u0041"',
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'"\\ud800"',
        b"",
    ],
)
def test_json_in_another_form_is_refused(raw: bytes) -> None:
    with pytest.raises(EvidenceError, match="It is n"):
        c.read_canonical_json(raw, "It")


def test_equal_rows_are_equal_bytes_whatever_types_hold_them() -> None:
    plain = c.canonical_record({"b": 1, "a": 0.5, "c": "x", "d": None, "e": True})
    typed = c.canonical_record(
        {"a": np.float64(0.5), "b": np.float64(1), "c": np.str_("x"), "d": np.nan, "e": np.True_}
    )
    assert plain == typed
    assert c.canonical_record({"a": "1"}) != c.canonical_record({"a": 1})
    assert c.canonical_record({"a": 0.1 + 0.2}) != c.canonical_record({"a": 0.3})


def test_a_leaf_hides_the_record_behind_its_salt() -> None:
    record = c.canonical_record({"a": 1})
    seals = {c.record_seal(bytes([i]) * 32, record) for i in range(5)}
    assert len(seals) == 5
    token = c.person_token(b"k" * 32, "c-17")
    assert token != c.person_token(b"l" * 32, "c-17")
    leaf = c.make_leaf(token, seals.pop())
    assert len(leaf) == c.LEAF_BYTES
    assert c.token_of(leaf) == token
    with pytest.raises(EvidenceError, match="salt"):
        c.record_seal(b"short", record)
    with pytest.raises(EvidenceError, match="seal"):
        c.make_leaf(token, b"short")


def leaves_of(count: int) -> list[bytes]:
    return sorted(c.sha256(b"%d" % i) * 3 for i in range(count))


def test_a_list_is_read_whole_in_rising_order() -> None:
    leaves = leaves_of(7)
    raw = c.leaf_list(reversed(leaves))
    assert list(c.read_leaf_list(raw)) == leaves
    with pytest.raises(EvidenceError, match="multiple"):
        c.read_leaf_list(raw[:-1])
    with pytest.raises(EvidenceError, match="leaf 1"):
        c.read_leaf_list(raw[96:192] + raw[:96])
    with pytest.raises(EvidenceError, match="rising"):
        c.leaf_list([leaves[0], leaves[0]])


def test_roots_are_those_of_pymerkle() -> None:
    pymerkle = pytest.importorskip("pymerkle")
    for size in range(40):
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        for leaf in leaves_of(size):
            tree.append_entry(leaf)
        if size:
            assert tree.get_root() == c.tree_root(leaves_of(size))
    assert c.tree_root([]) == c.sha256(b"")


def test_every_leaf_leads_to_the_root_and_no_other_does() -> None:
    for size in range(1, 20):
        leaves = leaves_of(size)
        root = c.tree_root(leaves)
        for index in range(size):
            path = c.inclusion_path(leaves, index)
            assert c.root_by_inclusion(leaves[index], index, size, path) == root
            assert c.root_by_inclusion(b"another" * 14, index, size, path) != root
            if path:
                with pytest.raises(EvidenceError, match="short"):
                    c.root_by_inclusion(leaves[index], index, size, path[:-1])
            with pytest.raises(EvidenceError, match="long"):
                c.root_by_inclusion(leaves[index], index, size, (*path, root))
    with pytest.raises(EvidenceError, match="no leaf"):
        c.inclusion_path(leaves_of(3), 3)


def test_a_tree_that_only_grew_is_told_from_one_that_changed() -> None:
    for old, new in itertools.combinations_with_replacement(range(1, 18), 2):
        leaves = leaves_of(new)
        first, last = c.tree_root(leaves[:old]), c.tree_root(leaves)
        path = c.consistency_path(leaves, old)
        assert c.is_consistent(old, first, new, last, path)
        assert not c.is_consistent(old, c.sha256(first), new, last, path)
        assert not c.is_consistent(old, first, new, c.sha256(last), path)
        assert not c.is_consistent(old, first, new, last, (*path, last))
        if path:
            assert not c.is_consistent(old, first, new, last, path[:-1])
    changed = leaves_of(9)
    changed[2] = b"x" * 96
    path = c.consistency_path(changed, 5)
    assert not c.is_consistent(5, c.tree_root(leaves_of(5)), 9, c.tree_root(changed), path)
