"""The attributes of German Credit and what their codes mean, after UCI's documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.datasets.uci_files import level

__all__ = ["COLUMNS", "FEMALE"]

FEMALE = ("female, divorced or married", "female, single")
"""The levels of ``personal-status`` that are female: A92 and A95."""

COLUMNS: Mapping[str, Callable[[str], object]] = {
    "checking": level({"A11": "<0", "A12": "0 to 200", "A13": ">=200", "A14": "none"}),
    "duration": int,
    "credit-history": level(
        {
            "A30": "none taken or all paid",
            "A31": "all paid at this bank",
            "A32": "paid so far",
            "A33": "past delay",
            "A34": "critical",
        }
    ),
    "purpose": level(
        {
            "A40": "new car",
            "A41": "used car",
            "A42": "furniture",
            "A43": "radio or television",
            "A44": "appliances",
            "A45": "repairs",
            "A46": "education",
            "A47": "vacation",
            "A48": "retraining",
            "A49": "business",
            "A410": "other",
        }
    ),
    "credit-amount": int,
    "savings": level(
        {
            "A61": "<100",
            "A62": "100 to 500",
            "A63": "500 to 1000",
            "A64": ">=1000",
            "A65": "unknown or none",
        }
    ),
    "employment": level(
        {
            "A71": "unemployed",
            "A72": "<1 year",
            "A73": "1 to 4 years",
            "A74": "4 to 7 years",
            "A75": ">=7 years",
        }
    ),
    "installment-rate": int,
    "personal-status": level(
        {
            "A91": "male, divorced or separated",
            "A92": FEMALE[0],
            "A93": "male, single",
            "A94": "male, married or widowed",
            "A95": FEMALE[1],
        }
    ),
    "other-debtors": level({"A101": "none", "A102": "co-applicant", "A103": "guarantor"}),
    "residence-since": int,
    "property": level(
        {
            "A121": "real estate",
            "A122": "building savings or life insurance",
            "A123": "car or other",
            "A124": "unknown or none",
        }
    ),
    "age": int,
    "other-installments": level({"A141": "bank", "A142": "stores", "A143": "none"}),
    "housing": level({"A151": "rent", "A152": "own", "A153": "free"}),
    "existing-credits": int,
    "job": level(
        {
            "A171": "unskilled, non-resident",
            "A172": "unskilled, resident",
            "A173": "skilled",
            "A174": "management or self-employed",
        }
    ),
    "dependents": int,
    "telephone": level({"A191": "none", "A192": "yes"}),
    "foreign-worker": level({"A201": "yes", "A202": "no"}),
    "risk": lambda text: {"1": 0, "2": 1}[level(("1", "2"))(text)],
}
"""Columns in the file's order, each with what turns a field's text into its value."""
