"""Whole stacks, folders and rasters as independent tasks, on one machine or many.

Each kind of job names an image, a model and what is wanted in values that travel, is
cut into tasks that do not depend on each other, and is done by `running.run`.
"""

from napari_sam.jobs.embed_jobs import EmbeddedImages, EmbedJob, embed_images
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.image_spec import ImageSpec, ModelSpec, file_stamp
from napari_sam.jobs.results import ResultsFile
from napari_sam.jobs.segment_jobs import (
    MaskResult,
    MaskResults,
    SegmentJob,
    segment_images,
)

__all__ = [
    "EmbedJob",
    "EmbeddedImages",
    "Executor",
    "Failure",
    "ImageSpec",
    "MaskResult",
    "MaskResults",
    "ModelSpec",
    "ResultsFile",
    "SegmentJob",
    "embed_images",
    "file_stamp",
    "segment_images",
]
