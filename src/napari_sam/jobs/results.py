"""Answers written down as they come, so that a run that was stopped goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region
from napari_sam.jobs.segment_jobs import MaskResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from napari_sam.core.prompts import Prompts


class ResultsFile:
    """A file of one line per answer, each with the name of its question.

    Parameters
    ----------
    path
        The file; it is made with the first answer.
    setup
        Names all that answers depend on besides prompts: image, model, appearance,
        tiling and threshold. Answers of another setup are not taken.
    """

    def __init__(self, path: Path, setup: str) -> None:
        self.path, self._setup = path, setup
        self._known = dict(_read(path)) if path.is_file() else {}

    def find(self, asked: Mapping[Address, Prompts]) -> dict[Address, MaskResult]:
        """Return what is known of questions."""
        found = {
            at: self._known.get(self._name(at, said)) for at, said in asked.items()
        }
        return {at: answer for at, answer in found.items() if answer is not None}

    def append(
        self, said: Mapping[Address, Prompts], answers: Iterable[MaskResult]
    ) -> None:
        """Write answers down."""
        lines = [
            json.dumps({"name": self._name(a.at, said[a.at]), "answer": _packed(a)})
            for a in answers
        ]
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in ["", *lines]))

    def delete(self) -> None:
        """Delete the file: what it was kept for is done."""
        self.path.unlink(missing_ok=True)

    def _name(self, at: Address, said: Prompts) -> str:
        text = f"{self._setup} {at.frame} {at.object_id} {said.digest}"
        return blake2b(text.encode(), digest_size=16).hexdigest()


def _read(path: Path) -> Iterable[tuple[str, MaskResult]]:
    """Every whole line; a crash may have torn the last one."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line:  # each start of writing begins a new one
            continue
        try:
            told = json.loads(line)
            yield told["name"], _unpacked(told["answer"])
        except (ValueError, KeyError, TypeError):
            continue


def _packed(answer: MaskResult) -> dict[str, Any]:
    return asdict(answer)


def _unpacked(told: dict[str, Any]) -> MaskResult:
    place = {"at": Address(**told["at"]), "region": Region(**told["region"])}
    return MaskResult(**{**told, **place, "runs": tuple(told["runs"])})
