"""A record of propagation on disk, so that a run that was stopped goes on."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.propagation import PropagatedObject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.propagation import Propagator

_SIDES = ("top", "left", "bottom", "right")


class RecordedPropagator:
    """A propagator whose steps are written down, and read instead of done again.

    A step is a pure function of the objects and of the frame, and is found by them:
    after other seeds or a correction, only what changed is computed. Steps of objects
    with memories are not written, since memories are large.

    Parameters
    ----------
    propagator
        What does the steps.
    path
        The file: one line per step, made with the first.
    setup
        Names all that masks depend on besides: the image, the model and the settings.
    """

    def __init__(self, propagator: Propagator, path: Path, setup: str) -> None:
        self._propagator, self._path, self._setup = propagator, path, setup
        self._known = _read(path) if path.is_file() else {}

    def start(
        self, frame: int, masks: Mapping[int, Mask]
    ) -> dict[int, PropagatedObject]:
        """Begin with objects of a frame whose masks are right."""
        return self._propagator.start(frame, masks)

    def propagate(
        self,
        objects: Mapping[int, PropagatedObject],
        frame: int,
        taken: Mapping[int, Mask],
    ) -> dict[int, PropagatedObject]:
        """Propagate objects to the next frame; see `Propagator`."""
        name = self._name(objects, frame, taken)
        if name in self._known:
            return self._known[name]
        found = self._propagator.propagate(objects, frame, taken)
        if not any(o.memories for o in found.values()):
            self._append(name, found)
        return found

    def _name(
        self,
        objects: Mapping[int, PropagatedObject],
        frame: int,
        taken: Mapping[int, Mask],
    ) -> str:
        known = [
            (i, o.frame, o.mask.digest, o.confidence, o.age, o.trust, o.bodies)
            for i, o in sorted(objects.items())
        ]
        others = [(i, mask.digest) for i, mask in sorted(taken.items())]
        text = f"{self._setup} {frame} {known} {others}"
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def _append(self, name: str, found: Mapping[int, PropagatedObject]) -> None:
        line = json.dumps({"name": name, "objects": [*map(_packed, found.items())]})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")


def _packed(item: tuple[int, PropagatedObject]) -> dict[str, object]:
    i, found = item
    return {
        "id": i,
        "frame": found.frame,
        "region": [getattr(found.mask.region, side) for side in _SIDES],
        "runs": found.mask.run_lengths.tolist(),
        "confidence": found.confidence,
        "age": found.age,
        "trust": found.trust,
        "bodies": found.bodies,
    }


def _read(path: Path) -> dict[str, dict[int, PropagatedObject]]:
    """Read every whole line; a crash may have torn the last one."""
    known = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line or "null")
            known[entry["name"]] = {o["id"]: _unpacked(o) for o in entry["objects"]}
        except (ValueError, KeyError, TypeError):
            continue
    return known


def _unpacked(entry: Mapping[str, object]) -> PropagatedObject:
    region = Region(*entry["region"])  # type: ignore[misc]
    mask = Mask.from_runs(region, entry["runs"])  # type: ignore[arg-type]
    frame, age = int(str(entry["frame"])), int(str(entry["age"]))
    confidence, trust = float(str(entry["confidence"])), float(str(entry["trust"]))
    bodies = int(str(entry["bodies"]))
    return PropagatedObject(frame, mask, confidence, age, trust, bodies)
