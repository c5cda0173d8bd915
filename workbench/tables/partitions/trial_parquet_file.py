"""Take a Parquet file of any size apart, by its name; run in a child, see ``common/trial.py``."""

LIBRARIES = (
    "pyarrow",
    "pyarrow.parquet",
)


def take_apart(content: bytes, told: int | None) -> None:
    """Decode the row groups of the file that `content` names, one after another; keep none."""
    from os import fsdecode

    from pyarrow import parquet

    with parquet.ParquetFile(fsdecode(content), pre_buffer=False) as file:
        for place in range(file.metadata.num_row_groups):
            file.read_row_group(place, use_threads=False)
