"""Images of a folder, each with its prompts, and prompts whose image is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError
from napari_sam.io import images_in
from napari_sam.io.csv_prompts import TablePrompts, csv_table
from napari_sam.io.file_names import FileNames
from napari_sam.io.prompt_files import PROMPT_SUFFIXES
from napari_sam.io.readers.image_folder import is_image_name
from napari_sam.jobs.prompt_sources import PromptTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.jobs.prompt_sources import PromptFiles, PromptSource

#: Suffixes of tables.
_TABLES = (".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class PromptPairs:
    """The images of a folder and their prompts.

    Attributes
    ----------
    sources
        Where the prompts of each image are; None if it has none.
    without_image
        Names of what has prompts, and is no image of the folder.
    """

    sources: Mapping[Path, PromptSource]
    without_image: tuple[str, ...] = ()


def pair_images(
    folder: str | Path, given: PromptFiles
) -> dict[Path, PromptSource] | None:
    """Pair the images of a folder with their prompts; None if it is one image.

    Prompts are a folder of files named as the images, or a CSV with a column "image".
    """
    pairs = prompt_pairs(folder, given)
    return None if pairs is None else dict(pairs.sources)


def prompt_pairs(folder: str | Path, given: PromptFiles) -> PromptPairs | None:
    """Pair the images of a folder with their prompts; None if it is one image.

    Names are matched by their last part, however paths are written.

    Raises
    ------
    ImageError
        If a table has several names for one image.
    """
    path = given.path
    if path is None or not Path(folder).is_dir():
        return None
    if path.is_dir() and not (path / "zarr.json").exists():
        return _with_files(folder, given, path)
    tables = _tables(path, given) if path.suffix.lower() in _TABLES else None
    return None if tables is None else _with_tables(folder, path, tables)


def _with_files(folder: str | Path, given: PromptFiles, path: Path) -> PromptPairs:
    """Pair images with files of the same name but for the suffix."""
    files = _files_by_stem(path, only_prompts=given.prompts is not None)
    sources: dict[Path, PromptSource] = {}
    names, left = FileNames(files), dict(files)
    for image in images_of_folder(folder):
        found = names.the_one_of(Path(image.stem), str(path), stem=False)
        sources[image] = None if found is None else given.at(files[found])
        left.pop(found or "", None)
    known = (f for f in left.values() if given.prompts or is_image_name(f.name))
    return PromptPairs(sources, tuple(file.name for file in known))


def _with_tables(
    folder: str | Path, path: Path, tables: Mapping[str, PromptTable]
) -> PromptPairs:
    """Pair images with the rows of a table that name them."""
    names = FileNames(tables)
    found = {i: names.the_one_of(i, str(path)) for i in images_of_folder(folder)}
    used = set(found.values())
    return PromptPairs(
        {image: None if n is None else tables[n] for image, n in found.items()},
        tuple(n for n in tables if n not in used),
    )


def images_of_folder(path: str | Path) -> list[Path]:
    """Return the images of a folder, each by itself."""
    if not Path(path).is_dir():
        raise ImageError(f"{path} is no folder.")
    return images_in(Path(path))


def _files_by_stem(folder: Path, *, only_prompts: bool) -> dict[str, Path]:
    return {
        file.stem: file
        for file in sorted(folder.iterdir())
        if not file.name.startswith(".")
        and (file.suffix.lower() in PROMPT_SUFFIXES or not only_prompts)
    }


def _tables(path: Path, given: PromptFiles) -> dict[str, PromptTable] | None:
    """Cut a CSV with a column "image" into one for each image."""
    table = csv_table(path)
    if "image" not in table.columns:
        return None
    at = table.columns.index("image")
    lines: dict[str, list[int]] = {}
    for i, row in enumerate(table.rows):
        lines.setdefault(row[at], []).append(i)
    tables = {
        name: TablePrompts(
            path, table.taking(own, without="image"), given.form, given.crs
        )
        for name, own in lines.items()
    }
    return {name: PromptTable(rows) for name, rows in tables.items()}
