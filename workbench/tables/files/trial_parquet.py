"""Take a Parquet file apart; run in a child process, see ``common/trial.py``."""

LIBRARIES = (
    "pyarrow",
    "pyarrow.parquet",
)


def take_apart(content: bytes, told: list[int]) -> None:
    """Decode every row group, one after another, and keep none.

    A table that holds more cells than the caller tells is left to it: it will be refused. One that
    takes more bytes than it tells ends as if there were no more memory.
    """
    import pyarrow as pa
    from pyarrow import parquet

    most, left = told
    content = pa.BufferReader(content)
    with parquet.ParquetFile(content, pre_buffer=False) as file:
        metadata, names = file.metadata, file.schema_arrow.names
        groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
        for group in groups:
            for place in range(group.num_columns):
                group.column(place).to_dict()
        if max(metadata.num_rows, sum(g.num_rows for g in groups)) * len(names) > most:
            return
        texts = [
            field.name
            for field in file.schema_arrow
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
    with parquet.ParquetFile(content, read_dictionary=texts, pre_buffer=False) as file:
        for place in range(file.metadata.num_row_groups):
            left -= file.read_row_group(place, use_threads=False).nbytes
            if left < 0:
                raise MemoryError
