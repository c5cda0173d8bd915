"""How the graph kept in ``drug_consumption_graph.json`` was learned, so that it can be again.

``python -m workbench.datasets.drug_graph`` prints the file's text.
"""

from __future__ import annotations

import json
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from workbench.datasets.uci import DRUG_TIERS, DRUGS, Folder, drug_table
from workbench.graph.causal_graph import CausalGraph

__all__ = ["THRESHOLD", "learn_drug_graph"]

THRESHOLD = 0.1
"""Weaker edges are dropped: standard deviations of the effect per standard deviation of a cause."""


def learn_drug_graph(folder: Folder = None, *, seed: int = 0) -> dict[str, Any]:
    """Learn the graph of Drug Consumption by LiNGAM, with what is known of the order in time.

    DirectLiNGAM over the 12 features, where demographics come before education and education
    before personality. Among the demographics nothing causes anything. An edge stays when its
    standardised coefficient, given the effect's other causes, is at least `THRESHOLD` in size. Drug
    use comes last; its causes are the features with such a coefficient given all the others.
    (``estimands.md``, "Causal graphs for the real datasets".)

    Parameters
    ----------
    folder : path, optional
        As for `adult`.
    seed : int, default 0

    Returns
    -------
    dict
        The content of ``drug_consumption_graph.json``: how it was made, ``edges`` among features
        and, per drug, ``causes_of_use``.

    Raises
    ------
    DataError
        When the data cannot be read.
    """
    tables = {drug: drug_table(folder, drug) for drug in DRUGS}
    features = tables["cannabis"].drop(columns="cannabis_use")
    found = CausalGraph.discover(features, method="lingam", tiers=DRUG_TIERS, seed=seed)
    edges = [
        [cause, effect]
        for effect in found.nodes
        if effect not in DRUG_TIERS[0]
        for cause in _strong_causes(features, found.parents(effect), features[effect])
    ]
    return {
        "method": "DirectLiNGAM over the 12 features (causal-learn); see learn_drug_graph",
        "data": "UCI dataset 373, drug_consumption.data",
        "rows": len(features),
        "seed": seed,
        "packages": {"causal-learn": metadata.version("causal-learn")},
        "threshold": THRESHOLD,
        "tiers": [list(tier) for tier in DRUG_TIERS],
        "edges": edges,
        "causes_of_use": {
            drug: _strong_causes(features, found.nodes, table[f"{drug}_use"])
            for drug, table in tables.items()
        },
    }


def _strong_causes(features: pd.DataFrame, causes: tuple[str, ...], effect: pd.Series) -> list[str]:
    if not causes:
        return []
    x = features[list(causes)]
    design = ((x - x.mean()) / x.std()).to_numpy()
    response = ((effect - effect.mean()) / effect.std()).to_numpy()
    slopes = np.linalg.lstsq(design, response, rcond=None)[0]
    return [cause for cause, slope in zip(causes, slopes, strict=True) if abs(slope) >= THRESHOLD]


if __name__ == "__main__":
    print(json.dumps(learn_drug_graph(), indent=1))
