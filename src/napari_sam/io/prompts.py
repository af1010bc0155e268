"""Files of prompts; the schema stands in `napari_sam.core.schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core import schema
from napari_sam.core.errors import MissingFileError, PromptError
from napari_sam.io.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.prompts import Prompts
    from napari_sam.core.values import Address


def read_prompts(path: str | Path) -> dict[Address, Prompts]:
    """Read prompts of several objects from a ``.csv`` or ``.json`` file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    PromptError
        If it is not of the schema.
    """
    path = Path(path)
    _check_suffix(path)
    if not path.exists():
        raise MissingFileError(f"{path} does not exist.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise PromptError(f"{path} cannot be read: {wrong}.") from None
    read = schema.from_csv if path.suffix.lower() == ".csv" else schema.from_json
    try:
        return read(text)
    except PromptError as wrong:
        raise type(wrong)(f"{path}: {wrong}") from None


def write_prompts(path: str | Path, prompts: Mapping[Address, Prompts]) -> None:
    """Write prompts; CSV holds points and boxes, JSON everything."""
    path = Path(path)
    _check_suffix(path)
    to_text = schema.to_csv if path.suffix.lower() == ".csv" else schema.to_json
    text = to_text(prompts)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".csv", ".json"):
        raise PromptError(f"{path}: prompts are kept in .csv or .json files.")
