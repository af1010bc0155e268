"""Which image of a zarr group is read: of several series, or of a plate."""

from __future__ import annotations

import logging
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from zarr import Array, Group

    from napari_sam.io.readers.image import ReadOptions

    Node: TypeAlias = Group | Array[Any]

logger = logging.getLogger(__name__)


def ome_attributes(group: Group) -> dict[str, Any]:
    """Return the OME attributes of a group: in version 0.5 they are under ``ome``."""
    attributes = dict(group.attrs)
    ome = attributes.get("ome")
    return ome if isinstance(ome, dict) else attributes


def choose_node(group: Group, name: str, options: ReadOptions) -> Node:
    """Return the group or array that is read.

    Raises
    ------
    ImageError
        If there is none of that name or number.
    """
    if options.layer is not None:
        return _node(group, options.layer, name)
    attributes = ome_attributes(group)
    fields = fields_of(group) if "plate" in attributes else []
    if options.field is not None or fields:
        return _field(group, name, fields, options.field)
    if "bioformats2raw.layout" in attributes:
        return _series(group, name, options.series)
    if options.series:
        raise ImageError(
            f"{name} holds one image; there is no series {options.series}."
        )
    return group


def fields_of(group: Group) -> list[str]:
    """Return the paths of the fields of a plate, well by well."""
    import zarr

    plate = ome_attributes(group).get("plate")
    wells = plate.get("wells", ()) if isinstance(plate, dict) else ()
    found = []
    for well in wells:
        path = str(well.get("path", "")) if isinstance(well, dict) else ""
        node = group.get(path) if path else None
        inside = (
            ome_attributes(node).get("well") if isinstance(node, zarr.Group) else {}
        )
        images = inside.get("images", ()) if isinstance(inside, dict) else ()
        found += [f"{path}/{i['path']}" for i in images if "path" in i]
    return found


def series_of(group: Group) -> list[str]:
    """Return the names of the images of a group that bioformats2raw wrote."""
    names = [str(k) for k in group.group_keys() if str(k).isdigit()]
    return sorted(names, key=int)


def _node(group: Group, path: str, name: str) -> Node:
    found = group.get(path.strip("/"))
    if found is None:
        keys = ", ".join(str(k) for k in group.keys()) or "nothing"  # noqa: SIM118
        raise ImageError(f"{name} holds no {path!r}. It holds {keys}.")
    return found


def _field(group: Group, name: str, fields: list[str], field: str | None) -> Node:
    if field is not None:
        return _node(group, field, name)
    logger.warning(
        "%s is a plate of %d fields; %s is read. Another one: --field WELL/FIELD, such "
        "as %s.",
        name,
        len(fields),
        fields[0],
        fields[-1],
    )
    return _node(group, fields[0], name)


def _series(group: Group, name: str, series: int | None) -> Node:
    names = series_of(group)
    if not names:
        return group
    if series is not None:
        if str(series) not in names:
            raise ImageError(
                f"{name} holds {len(names)} images; there is no series {series}."
            )
        return _node(group, str(series), name)
    found = max(names, key=lambda n: (_size(group, n), -int(n)))
    if len(names) > 1:
        logger.warning(
            "%s holds %d images; series %s is read. Another one: --series N, in Python "
            "series=N.",
            name,
            len(names),
            found,
        )
    return _node(group, found, name)


def _size(group: Group, name: str) -> int:
    """Return the number of pixels of the finest level of an image."""
    node: Any = group[name]
    try:
        path = ome_attributes(node)["multiscales"][0]["datasets"][0]["path"]
        return prod(node[path].shape)
    except (KeyError, IndexError, TypeError, AttributeError):
        return 0
