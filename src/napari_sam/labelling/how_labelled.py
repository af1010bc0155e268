"""How a data set was labelled, in words for its card."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.labelling.class_examples import UNWANTED, read_class_examples
from napari_sam.labelling.dataset_layout import DatasetIndex, DatasetLayout
from napari_sam.labelling.decided_rows import DRAWN
from napari_sam.labelling.object_rows import read_rows
from napari_sam.labelling.review_log import ReviewLog

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def how_labelled(folder: Path) -> str:
    """Return how a folder was labelled: model, classes, dates, and what was reviewed.

    Parameters
    ----------
    folder
        A labelled data set, or a folder of such folders.

    Returns
    -------
    Text
        Markdown; ``""`` where nothing is known.
    """
    if DatasetLayout(folder).index.is_file() or not folder.is_dir():
        return _told(folder)
    found = {one.name: _told(one) for one in sorted(folder.iterdir())}
    return "\n".join(f"- {name}: {text}" for name, text in found.items() if text)


def dates_of(layout: DatasetLayout) -> tuple[str, ...]:
    """Return the first and the last day on which images were labelled, if known."""
    try:
        return tuple(map(str, layout.read_index().made_by.get("dates", ())))
    except (ImageError, MissingFileError):
        return ()


def _told(folder: Path) -> str:
    """Return how a data set was labelled; nothing of a folder that is none of ours.

    Its labels can be read without its index, so that a damaged one stops nobody.
    """
    layout = DatasetLayout(folder)
    try:
        index = layout.read_index()
        parts = (_by(index), _classes(index, layout), _reviewed(index, layout))
    except (ImageError, MissingFileError):
        return ""
    return " ".join(parts)


def _by(index: DatasetIndex) -> str:
    dates = sorted({str(day) for day in index.made_by.get("dates", ())})
    days = f", {' to '.join(dates)}" if dates else ""
    return f"By napari-sam with the model `{index.made_by.get('model', '?')}`{days}."


def _classes(index: DatasetIndex, layout: DatasetLayout) -> str:
    """Return where the classes are from."""
    if index.made_by.get("words"):
        without = _listed(index.made_by.get("unwanted_words", ()))
        left_out = f" (left out: {without})" if without else ""
        words = f"{_listed(index.classes)}{left_out}"
        return f"Classes by words: {words}, found by {index.made_by['words']}."
    if not index.classes or not layout.examples.exists():
        return "All objects were found, without examples."
    counts = Counter(read_class_examples(layout.examples).names)
    unwanted = counts.pop(UNWANTED, 0)
    given = [f"{name} ({count})" for name, count in sorted(counts.items())]
    given += [f"not wanted ({unwanted})"] if unwanted else []
    return f"Classes by examples: {_listed(given)}."


class _Review(NamedTuple):
    """How many objects were found, what a person decided of them, and drew."""

    found: int
    decided: Counter[str]
    drawn: int


def _reviewed(index: DatasetIndex, layout: DatasetLayout) -> str:
    review = _review(index, layout)
    count = review.decided.total()
    share = f" ({100 * count / review.found:.0f} %)" if review.found else ""
    how = [f"{n} {status}" for status, n in sorted(review.decided.items())]
    drawn = f" Drawn by hand besides: {review.drawn}." if review.drawn else ""
    if not count:
        return f"No person reviewed the {review.found} objects.{drawn}"
    return (
        f"Of {review.found} objects, a person reviewed {count}{share}: "
        f"{_listed(how)}.{drawn}"
    )


def _review(index: DatasetIndex, layout: DatasetLayout) -> _Review:
    """Count what the log says; tables may not have its last decisions yet."""
    last = {one.key: one.status for one in ReviewLog(layout.review).decisions}
    decided: Counter[str] = Counter()
    found = drawn = 0
    for image in index.images:
        for row in read_rows(layout.table_of(image)):
            status = last.get((image.stem, row.object), "found")
            if row.source == DRAWN:
                drawn += status not in ("found", "rejected")
                continue
            found += 1
            decided[status] += status != "found"
    return _Review(found, +decided, drawn)


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
