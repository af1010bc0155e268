"""The codec of prompts: as plain JSON types and back, in the one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Scribble,
)

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonObject

#: Raised when a reader of the old schema could misunderstand the new one. In version 1,
#: ``items`` were ``said``, a candidate was a ``choice``, and there was no threshold.
VERSION = 2


def check_version(data: JsonObject) -> None:
    """Refuse prompts written by a later version."""
    version = data.get("version", 1)
    if version not in range(1, VERSION + 1):
        raise PromptError(
            f"These prompts have version {version!r} of the schema; this napari-sam "
            f"reads versions 1 to {VERSION}."
        )


def items_of(data: JsonObject) -> list[JsonObject]:
    """Return the list of prompts of an entry, of either version."""
    items = data.get("items", data.get("said")) if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise PromptError('expected a list of prompts under "items".')
    return items


def to_dict(prompt: Prompt, *, version: int = VERSION) -> dict[str, object]:
    """One prompt as plain JSON types."""
    match prompt:
        case Point(row, col, positive):
            return {"kind": "point", "row": row, "col": col, "positive": positive}
        case Box(top, left, bottom, right):
            edges = {"top": top, "left": left, "bottom": bottom, "right": right}
            return {"kind": "box", **edges}
        case Polygon(vertices, positive):
            corners = [list(v) for v in vertices]
            return {"kind": "polygon", "vertices": corners, "positive": positive}
        case Scribble(path, positive):
            line = [list(p) for p in path]
            return {"kind": "scribble", "path": line, "positive": positive}
        case MaskPrompt(mask, approximate):
            region, runs = mask.region, mask.run_lengths.tolist()
            corner = {"top": region.top, "left": region.left}
            found = {"kind": "mask", **corner, "shape": list(region.shape)}
            hint = {"approximate": True} if approximate else {}
            return {**found, "runs": runs, **hint}
        case Candidate(index):
            return {"kind": "candidate" if version > 1 else "choice", "index": index}


def from_dict(data: JsonObject) -> Prompt:
    """Inverse of `to_dict`."""
    try:
        return _read(data)
    except KeyError as missing:
        raise PromptError(f"{dict(data)!r} lacks {missing}.") from None
    except PromptError:
        raise
    except (TypeError, AttributeError, ValueError, OverflowError) as wrong:
        raise PromptError(f"{data!r} is not a prompt: {wrong}.") from None


def _read(data: JsonObject) -> Prompt:
    kind = data["kind"]
    positive = data.get("positive", True)
    if not isinstance(positive, bool):
        raise PromptError(f"positive={positive!r} in {dict(data)!r}: true or false.")
    if not positive and kind in ("box", "mask", "candidate", "choice"):
        raise PromptError(
            f"A {kind} marks what the object is, never what it is not: positive cannot "
            "be false. Use a point, a polygon or a scribble."
        )
    match kind:
        case "point":
            return Point(data["row"], data["col"], positive)
        case "box":
            return Box(*(data[k] for k in ("top", "left", "bottom", "right")))
        case "polygon":
            return Polygon(tuple(data["vertices"]), positive)
        case "scribble":
            return Scribble(tuple(data["path"]), positive)
        case "mask":
            return MaskPrompt.from_array(
                _mask(data).array,
                top=int(data["top"]),
                left=int(data["left"]),
                approximate=bool(data.get("approximate", False)),
            )
        case "candidate" | "choice":
            return Candidate(int(data["index"]))
    raise PromptError(
        f"{kind!r} is no kind of prompt. Use point, box, polygon, scribble, mask "
        "or candidate."
    )


def _mask(data: JsonObject) -> Mask:
    """Read a mask whose region starts at 0; it may not be tight."""
    height, width = (int(n) for n in data["shape"])
    if min(height, width) < 1:
        raise PromptError(f"The shape of a mask is {height} x {width}: no pixel.")
    try:
        return Mask.from_runs(Region(0, 0, height, width), data["runs"])
    except ImageError as wrong:
        raise PromptError(str(wrong)) from None
