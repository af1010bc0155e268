"""Reader of graphs in GEFF, the Graph Exchange File Format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import MissingFileError, TrackError
from napari_sam.io.readers.ome_zarr import is_zarr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from zarr import Group

    from napari_sam.core.json_values import JsonObject, UncheckedJson


class GeffGraph(NamedTuple):
    """A graph as it is stored.

    Attributes
    ----------
    path
        Its group.
    axes
        Letters of ``t z y x`` of the axes that are known, in order.
    columns
        Properties of nodes by name; `axes` by their letter.
    edges
        ``(n, 2)``: rows of nodes that edges go from and to.
    labels
        The label images, and the property that names their labels; None without.
    tracklet
        The property that numbers segments, or None.
    extra
        What a program wrote besides.
    """

    path: Path
    axes: str
    columns: Mapping[str, NDArray[np.generic]]
    edges: NDArray[np.int64]
    labels: tuple[Path, str] | None
    tracklet: str | None
    extra: JsonObject


def geff_group(path: Path) -> Path | None:
    """Return the graph that a zarr is, or the first one in it, or None."""
    import zarr

    if not is_zarr(path):
        return None
    group = zarr.open(path, mode="r")
    if not isinstance(group, zarr.Group):
        return None
    if "geff" in group.attrs:
        return path
    inside = sorted(n for n, g in group.groups() if "geff" in g.attrs)
    return path / inside[0] if inside else None


def read_geff(path: Path) -> GeffGraph:
    """Read a graph of tracks in GEFF.

    Raises
    ------
    MissingFileError
        If there is none.
    TrackError
        If arrays are missing, or an edge names a node that is not there.
    """
    import zarr

    where = geff_group(path)
    if where is None:
        raise MissingFileError(f"{path} is no graph in GEFF, and holds none.")
    group = zarr.open_group(where, mode="r")
    found: UncheckedJson = group.attrs["geff"]
    try:
        ids = np.asarray(group["nodes/ids"])
        edges = np.asarray(group["edges/ids"])
        columns = _columns(group, found)
    except (KeyError, TypeError, AttributeError) as wrong:
        raise TrackError(f"{where} is no whole graph in GEFF: {wrong}.") from wrong
    axes, named = _axes(found, columns)
    related = found.get("related_objects") or []
    labels = [o for o in related if o.get("type") == "labels" and o.get("label_prop")]
    return GeffGraph(
        where,
        axes,
        named,
        _rows(ids, edges, where),
        ((where / labels[0]["path"]).resolve(), labels[0]["label_prop"])
        if labels
        else None,
        (found.get("track_node_props") or {}).get("tracklet"),
        found.get("extra") or {},
    )


def _columns(group: Group, found: UncheckedJson) -> dict[str, NDArray[np.generic]]:
    plain = [n for n, p in found["node_props_metadata"].items() if not p["varlength"]]
    return {n: np.asarray(group[f"nodes/props/{n}/values"]) for n in plain}


def _axes(
    found: UncheckedJson, columns: Mapping[str, NDArray[np.generic]]
) -> tuple[str, dict[str, NDArray[np.generic]]]:
    """Axes by the letters that we know: the first is time, the last are y and x."""
    axes = [a["name"] for a in found.get("axes") or []]
    times = [a["name"] for a in found.get("axes") or [] if a.get("type") == "time"]
    space = [name for name in axes if name not in times]
    letters = dict(zip(times[:1], "t", strict=False))
    letters |= dict(zip(reversed(space), "xyz", strict=False))
    named = {letters.get(name, name): values for name, values in columns.items()}
    return "".join(letters[a] for a in axes if a in letters), named


def _rows(
    ids: NDArray[np.generic], edges: NDArray[np.generic], where: Path
) -> NDArray[np.int64]:
    order = np.argsort(ids)
    flat = edges.reshape(-1)
    at = np.searchsorted(ids[order], flat) if len(ids) else np.zeros(len(flat), int)
    inside = at < len(ids)
    if not inside.all() or (ids[order][at] != flat).any():
        raise TrackError(f"{where}: an edge names a node that is not there.")
    return order[at].reshape(-1, 2)
