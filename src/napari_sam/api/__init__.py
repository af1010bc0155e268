"""The functions of a script: open models and stores, segment, link, measure."""

from napari_sam.api.classify import classify_objects
from napari_sam.api.cutting_out import cutouts, iter_write_cutouts, write_cutouts
from napari_sam.api.everything import segment_everything
from napari_sam.api.exporting import (
    export_labels,
    iter_export_labels,
    session_images,
)
from napari_sam.api.folder_segmentation import segment_folder
from napari_sam.api.improvement import improve_model
from napari_sam.api.labelling import iter_class_examples, iter_label, label
from napari_sam.api.linking import link
from napari_sam.api.measurement import iter_measure, measure
from napari_sam.api.models import accept_licence, load_backend
from napari_sam.api.propagation import propagate
from napari_sam.api.segmentation import segment, segment_many
from napari_sam.api.similar import SimilarObjects, segment_similar
from napari_sam.api.stores import open_store
from napari_sam.api.word_models import open_concepts
from napari_sam.api.words import TextObjects, segment_text
from napari_sam.image import segment_objects
from napari_sam.jobs.painting import paint

__all__ = [
    "SimilarObjects",
    "TextObjects",
    "accept_licence",
    "classify_objects",
    "cutouts",
    "export_labels",
    "improve_model",
    "iter_class_examples",
    "iter_export_labels",
    "iter_label",
    "iter_measure",
    "iter_write_cutouts",
    "label",
    "link",
    "load_backend",
    "measure",
    "open_concepts",
    "open_store",
    "paint",
    "propagate",
    "segment",
    "segment_everything",
    "segment_folder",
    "segment_many",
    "segment_objects",
    "segment_similar",
    "segment_text",
    "session_images",
    "write_cutouts",
]
