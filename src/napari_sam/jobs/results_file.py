"""The results file: masks written as they come, so that a stopped run goes on."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import uuid4

from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.jobs.image_spec import file_stamp
from napari_sam.jobs.segment_jobs import MaskResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage


class ResultsFile:
    """A file of one line per mask, each with a name made of its prompts and setup.

    Parameters
    ----------
    path
        The file; it is made with the first mask.
    setup
        Names all that masks depend on besides prompts, as `results_setup` does. Masks
        of another setup are not taken.
    """

    def __init__(self, path: Path, setup: str) -> None:
        self.path, self._setup = path, setup
        self._is_given_up = False
        self._known = dict(_read(path)) if path.is_file() else {}

    def find(self, prompts: Mapping[Address, Prompts]) -> dict[Address, MaskResult]:
        """Return the masks that are known of these prompts."""
        found = {at: self._known.get(self._name(at, p)) for at, p in prompts.items()}
        return {at: result for at, result in found.items() if result is not None}

    def append(
        self, prompts: Mapping[Address, Prompts], results: Iterable[MaskResult]
    ) -> None:
        """Append masks to the results file."""
        lines = [
            json.dumps({"name": self._name(r.at, prompts[r.at]), "answer": _packed(r)})
            for r in results
        ]
        if self._is_given_up:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in ["", *lines]))
        except OSError as wrong:
            self._give_up(wrong)

    def delete(self) -> None:
        """Delete the file: what it was written for is done."""
        self.path.unlink(missing_ok=True)

    def _give_up(self, wrong: OSError) -> None:
        """Go on without the file: masks are in memory, and go to the output yet."""
        self._is_given_up = True
        with suppress(OSError):
            self.delete()
        warnings.warn(
            f"{self.path} cannot be written ({wrong.strerror or wrong}). Work goes on, "
            "but would begin anew after an interruption.",
            RuntimeWarning,
            stacklevel=3,
        )

    def _name(self, at: Address, prompts: Prompts) -> str:
        text = f"{self._setup} {at.frame} {at.object_id} {prompts.digest}"
        return blake2b(text.encode(), digest_size=16).hexdigest()


def results_path(output: Path) -> Path:
    """Return the results file beside an output: it keeps its name across versions."""
    return output.parent / f"{output.name}.answers.jsonl"


def results_setup(
    path: str | Path, image: PromptableImage, threshold: float, *, part: str = ""
) -> str:
    """Name all that masks of an image depend on besides prompts.

    The part says which image of the file it is, where there are several. What may have
    changed unseen has another name each time: its masks are computed again.
    """
    setup = f"{image.appearance.token} {image.tiling} {threshold}"
    setup += "" if image.connected else " unconnected"
    setup += f" {part}" if part else ""
    stamp = file_stamp(str(path)) or uuid4().hex
    return f"{path} {stamp} {image.frames!r} {image.backend.fingerprint} {setup}"


def _read(path: Path) -> Iterable[tuple[str, MaskResult]]:
    """Every whole line; a crash may have torn the last one."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line:  # each start of writing begins a new one
            continue
        try:
            entry = json.loads(line)
            yield entry["name"], _unpacked(entry["answer"])
        except (ValueError, KeyError, TypeError):
            continue


def _packed(result: MaskResult) -> dict[str, object]:
    at, region = result.at, result.region
    return {
        "at": {"frame": at.frame, "object_id": at.object_id},
        "region": {name: getattr(region, name) for name in _SIDES},
        "runs": result.pixels.run_lengths.tolist(),
        "area": result.area,
        "score": result.score,
        "complete": result.complete,
    }


_SIDES = ("top", "left", "bottom", "right")


def _unpacked(entry: Mapping[str, dict[str, int]]) -> MaskResult:
    at, runs = Address(**entry["at"]), list(entry["runs"])
    region = Region(**entry["region"]) if runs else Region(0, 0, 0, 0)
    return MaskResult(
        at,
        Mask.from_runs(region, runs),  # type: ignore[arg-type]
        float(entry["score"]),  # type: ignore[arg-type]
        bool(entry["complete"]),
    )
