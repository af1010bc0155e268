"""Tables of measurements as files: CSV, TSV and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import check_writable, replacing
from napari_sam.core.errors import ImageError
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    import pandas as pd

#: What tables are called in dialogs, and their suffixes.
TABLE_FORMATS = {
    "CSV (*.csv)": ".csv",
    "Parquet (*.parquet)": ".parquet",
    "TSV (*.tsv)": ".tsv",
}


def check_table_path(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a path that a table cannot be written to, before any work.

    Raises
    ------
    ImageError
        If its suffix is none of tables, or it is there and is not to be replaced.
    MissingPackageError
        If it is Parquet, and pyarrow is not installed.
    NotWrittenError
        If its folder is missing, or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLE_FORMATS.values():
        raise ImageError(f"{path}: tables are written as .csv, .tsv or .parquet.")
    if path.suffix.lower() == ".parquet":
        import_optional("pyarrow", "Parquet")
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    check_writable(path)


def write_table(
    path: str | Path, table: pd.DataFrame, *, overwrite: bool = False
) -> None:
    """Write a table in the format of the suffix; the file is complete or not there.

    Raises
    ------
    ImageError, MissingPackageError, NotWrittenError
        As of `check_table_path`.
    """
    path = Path(path)
    check_table_path(path, overwrite=overwrite)
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".parquet":
            table.to_parquet(temporary, index=False)
        else:
            separator = "," if suffix == ".csv" else "\t"
            table.to_csv(temporary, sep=separator, index=False, lineterminator="\n")
