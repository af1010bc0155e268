"""Features of a labels layer: what is known of objects, and their measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Rows up to which there is one for every label, whether an object has it or not.
_MOST = 20_000


def features_by_label(
    known: Mapping[str, Sequence[object]], measured: pd.DataFrame
) -> pd.DataFrame:
    """Return features whose row *i* is of label *i*, as napari's own table takes them.

    Parameters
    ----------
    known
        Columns, ``index`` with the labels among them.
    measured
        Numbers of objects, by their labels.
    """
    table = pd.DataFrame(dict(known)).set_index("index")
    numbers = measured.select_dtypes(["number", "bool"]).astype(float)
    table = table.drop(columns=numbers.columns, errors="ignore").join(numbers)
    last = int(max(table.index, default=0))
    if last < _MOST:
        table = table.reindex(range(last + 1))
    words = [name for name in known if name in table and name not in numbers]
    table[words] = table[words].fillna("")
    return table.rename_axis("index").reset_index()
