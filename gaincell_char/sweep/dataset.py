"""A dataset: the tidy table that a sweep leaves, with what is needed to know where it came from."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from gaincell_char import keys
from gaincell_char.errors import InputError

_METADATA = b"gaincell"


@dataclass(frozen=True)
class Dataset:
    """`frame`: one row a point; columns carry units (`v_store_V`), with `point_id`, `corner`, `temperature_C`, `vdd_V`,
    `status` (`ok` or a failure kind) and `reason`. `metadata`: sweep name, circuit, testbench, parameters (SI floats),
    engine, netlist and spec hashes; JSON values only, nothing that differs between two equal runs (no times, no paths).
    """

    frame: pd.DataFrame
    metadata: dict[str, Any]

    @property
    def good(self) -> pd.DataFrame:
        """The rows whose status is `ok`."""
        return self.frame[self.frame["status"] == "ok"]

    @property
    def measured_columns(self) -> tuple[str, ...]:
        """The columns that were measured; the others say where."""
        return tuple(self.metadata.get("columns", ()))

    def to_bytes(self) -> bytes:
        """Parquet, byte-identical for equal datasets written by the same pyarrow."""
        buffer = io.BytesIO()
        self.write(buffer)
        return buffer.getvalue()

    def write(self, stream: BinaryIO) -> None:
        """`to_bytes` to a stream."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        table = table.replace_schema_metadata({_METADATA: keys.canonical_json(self.metadata).encode()})
        pq.write_table(table, stream, compression="zstd")

    def save(self, path: Path) -> str:
        """Publish as Parquet; returns the sha256 of the file."""
        content = self.to_bytes()
        keys.publish(path, content)
        return keys.digest(content)

    @classmethod
    def from_bytes(cls, content: bytes, where: str = "dataset") -> Dataset:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(content))
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{where}: not a dataset of this tool (not readable as Parquet)") from error
        stored = (table.schema.metadata or {}).get(_METADATA)
        if stored is None:
            raise InputError(f"{where}: a Parquet file, but not a dataset of this tool (no metadata)")
        return cls(table.to_pandas(), json.loads(stored))

    @classmethod
    def load(cls, path: Path) -> Dataset:
        """Read a published dataset.

        Raises
        ------
        InputError
            Absent, truncated, or not written by this tool.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: cannot read the dataset ({error.strerror})") from error
        return cls.from_bytes(content, str(path))
