"""Real tables of the UCI Machine Learning Repository, read whole and with their causal graphs.

The project ships none of them: they are read from a folder of original files, else fetched from
UCI into the user's cache. All three are under CC BY 4.0.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from importlib import resources
from itertools import product

import numpy as np
import pandas as pd

from workbench.common.errors import DataError, listed, suggestion
from workbench.datasets import german_codes
from workbench.datasets.dataset import Dataset
from workbench.datasets.uci_files import UciFile, level, read_lines, table
from workbench.graph.causal_graph import CausalGraph

__all__ = ["DRUGS", "DRUG_TIERS", "adult", "drug_consumption", "german_credit"]

Folder = str | os.PathLike[str] | None

_ADULT = (
    UciFile(
        "adult.data",
        "adult/adult.data",
        32_561,
        "df25a4e32ed6f1bd4b3910d21a7bd661a09061eced7cb45555a519d9667cc87b",
    ),
    UciFile(
        "adult.test",
        "adult/adult.test",
        16_281,
        "5c8e678e04c82a07182bbcb6667c9a06faaba123a55b409af7c5d21fb45784b3",
    ),
)
_GERMAN = UciFile(
    "german.data",
    "statlog/german/german.data",
    1_000,
    "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871",
)
_DRUG = UciFile(
    "drug_consumption.data",
    "00373/drug_consumption.data",
    1_885,
    "37333e8db8a5529906b3729e5131d41313b5fa3f50dc3afeb4add892108be213",
)

DRUGS = (
    "alcohol",
    "amphet",
    "amyl",
    "benzos",
    "caff",
    "cannabis",
    "choc",
    "coke",
    "crack",
    "ecstasy",
    "heroin",
    "ketamine",
    "legalh",
    "lsd",
    "meth",
    "mushrooms",
    "nicotine",
    "semer",
    "vsa",
)
"""The substances of Drug Consumption in the file's order; semer is fictitious."""

DRUG_TIERS = (
    ("age", "gender", "country", "ethnicity"),
    ("education",),
    (
        "nscore",
        "escore",
        "oscore",
        "ascore",
        "cscore",
        "impulsiveness",
        "sensation_seeking",
    ),
)
"""The features of Drug Consumption, earliest first."""


def _optional(text: str) -> object:
    return np.nan if text == "?" else text


_ADULT_COLUMNS: Mapping[str, Callable[[str], object]] = {
    "age": int,
    "workclass": _optional,
    "fnlwgt": int,
    "education": _optional,
    "education-num": int,
    "marital-status": _optional,
    "occupation": _optional,
    "relationship": _optional,
    "race": _optional,
    "sex": _optional,
    "capital-gain": int,
    "capital-loss": int,
    "hours-per-week": int,
    "native-country": _optional,
    # adult.test writes a trailing point
    "income": lambda text: {"<=50K": 0, ">50K": 1}[level(("<=50K", ">50K"))(text.rstrip("."))],
}


def adult(folder: Folder = None) -> Dataset:
    """Return Adult: who of the 1994 US census earns more than 50,000 dollars a year.

    48,842 rows: ``adult.data`` and then ``adult.test``. ``income`` is 1 above 50,000 dollars, else
    0; missing entries (``?``) are NaN. The graph has the 30 edges of Chiappa 2019
    (``estimands.md``, "Causal graphs for the real datasets"); features it lacks are isolated nodes.
    ``fnlwgt`` (census weight) and ``education`` (``education-num`` in words) are columns, not
    ``features``.

    Parameters
    ----------
    folder : path, optional
        A folder with the original files. None takes the one that ``CAFE_WORKBENCH_DATA`` names,
        else downloads them from UCI into the user's cache.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When a file is missing, malformed (the message names file and line) or offline.

    References
    ----------
    Becker and Kohavi 1996, UCI dataset 2, CC BY 4.0.
    """
    parts = [table(f, read_lines(f, folder), _ADULT_COLUMNS, ",") for f in _ADULT]
    causes = ("sex", "age", "native-country")
    work = ("occupation", "hours-per-week", "workclass")
    edges = [
        *product(causes, ("marital-status", "education-num", *work, "income")),
        *product(("marital-status",), ("education-num", *work, "income")),
        *product(("education-num",), (*work, "income")),
        *product(work, ("income",)),
    ]
    features = tuple(c for c in _ADULT_COLUMNS if c not in ("fnlwgt", "education", "income"))
    return Dataset(
        name="adult",
        data=pd.concat(parts, ignore_index=True),
        graph=CausalGraph(edges, nodes=[*features, "income"]),
        outcome="income",
        features=features,
        protected=("sex", "race", "age", "native-country"),
        description="1994 US census: who earns more than 50,000 dollars a year (UCI dataset 2).",
        tiers=(
            ("sex", "age", "race", "native-country"),
            ("marital-status", "relationship"),
            ("education-num",),
            (*work, "capital-gain", "capital-loss"),
            ("income",),
        ),
    )


def german_credit(folder: Folder = None) -> Dataset:
    """Return German Credit: which of a bank's customers are bad risks.

    1,000 rows. ``risk`` is 1 for a bad risk (UCI's class 2) and 0 for a good one (class 1). The
    codes A11 … A202 are written out as UCI documents them; money is in Deutsche Mark, ``duration``
    in months. ``sex`` is derived from ``personal-status`` (A92 and A95 are female) and stands in
    its place among the ``features``. The graph has the 21 edges published with Chikahara et al.
    2021 (``estimands.md``, "Causal graphs for the real datasets"); features it lacks are isolated
    nodes.

    Parameters
    ----------
    folder : path, optional
        As for `adult`.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When the file is missing, malformed (the message names file and line) or offline.

    References
    ----------
    Hofmann 1994, UCI dataset 144, CC BY 4.0.
    """
    data = table(_GERMAN, read_lines(_GERMAN, folder), german_codes.COLUMNS, None)
    female = data["personal-status"].isin(german_codes.FEMALE)
    sex = pd.Series(np.where(female, "female", "male"), name="sex")
    place = list(data.columns).index("personal-status") + 1
    data = pd.concat([data.iloc[:, :place], sex, data.iloc[:, place:]], axis=1)
    accounts = ("checking", "savings", "housing")
    credit = ("credit-amount", "duration")
    edges = [
        *product(("sex",), (*accounts, "risk")),
        *product(("age",), (*accounts, *credit, "risk")),
        *product(accounts, (*credit, "risk")),
        *product(credit, ("risk",)),
    ]
    features = tuple(c for c in data.columns if c not in ("personal-status", "risk"))
    return Dataset(
        name="german_credit",
        data=data,
        graph=CausalGraph(edges, nodes=[*features, "risk"]),
        outcome="risk",
        features=features,
        protected=("sex", "age", "foreign-worker"),
        description="Customers of a German bank: who is a bad credit risk (UCI dataset 144).",
    )


def drug_consumption(folder: Folder = None, drug: str = "cannabis") -> Dataset:
    """Return Drug Consumption: who used a drug within the last year.

    1,885 rows. The outcome, ``<drug>_use``, is 1 for use within the last year (UCI's classes CL3
    to CL6: last year, month, week, day) and 0 for never or longer ago (CL0 to CL2). The 12
    features are the numbers of the original file, which had quantified them. The graph was
    learned by LiNGAM and is kept in ``drug_consumption_graph.json`` beside how it was made; see
    `workbench.datasets.drug_graph`.

    Parameters
    ----------
    folder : path, optional
        As for `adult`.
    drug : str, default "cannabis"
        One of `DRUGS`. ``"semer"`` is fictitious: who claims it claims too much.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When the drug is unknown, or the file is missing, malformed or offline.

    References
    ----------
    Fehrman, Egan and Mirkes 2015, UCI dataset 373, CC BY 4.0.
    """
    if drug not in DRUGS:
        raise DataError(
            f"There is no drug {drug!r}.{suggestion(drug, DRUGS)} Known: {listed(DRUGS, 20)}."
        )
    data, outcome = drug_table(folder, drug), f"{drug}_use"
    kept = json.loads(
        resources.files("workbench.datasets").joinpath("drug_consumption_graph.json").read_text()
    )
    features = tuple(c for c in data.columns if c != outcome)
    edges = [(cause, effect) for cause, effect in kept["edges"]]
    edges += [(cause, outcome) for cause in kept["causes_of_use"][drug]]
    return Dataset(
        name="drug_consumption",
        data=data,
        graph=CausalGraph(edges, nodes=[*features, outcome]),
        outcome=outcome,
        features=features,
        protected=("age", "gender", "country", "ethnicity"),
        description=f"Personality and the use of {drug} within the last year (UCI dataset 373).",
        tiers=(*DRUG_TIERS, (outcome,)),
    )


def drug_table(folder: Folder, drug: str) -> pd.DataFrame:
    """Return the 12 features and ``<drug>_use``: a frame of shape (1885, 13)."""
    numbers = ("age", "gender", "education", "country", "ethnicity", *DRUG_TIERS[-1])
    used = {f"CL{c}": str(int(c >= 3)) for c in range(7)}
    columns: dict[str, Callable[[str], object]] = {"id": int}
    columns |= dict.fromkeys(numbers, float)
    columns |= dict.fromkeys(DRUGS, lambda text: int(level(used)(text)))
    data = table(_DRUG, read_lines(_DRUG, folder), columns, ",")
    return data[[*numbers, drug]].rename(columns={drug: f"{drug}_use"})
