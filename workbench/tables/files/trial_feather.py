"""Take a Feather file apart; run in a child process, see ``common/trial.py``."""

LIBRARIES = ("pyarrow",)


def take_apart(content: bytes, told: int | None) -> None:
    """Decode every batch, one after another; stop where they take more than the caller tells."""
    import pyarrow as pa

    most, taken = told or 0, 0
    with pa.ipc.open_file(pa.BufferReader(content)) as file:
        for place in range(file.num_record_batches):
            batch = file.get_batch(place)
            batch.validate(full=True)
            taken += batch.nbytes
            if taken > most:
                return
