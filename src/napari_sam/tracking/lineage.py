"""Edges between segments; they are values of `core`, which sessions hold too."""

from napari_sam.core.propagation.lineage import (
    Edge,
    check_lineage,
    divisions,
    merges,
)

__all__ = ["Edge", "check_lineage", "divisions", "merges"]
