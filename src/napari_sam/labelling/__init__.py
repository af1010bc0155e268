"""Folders labelled as data sets, and their review. Names are imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from napari_sam.labelling.agreement import (
        Agreement,
        compare_datasets,
        compare_sessions,
    )
    from napari_sam.labelling.class_examples import ClassExamples
    from napari_sam.labelling.dataset import LabelledDataset
    from napari_sam.labelling.edited_labels import EditedLabels
    from napari_sam.labelling.label_folder import LabelFolderJob, iter_label_folder
    from napari_sam.labelling.label_words import iter_label_words
    from napari_sam.labelling.object_rows import ObjectRow
    from napari_sam.labelling.review_item import ReviewItem
    from napari_sam.labelling.reviewed_examples import count_reviewed, iter_reviewed
    from napari_sam.labelling.settings import LabelSettings
    from napari_sam.labelling.word_worker import ConceptSpec

__all__ = [
    "Agreement",
    "ClassExamples",
    "ConceptSpec",
    "EditedLabels",
    "LabelFolderJob",
    "LabelSettings",
    "LabelledDataset",
    "ObjectRow",
    "ReviewItem",
    "compare_datasets",
    "compare_sessions",
    "count_reviewed",
    "iter_label_folder",
    "iter_label_words",
    "iter_reviewed",
]

_ROOMS = {
    "Agreement": "agreement",
    "ClassExamples": "class_examples",
    "ConceptSpec": "word_worker",
    "EditedLabels": "edited_labels",
    "LabelFolderJob": "label_folder",
    "LabelSettings": "settings",
    "LabelledDataset": "dataset",
    "ObjectRow": "object_rows",
    "ReviewItem": "review_item",
    "compare_datasets": "agreement",
    "compare_sessions": "agreement",
    "count_reviewed": "reviewed_examples",
    "iter_label_folder": "label_folder",
    "iter_label_words": "label_words",
    "iter_reviewed": "reviewed_examples",
}

__getattr__ = lazy_names(__name__, _ROOMS)
