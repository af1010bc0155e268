"""``napari-sam segment``: masks from prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.folder_segmentation import segment_folder
from napari_sam.apps.cli.mask_report import (
    print_masks,
    warn_of_covered,
    warn_of_prompts,
)
from napari_sam.apps.cli.masks_picture import write_first_frame
from napari_sam.apps.cli.options.image import IMAGE
from napari_sam.apps.cli.options.mask_settings import mask_options
from napari_sam.apps.cli.options.model import model_spec, open_model
from napari_sam.apps.cli.options.prompt_files import prompt_file_options
from napari_sam.apps.cli.options.prompts import PromptsCommand, prompt_options
from napari_sam.apps.cli.options.run import run_options
from napari_sam.apps.cli.options.save import save_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.table_file import (
    check_table_path,
    rows_of_masks,
    write_table,
)
from napari_sam.core.address import Address
from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import ImageError, PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.apps.cli.options.run import RunOptions
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image
    from napari_sam.io.settings import SaveSettings
    from napari_sam.jobs import (
        Covered,
        FoundPrompts,
        MaskResult,
        MaskResults,
        PromptFiles,
        SegmentSettings,
    )

_FILE = click.Path(path_type=Path)


@click.command(cls=PromptsCommand, no_args_is_help=True)
@click.argument("image", type=IMAGE)
@prompt_options
@prompt_file_options
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    help="Where the labels go: .tif, .png, .zarr, .json, .geojson, .gpkg, .shp ...",
)
@save_options
@click.option(
    "--overlay",
    type=_FILE,
    metavar="FILE",
    help="Also save a picture of the masks and the prompts.",
)
@click.option(
    "--table",
    type=_FILE,
    metavar="FILE",
    help="Also write score, area and box of each mask: .csv, .tsv or .json.",
)
@click.option(
    "--frame",
    type=int,
    metavar="INDEX",
    help="Frame of a stack that the prompts are on, from 0.",
)
@run_options
@mask_options
def segment(
    image: str,
    *,
    prompts: Prompts,
    prompt_files: PromptFiles,
    output: Path | None,
    save: SaveSettings,
    overlay: Path | None,
    table: Path | None,
    frame: int | None,
    run: RunOptions,
    masks: SegmentSettings,
) -> None:
    """Masks from prompts on IMAGE, written as labels or polygons.

    Several points and boxes given here are about one object, in that order, and its
    label is 1. For several objects use --prompts. If --prompts or --from-labels is a
    folder, or a CSV with a column "image", IMAGE is a folder of images, each with
    prompts of its own, and so is the output.
    """
    from napari_sam.jobs import pair_images

    _check_prompts(prompts, prompt_files, frame)
    run = replace(run, settings=replace(run.settings, connected=masks.connected))
    work = _Segment(image, output, overlay, save, run, masks.threshold, table)
    if pair_images(image, prompt_files) is not None:
        work.folder(prompt_files)
    else:
        work.one_image(prompts, prompt_files, frame or 0)


@dataclass(frozen=True, slots=True)
class _Segment:
    """One run of the command."""

    path: str
    output: Path | None
    overlay: Path | None
    save: SaveSettings
    run: RunOptions
    threshold: float
    table: Path | None = None

    def folder(self, prompts: PromptFiles) -> None:
        """Segment every image of a folder."""
        from napari_sam.jobs import FolderJob

        if self.output is None or self.overlay:
            raise ImageError("A folder of images takes -o FOLDER, and no --overlay.")
        job = FolderJob(
            Path(self.path),
            prompts,
            self.output,
            model_spec(self.run.model),
            self.run.settings,
            self.save,
            self.threshold,
        )
        self._check_table()
        segment_folder(job, self.run.executor, open_model(self.run.model), self.table)

    def one_image(self, prompts: Prompts, files: PromptFiles, frame: int) -> None:
        """Segment objects of one image."""
        self._check_outputs()
        image = self.run.settings.read.read(self.path)
        found = _prompts_of(image, prompts, files, frame)
        self._check_form(image, found)
        promptable = self.run.settings.open(image, open_model(self.run.model))
        masks = self._masks(promptable, found.prompts)
        covered = self._write(image, promptable, found, masks)
        if self.table:
            write_table(self.table, [*rows_of_masks(masks, covered, found.attributes)])
        print_masks(masks)

    def _check_outputs(self) -> None:
        from napari_sam import io

        if self.output:
            io.check_labels_path(self.output, overwrite=self.save.overwrite)
        if self.overlay:
            io.check_picture_path(self.overlay)
            check_writable(self.overlay)
        self._check_table()

    def _check_form(self, image: Image, found: FoundPrompts) -> None:
        """Refuse a form that cannot hold the objects, before the model is opened."""
        from napari_sam import io

        if self.output:
            largest = max(at.object_id for at in found.prompts)
            io.check_labels_fit(self.output, image, largest=largest)

    def _masks(
        self, image: PromptableImage, prompts: Mapping[Address, Prompts]
    ) -> Mapping[Address, Prediction | MaskResult]:
        from napari_sam.api import segment_objects

        # One object needs nobody else, and is not worth remembering.
        if self.run.executor.threads is not None or len(prompts) > 1:
            return self._masks_of_workers(image, prompts)
        return {
            at: found.with_threshold(self.threshold) if self.threshold else found
            for at, found in segment_objects(image, prompts).items()
        }

    def _masks_of_workers(
        self, image: PromptableImage, prompts: Mapping[Address, Prompts]
    ) -> dict[Address, MaskResult]:
        """Have workers segment the objects; what they found is written down."""
        from napari_sam.jobs import (
            ResultsFile,
            SegmentJob,
            results_path,
            results_setup,
            segment_images,
            without_failures,
        )

        results = None
        if self.output:
            setup = results_setup(
                self.path,
                image,
                self.threshold,
                part=str(self.run.settings.read.part),
            )
            results = ResultsFile(results_path(self.output), setup)
            if self.save.overwrite:
                results.delete()
        spec = self.run.settings.spec(image, self.path, model_spec(self.run.model))
        plane = image.frames.plane_shape
        job = SegmentJob(spec, prompts, plane, self.threshold, results)
        ready: list[MaskResults] = []
        work = segment_images(
            [job], self.run.executor, ready=lambda _, found: ready.append(found)
        )
        hint = "the same command goes on from here." if results else _NOTHING
        drain_with_progress(work, hint)
        return without_failures(ready[0])

    def _write(
        self,
        image: Image,
        promptable: PromptableImage,
        found: FoundPrompts,
        masks: Mapping[Address, Prediction | MaskResult],
    ) -> Covered:
        from napari_sam.jobs import Covered, full_disk_named, results_path, save_masks

        covered = Covered()
        if self.output:
            with full_disk_named(self.output, _SAFE):
                covered = save_masks(
                    self.output, masks, image, self.save, attributes=found.attributes
                )
            results_path(self.output).unlink(missing_ok=True)
            warn_of_covered(self.output, covered, len(masks))
        if self.overlay:
            write_first_frame(self.overlay, promptable, found.prompts, masks)
        return covered

    def _check_table(self) -> None:
        if self.table:
            check_table_path(self.table, overwrite=self.save.overwrite)


_NOTHING = "nothing was written."


#: What a full disk leaves, and what to do then.
_SAFE = (
    "What was there before is as it was. Make room, or give -o on another disk, and "
    "repeat the command; with --store, nothing is encoded again."
)


def _check_prompts(prompts: Prompts, files: PromptFiles, frame: int | None) -> None:
    if files and (prompts.items or frame is not None):
        raise PromptError(
            "--prompts and --from-labels say everything, frames included: they cannot "
            "be given together with --point, --box, --polygon, --scribble or --frame."
        )
    if not prompts.items and not files:
        raise PromptError("Give prompts: --point, --box, --prompts or --from-labels.")


def _prompts_of(
    image: Image, prompts: Prompts, files: PromptFiles, frame: int
) -> FoundPrompts:
    from napari_sam.jobs import FoundPrompts

    if not files:
        return FoundPrompts({Address(frame, 1): prompts})
    found = files.read(image)
    warn_of_prompts(files.path, found.outside, found.notes)
    return found
