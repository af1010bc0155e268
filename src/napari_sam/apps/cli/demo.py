"""``napari-sam demo``: the main job on real images, which come with scikit-image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.download import fetch_missing
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.protocols import Backend

_HEIGHT = 560


@dataclass(frozen=True)
class Sample:
    """A picture in scikit-image's wheel, and what to say about it."""

    name: str
    caption: str
    objects: tuple[Prompts, ...]

    @property
    def path(self) -> Path:
        """Where it is; nothing is downloaded."""
        import skimage.data

        return Path(skimage.data.__file__).parent / self.name


SAMPLES = (
    Sample(
        "coins.png",
        "coins: clicks and boxes",
        (
            Prompts().point(52, 100),
            Prompts().point(47, 45),
            Prompts().point(122, 45),
            Prompts().point(122, 152),
            Prompts().point(127, 333),
            Prompts().point(196, 95),
            Prompts().rectangle(95, 243, 146, 300),
            Prompts().rectangle(155, 314, 220, 381),
            Prompts().rectangle(231, 16, 292, 77),
        ),
    ),
    Sample(
        "cell.png",
        "a cell in phase contrast: two clicks",
        (Prompts().point(377, 424).point(377, 470),),
    ),
    Sample(
        "ihc.png",
        "a stained gland: a box and a click",
        (Prompts().rectangle(309, 252, 508, 386).point(400, 320),),
    ),
)


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=Path("demo.png"),
    show_default=True,
    help="Where the picture is saved; the labels go next to it.",
)
@click.option(
    "--model",
    metavar="NAME",
    help="Which model; see napari-sam models list. [default: pocket, or what the "
    "checkpoint holds]",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Weights of the model.",
)
def demo(output: Path, model: str | None, checkpoint: Path | None) -> None:
    """Prompts on real images out of scikit-image, the masks, and a picture of both."""
    from napari_sam.api import load_backend
    from napari_sam.io import check_picture_path, compose, write_picture

    output.parent.mkdir(parents=True, exist_ok=True)
    check_picture_path(output)
    if checkpoint is None:
        fetch_missing(model)
    start = perf_counter()
    backend = load_backend(model, checkpoint=checkpoint)
    called = model or checkpoint or "pocket"
    say(f"{called} is ready after {perf_counter() - start:.2f} s.")
    panels = [(_show(s, backend, output), s.caption) for s in SAMPLES]
    write_picture(output, compose(panels))
    say(f"\nThe picture is {output}")


def _show(sample: Sample, backend: Backend, output: Path) -> NDArray[np.uint8]:
    """Segment one picture, save its labels, report, and draw it."""
    from napari_sam.api import paint, segment_objects
    from napari_sam.image import PromptableImage
    from napari_sam.io import draw_overlay, read_image, write_labels

    found = read_image(sample.path)
    image = PromptableImage(found.data, backend, axes=found.axes)
    prompts_of = {Address(0, i): p for i, p in enumerate(sample.objects, start=1)}
    start = perf_counter()
    image.embed()
    ready = perf_counter()
    masks = segment_objects(image, prompts_of)
    done = perf_counter()
    labels = paint(masks, image.frames)
    saved = output.with_name(f"{output.stem}-{sample.path.stem}.tif")
    write_labels(saved, labels, overwrite=True)
    rows, cols = image.frames.plane_shape
    say(
        f"\n{sample.name} ({rows} x {cols}): image {ready - start:.2f} s, "
        f"{len(prompts_of)} masks {done - ready:.2f} s -> {saved}"
    )
    for at, answer in masks.items():
        say(
            f"  object {at.object_id}: {answer.area:6} pixels, score {answer.score:.2f}"
        )
    here = {at.object_id: prompts for at, prompts in prompts_of.items()}
    picture = image.appearance.render(image.frames[0])
    return draw_overlay(picture, labels, here, height=_HEIGHT)
