"""The frame of outputs: the schema id that they carry at present."""

from heartzone.wire import frame_prefix


class OutputFrame:
    """What precedes each output's payload; ``prefix`` is None while the registry has no schema for outputs.

    Its bytes are characters of the same number (Latin-1), since outputs are formatted as text. Threads may share it.
    """

    def __init__(self, schema_id: int) -> None:
        self.prefix: str | None
        self.carry(schema_id)

    def carry(self, schema_id: int | None) -> None:
        """Let outputs carry this id from now on; without one, none can be written."""
        self.prefix = None if schema_id is None else frame_prefix(schema_id).decode("latin-1")

    def is_known(self) -> bool:
        """Return True while outputs can be written."""
        return self.prefix is not None
