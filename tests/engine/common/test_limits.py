"""Every bound on what strangers bring stands in one table, with its unit and its reason."""

from __future__ import annotations

import pickle

from workbench.common import limits
from workbench.common.limits import GRAPH_NODES, Limit, limits_table


def test_the_table_says_all_of_every_limit() -> None:
    table = limits_table()
    assert list(table.columns) == ["name", "value", "unit", "why"]
    assert set(table["name"]) == {k for k, v in vars(limits).items() if isinstance(v, Limit)}
    assert len(table) > 30 and table["name"].is_unique
    assert (table["value"] > 0).all() and (table["why"].str.len() > 10).all()
    assert set(table["unit"]) <= {
        *("bytes", "cells", "characters", "columns", "edges", "entries", "files", "levels"),
        *("models", "nodes", "pages", "rows", "seconds", "steps", "values", "words"),
    }


def test_a_limit_is_a_number_that_travels_with_its_reason() -> None:
    assert isinstance(GRAPH_NODES, int) and f"{GRAPH_NODES:,}" == "5,000" == f"{5000:,}"
    back = pickle.loads(pickle.dumps(GRAPH_NODES))
    assert (back, back.unit, back.why) == (GRAPH_NODES, "nodes", GRAPH_NODES.why)
    assert type(GRAPH_NODES + 1) is int
