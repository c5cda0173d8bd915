"""Which kinds of table files are read, and what to do with the others."""

from __future__ import annotations

from pathlib import Path

from workbench.common.errors import DataError, listed

__all__ = ["ENDINGS", "check_kind"]

ENDINGS = (
    ".csv",
    ".tsv",
    ".txt",
    ".csv.gz",
    ".tsv.gz",
    ".parquet",
    ".xlsx",
    ".feather",
    ".arrow",
    ".arff",
    ".dta",
)
ELSEWHERE = {
    ".xlsm": "Save it as .xlsx, without macros.",
    ".xlsb": "In the spreadsheet program, save it as .xlsx.",
    ".xls": "In the spreadsheet program, save it as .xlsx, or the sheet as 'CSV UTF-8'.",
    ".ods": "In the spreadsheet program, save the sheet as CSV with UTF-8.",
    ".sav": "In SPSS, save it as CSV; in Python: "
    "pyreadstat.read_sav(path)[0].to_parquet('table.parquet').",
    ".zsav": "In SPSS, save it as CSV; in Python: "
    "pyreadstat.read_sav(path)[0].to_parquet('table.parquet').",
    ".sas7bdat": "In Python: pd.read_sas(path).to_parquet('table.parquet').",
    ".rds": "In R: arrow::write_parquet(readRDS(path), 'table.parquet').",
    ".rdata": "In R: arrow::write_parquet(the_table, 'table.parquet').",
    ".json": "In Python: pd.read_json(path).to_parquet('table.parquet').",
    ".jsonl": "In Python: pd.read_json(path, lines=True).to_parquet('table.parquet').",
    ".zip": "Unpack it first.",
    ".pkl": "A pickle runs its author's code when it is opened. Ask for CSV or Parquet.",
    ".pickle": "A pickle runs its author's code when it is opened. Ask for CSV or Parquet.",
}
"""What to do with a table of another kind."""


def check_kind(name: str) -> str:
    """Return the ending that says what kind of table a file is.

    Raises
    ------
    DataError
        It is none that is read; what to do is said where it is known.

    Examples
    --------
    >>> check_kind("people.2024.CSV.gz")
    '.csv.gz'
    """
    ends = "".join(Path(name.lower()).suffixes[-2:])
    suffix = ends if ends.endswith(".gz") else Path(name).suffix.lower()
    if suffix not in ENDINGS:
        raise DataError(
            f"{name[:100]!r} is not a kind of table that can be read: its name must end in "
            f"{listed(ENDINGS)}. {ELSEWHERE.get(suffix, '')}".rstrip()
        )
    return suffix
