"""The report of an evaluation: results, tables, files."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.core.progress import drain
from napari_sam.evaluation.mask_accuracy import MIN_AREA, Result, iter_evaluate
from napari_sam.evaluation.summary import GOALS, summarise
from napari_sam.evaluation.tables import all_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam.core.json_values import JsonDict, JsonValue
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.evaluation.tables import Table

__all__ = ["Report", "evaluate"]


@dataclass(frozen=True, slots=True)
class Report:
    """Results of an evaluation, and how it was made.

    Attributes
    ----------
    results
        Results of each model on each object, in order.
    facts
        Data, seed, versions and the like, by name.
    """

    results: tuple[Result, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, the evaluated one first."""
        return tuple(dict.fromkeys(r.model for r in self.results))

    @property
    def tables(self) -> list[Table]:
        """Tables of a terminal and of a model card, in order."""
        return all_tables(self.results) if self.results else []

    def to_dict(self) -> JsonDict:
        """Facts and summaries as plain JSON types."""
        return {"facts": dict(self.facts), "summary": summary_rows(self.results)}

    def write(self, folder: str | Path) -> None:
        """Write ``objects.csv`` and ``summary.csv``; each appears complete."""
        folder = Path(folder)
        write_csv(folder / "objects.csv", [object_row(r) for r in self.results])
        write_csv(folder / "summary.csv", summary_rows(self.results))


def evaluate(
    models: Backend | Mapping[str, Backend],
    images: Sequence[LabelledImage],
    *,
    objects: int = 12,
    seed: int = 0,
    progress: Callable[[Progress], object] | None = None,
) -> Report:
    """Evaluate models on images with ground truth.

    Parameters
    ----------
    models
        One backend, or several by name; the others are compared with the first.
    images
        Images with their ground truth; see `napari_sam.datasets.read_labelled_images`.
    objects
        At most this many objects of each image.
    seed
        Chooses the objects.
    progress
        Called after each image.

    Raises
    ------
    ImageError
        If there is no object that is large enough.

    Examples
    --------
    >>> from napari_sam.evaluation import evaluate, synthetic_images
    >>> from napari_sam.testing import ThresholdBackend
    >>> report = evaluate(ThresholdBackend(), synthetic_images(2), objects=3)
    >>> len(report.results), report.tables[0].header[:3]
    (6, ('images', 'objects', '1 click'))
    """
    work = iter_evaluate(models, images, objects=objects, seed=seed)
    results = drain(work, progress)
    if not results:
        raise ImageError(
            f"There is no object of {MIN_AREA} pixels or more in any of {len(images)} "
            "images."
        )
    return Report(tuple(results))


def object_row(result: Result) -> JsonDict:
    """Return the row of an object in ``objects.csv``."""
    values: JsonDict = {
        "model": result.model,
        "kind": result.kind,
        "image": result.name,
        "object": result.object_id,
        "area": result.area,
        "diameter": f"{result.diameter:.1f}",
        "size": result.size,
        "click": result.click,
        "best": result.best,
        "box": result.box,
    }
    values |= {f"clicks_{n}": iou for n, iou in enumerate(result.clicks[1:], 2)}
    values |= {f"to_{goal}": result.needed(goal) or "" for goal in GOALS}
    values |= {"score_click": result.click_scores[0], "score_box": result.box_score}
    values |= {f"score_{n}": s for n, s in enumerate(result.click_scores[1:], 2)}
    values |= {"refusal": result.refusal}
    return {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in values.items()}


def summary_rows(results: Sequence[Result]) -> list[JsonDict]:
    """Return the rows of ``summary.csv``: every figure of every model and group."""
    groupings: dict[str, Callable[[Result], str]] = {
        "all": lambda r: "all",
        "kind": lambda r: r.kind,
        "size": lambda r: r.size,
        "kind and size": lambda r: f"{r.kind}, {r.size}",
    }
    rows = []
    for grouping, by in groupings.items():
        for s in summarise(results, by=by):
            head: JsonDict = {
                "model": s.model, "grouping": grouping, "group": s.group
            }  # fmt: skip
            head |= {"objects": s.objects, "images": s.images, "refused": s.refused}
            for name, figure in s.figures.items():
                missed = {f"to {g}": share for g, share in s.missed.items()}.get(name)
                values = {
                    "mean": figure.mean, "median": figure.median,
                    "low": figure.low, "high": figure.high, "not_reached": missed,
                }  # fmt: skip
                rows.append({**head, "figure": name, **_rounded(values)})
    return rows


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return figures of four digits; None for NaN, which JSON lacks."""
    return {k: None if v is None or v != v else round(v, 4) for k, v in values.items()}


def write_csv(path: Path, rows: Sequence[Mapping[str, JsonValue]]) -> None:
    """Write rows with the same keys; the file appears complete or not at all."""
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["model"])
        writer.writeheader()
        writer.writerows(rows)


def as_json(report: Report) -> str:
    """Return facts and summaries as a JSON text."""
    return json.dumps(report.to_dict(), indent=1)
