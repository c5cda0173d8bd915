"""Where a report came from, as it is saved."""

from __future__ import annotations

from workbench.common.saved_values import Count, Fingerprint, Number, Saved

__all__ = ["SavedProvenance"]


class SavedProvenance(Saved, frozen=True):
    """Where the report came from."""

    data_fingerprint: Fingerprint
    model_fingerprint: Fingerprint
    n_rows: Count
    model: str
    seed: Count
    interventions: dict[str, str]
    versions: dict[str, str]
    created: str
    queries: dict[str, Count]
    seconds: dict[str, Number]
    table_rows: Count | None = None
