"""Whole stacks, folders and rasters as independent tasks, on one machine or many.

Each kind of job names an image, a model and what is wanted in values that travel, is
cut into tasks that do not depend on each other, and is done by `running.run`.
"""

from napari_sam.jobs.embedding import EmbeddedImages, EmbedJob, embed_images
from napari_sam.jobs.kept import KeptAnswers
from napari_sam.jobs.opening import ModelChoice, Opening, stamp_of
from napari_sam.jobs.running import Failure, Where
from napari_sam.jobs.segmenting import Answer, Answers, SegmentJob, segment_images

__all__ = [
    "Answer",
    "Answers",
    "EmbedJob",
    "EmbeddedImages",
    "Failure",
    "KeptAnswers",
    "ModelChoice",
    "Opening",
    "SegmentJob",
    "Where",
    "embed_images",
    "segment_images",
    "stamp_of",
]
