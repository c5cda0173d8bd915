"""From a table and a model on the page to a case, in the way of the command line."""

from __future__ import annotations

import pandas as pd

from widgets.loading.sources import Table, parsed, table_of
from workbench.case.as_trained import as_trained
from workbench.case.model_sources import ModelSource
from workbench.case.open_case import Opened, open_case
from workbench.common.progress import Progress
from workbench.graph.causal_graph import CausalGraph
from workbench.tables.files.column_types import Stated

__all__ = ["open_table"]


def open_table(
    table: Table,
    source: ModelSource,
    *,
    reads: tuple[str, ...],
    outcome: str | None,
    graph: CausalGraph | None,
    progress: Progress,
) -> Opened:
    """Make a case of what was chosen; a file is read as the model of a file was trained on it.

    Parameters
    ----------
    reads, outcome, graph, progress
        See :func:`workbench.case.open_case.open_case`.

    Raises
    ------
    AuditError
        The parts do not fit each other, or the model does not answer.
    """
    file = table.file
    if file is not None:

        def read(said: Stated) -> pd.DataFrame:
            return table.data if said == table.said else parsed(file, said)

        found = as_trained(source, read, reads, table.said)
        source = found.source
        if found.data is not table.data:
            table = table_of(found.data, file, found.said)
    return open_case(table, source, reads=reads, outcome=outcome, graph=graph, progress=progress)
