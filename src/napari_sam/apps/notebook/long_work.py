"""What a browser asks for that takes longer: masks, batches, tracks, models."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_sam.annotator.batch import BatchSettings
from napari_sam.annotator.shapes import enclosed
from napari_sam.apps.notebook.forms import read_settings
from napari_sam.automatic import (
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    SimilarSettings,
)
from napari_sam.core.address import Address
from napari_sam.core.prompts.items import Polygon, Scribble
from napari_sam.image.settings import EmbedSettings
from napari_sam.io import read_prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam.annotator.everything import Everything
    from napari_sam.apps.notebook.controller import NotebookController
    from napari_sam.core.json_values import JsonObject
    from napari_sam.core.prompts.items import Prompt


def _everything(controller: NotebookController, message: JsonObject) -> None:
    everything = controller.annotator.everything
    doing: Mapping[str, Callable[[], object]] = {
        "find": lambda: _find(controller, message),
        "filter": lambda: _filter(everything, message),
        "compare": lambda: _compare(everything, message),
        "reject": lambda: everything.reject(
            float(message["row"]), float(message["col"])
        ),
        "merge": lambda: _along_a_line(controller, everything.merge, "through masks."),
        "split": lambda: _along_a_line(controller, everything.split, "across a mask."),
        "accept": everything.accept,
        "discard": everything.discard,
    }
    doing[message["action"]]()


def _find(controller: NotebookController, message: JsonObject) -> None:
    """Find objects, where the person chose; those like some, if there are any."""
    everything, where = controller.annotator.everything, message.get("where", "plane")
    _filter(everything, message)
    _compare(everything, message)
    find = partial(
        everything.find,
        read_settings(EverythingSettings(), message.get("everything", {})),
        read_settings(InstanceSettings(), message.get("instances", {})),
        in_view=where == "view",
        all_planes=where == "planes",
        like=[int(i) for i in message.get("like", ())],
    )
    if where == "drawn":
        _draw(controller, "polygon", partial(_in_shape, controller, find))
        controller.presenter.say("info", "Draw a polygon: objects inside are found.")
    else:
        find()


def _in_shape(
    controller: NotebookController, find: Callable[..., object], shape: Prompt
) -> None:
    session = controller.annotator.session
    if session is not None:
        with controller.annotator.events.reporting():
            find(within=enclosed([shape], session.frames.plane_shape))


def _filter(everything: Everything, message: JsonObject) -> None:
    if "filters" in message:
        everything.filter(read_settings(FilterSettings(), message["filters"]))


def _compare(everything: Everything, message: JsonObject) -> None:
    if "similar" in message:
        everything.compare(read_settings(SimilarSettings(), message["similar"]))


def _along_a_line(
    controller: NotebookController,
    then: Callable[[Sequence[tuple[float, float]]], object],
    where: str,
) -> None:
    def drawn(line: Prompt) -> None:
        path = line.path if isinstance(line, Scribble) else ()
        then(line.vertices if isinstance(line, Polygon) else path)

    _draw(controller, "scribble", drawn)
    controller.presenter.say("info", f"Draw a line {where}")


def _draw(
    controller: NotebookController, tool: str, then: Callable[[Prompt], object]
) -> None:
    if controller.view is not None:
        controller.view.draw_once(tool, then)


def _embed(controller: NotebookController, message: JsonObject) -> None:
    settings = read_settings(EmbedSettings(), message.get("settings", {}))
    controller.annotator.batch.embed_view(settings)


def _batch(controller: NotebookController, message: JsonObject) -> None:
    path, image = str(message["path"]), controller.annotator.image
    settings = read_settings(BatchSettings(), message.get("settings", {}))
    if image is not None:
        described = image.source.describe()
        controller.annotator.batch.segment(
            lambda _: read_prompts(path, image=described), path, settings
        )


def _propagate(controller: NotebookController, message: JsonObject) -> None:
    propagation, direction = controller.annotator.propagation, message["direction"]
    if direction not in ("both", "forward", "backward"):
        raise ValueError(direction)
    propagation.settings = read_settings(
        propagation.settings, message.get("settings", {})
    )
    propagation.propagate(direction=direction)


def _tracks(controller: NotebookController, message: JsonObject) -> None:
    tracks, ids = controller.annotator.tracks, [int(i) for i in message["ids"]]
    doing: Mapping[str, Callable[[Sequence[int] | None], object]] = {
        "divide": tracks.divide,
        "cut": tracks.cut,
        "join": tracks.join,
        "swap": tracks.swap,
        "end": tracks.end,
    }
    doing[message["action"]](ids or None)


def _review(controller: NotebookController, message: JsonObject) -> None:
    at = Address(int(message["frame"]), int(message["object"]))
    controller.annotator.review.go_to(at)


def _model(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.models.use(str(message["name"]))


def _improve(controller: NotebookController, _: JsonObject) -> None:
    controller.annotator.improvement.improve()


#: What does each kind of request.
LONG_WORK: Mapping[str, Callable[[NotebookController, JsonObject], None]] = {
    "everything": _everything,
    "embed": _embed,
    "batch": _batch,
    "propagate": _propagate,
    "tracks": _tracks,
    "review": _review,
    "model": _model,
    "improve": _improve,
}
