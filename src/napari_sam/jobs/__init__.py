"""Jobs: stacks, folders and rasters as independent tasks, on one machine or many.

Each kind of job names an image, a model and prompts or tiles in values that travel, is
cut into tasks that do not depend on each other, and is done by `executor.run_tasks`.
Each name is
imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from napari_sam.jobs.embed_jobs import EmbeddedImages, EmbedJob, embed_images
    from napari_sam.jobs.everything_folder import (
        EverythingFolderJob,
        iter_everything_folder,
    )
    from napari_sam.jobs.everything_jobs import (
        EverythingJob,
        candidate_images,
        everything_images,
    )
    from napari_sam.jobs.executor import Executor, Failure
    from napari_sam.jobs.folder_run import ImageOutcome
    from napari_sam.jobs.folder_segmentation import (
        FolderJob,
        iter_segment_folder,
        segment_folder,
        without_failures,
    )
    from napari_sam.jobs.full_disk import full_disk_named
    from napari_sam.jobs.image_spec import ImageSpec, ModelSpec, absolute_path
    from napari_sam.jobs.painting import (
        Covered,
        label_target,
        paint,
        paint_on,
        save_labels,
        save_masks,
    )
    from napari_sam.jobs.prompt_pairs import images_of_folder, pair_images
    from napari_sam.jobs.prompt_sources import FoundPrompts, PromptFiles
    from napari_sam.jobs.promptable_settings import PromptableSettings
    from napari_sam.jobs.results_file import ResultsFile, results_path, results_setup
    from napari_sam.jobs.segment_jobs import (
        MaskResult,
        MaskResults,
        SegmentJob,
        segment_images,
    )
    from napari_sam.jobs.settings import ModelSettings, SegmentSettings

__all__ = [
    "Covered",
    "EmbedJob",
    "EmbeddedImages",
    "EverythingFolderJob",
    "EverythingJob",
    "Executor",
    "Failure",
    "FolderJob",
    "FoundPrompts",
    "ImageOutcome",
    "ImageSpec",
    "MaskResult",
    "MaskResults",
    "ModelSettings",
    "ModelSpec",
    "PromptFiles",
    "PromptableSettings",
    "ResultsFile",
    "SegmentJob",
    "SegmentSettings",
    "absolute_path",
    "candidate_images",
    "embed_images",
    "everything_images",
    "full_disk_named",
    "images_of_folder",
    "iter_everything_folder",
    "iter_segment_folder",
    "label_target",
    "paint",
    "paint_on",
    "pair_images",
    "results_path",
    "results_setup",
    "save_labels",
    "save_masks",
    "segment_folder",
    "segment_images",
    "without_failures",
]

_ROOMS = {
    "Covered": "painting",
    "EmbedJob": "embed_jobs",
    "EmbeddedImages": "embed_jobs",
    "EverythingFolderJob": "everything_folder",
    "EverythingJob": "everything_jobs",
    "Executor": "executor",
    "Failure": "executor",
    "FolderJob": "folder_segmentation",
    "FoundPrompts": "prompt_sources",
    "ImageOutcome": "folder_run",
    "ImageSpec": "image_spec",
    "MaskResult": "segment_jobs",
    "MaskResults": "segment_jobs",
    "ModelSettings": "settings",
    "ModelSpec": "image_spec",
    "PromptFiles": "prompt_sources",
    "PromptableSettings": "promptable_settings",
    "ResultsFile": "results_file",
    "SegmentJob": "segment_jobs",
    "SegmentSettings": "settings",
    "absolute_path": "image_spec",
    "candidate_images": "everything_jobs",
    "embed_images": "embed_jobs",
    "everything_images": "everything_jobs",
    "full_disk_named": "full_disk",
    "images_of_folder": "prompt_pairs",
    "iter_everything_folder": "everything_folder",
    "iter_segment_folder": "folder_segmentation",
    "label_target": "painting",
    "paint": "painting",
    "paint_on": "painting",
    "pair_images": "prompt_pairs",
    "results_path": "results_file",
    "results_setup": "results_file",
    "save_labels": "painting",
    "save_masks": "painting",
    "segment_folder": "folder_segmentation",
    "segment_images": "segment_jobs",
    "without_failures": "folder_segmentation",
}


__getattr__ = lazy_names(__name__, _ROOMS)
