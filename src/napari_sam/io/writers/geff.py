"""Writer of graphs in GEFF, the Graph Exchange File Format, version 1.1.

The format is a few arrays of zarr and a dictionary of attributes; the specification is
that of the live image tracking tools, whose own library reads in the tests what is
written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonDict, JsonValue

_VERSION = "1.1"
_KINDS = {"t": "time", "z": "space", "y": "space", "x": "space"}


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with properties, and directed edges between them.

    Attributes
    ----------
    axes
        Letters of the properties that are coordinates, in order.
    nodes
        Columns of the same length by name; a node is known by its row.
    edges
        ``(n, 2)``: rows that edges go from and to.
    """

    axes: str
    nodes: Mapping[str, NDArray[np.generic]]
    edges: NDArray[np.int64]


def write_geff(
    path: Path,
    graph: Graph,
    *,
    scale: Mapping[str, float],
    units: Mapping[str, str],
    tracklet: str,
    labels: str,
    extra: JsonDict,
) -> None:
    """Write a graph as a group of zarr.

    Parameters
    ----------
    path
        The group, which is new.
    graph
        What is written.
    scale, units
        Size of a pixel along each axis, where it is known, and its unit.
    tracklet
        The column of ids of segments, which are the labels too.
    labels
        Path of the label images, from the group.
    extra
        What else is to be known.
    """
    import zarr

    group = zarr.open_group(path, mode="w", zarr_format=3)
    count = len(next(iter(graph.nodes.values())))
    nodes, edges = group.create_group("nodes"), group.create_group("edges")
    nodes.create_array("ids", data=np.arange(count, dtype=np.uint64))
    edges.create_array("ids", data=graph.edges.reshape(-1, 2).astype(np.uint64))
    props = nodes.create_group("props")
    for name, values in graph.nodes.items():
        props.create_group(name).create_array("values", data=values)
    edges.create_group("props")
    metadata: JsonDict = {
        "geff_version": _VERSION,
        "directed": True,
        "axes": [_axis(a, graph.nodes[a], scale, units) for a in graph.axes],
        "node_props_metadata": {
            name: {"identifier": name, "dtype": values.dtype.name, "varlength": False}
            for name, values in graph.nodes.items()
        },
        "edge_props_metadata": {},
        "track_node_props": {"tracklet": tracklet},
        "related_objects": [{"type": "labels", "path": labels, "label_prop": tracklet}],
        "extra": extra,
    }
    group.attrs["geff"] = metadata


def _axis(
    name: str,
    values: NDArray[np.generic],
    scale: Mapping[str, float],
    units: Mapping[str, str],
) -> JsonValue:
    found: JsonDict = {"name": name, "type": _KINDS[name]}
    if values.size:
        found |= {"min": float(values.min()), "max": float(values.max())}
    if name in scale:
        found["scale"] = scale[name]
        found |= {"scaled_unit": units[name]} if name in units else {}
    return found
