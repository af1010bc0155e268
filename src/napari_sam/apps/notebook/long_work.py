"""Requests of a browser for long work: masks, batches, tracks, models."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.annotator.batch import BatchSettings
from napari_sam.annotator.drawn_shapes import enclosed
from napari_sam.annotator.everything import usual_filters
from napari_sam.annotator.folder_labelling import FolderPlan
from napari_sam.apps.notebook.forms import read_settings
from napari_sam.automatic import (
    EverythingSettings,
    InstanceSettings,
    SimilarSettings,
    TextSettings,
)
from napari_sam.automatic.concepts import read_words
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.prompts.items import Polygon, Scribble
from napari_sam.image.settings import EmbedSettings
from napari_sam.io import read_prompts
from napari_sam.labelling import LabelSettings

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
        "filter": lambda: _filter(controller, message),
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


def _words(controller: NotebookController, message: JsonObject) -> None:
    words, action = controller.annotator.words, message["action"]
    if action == "use":
        words.models.use(str(message["folder"]))
        return
    words.trust(read_settings(TextSettings(), message["settings"]))
    if action == "find":
        asked = read_words(str(message["words"]))
        _search(controller, str(message["where"]), partial(words.find, asked))


def _label(controller: NotebookController, message: JsonObject) -> None:
    """Label a folder, by what the person chose."""
    annotator, by = controller.annotator, message["by"]
    images, output = str(message["images"]).strip(), str(message["output"]).strip()
    if not images or not output:
        raise SessionError("Give a folder of images, and one for the data set.")
    image = annotator.image
    on = None if image is None else image.source.describe().path
    plan = FolderPlan(
        Path(images).expanduser(),
        Path(output).expanduser(),
        on=on,
        similar=read_settings(LabelSettings(), message.get("similar", {})),
        text=read_settings(TextSettings(), message.get("text", {})),
    )
    if by == "words":
        plan = replace(plan, words=read_words(str(message["words"])))
    elif by != "all":
        plan = replace(plan, examples=_examples(controller, message))
    annotator.folder.label(plan)


def _examples(controller: NotebookController, message: JsonObject) -> tuple[int, ...]:
    """Return the objects that are examples.

    Raises
    ------
    SessionError
        If there are none.
    """
    if message["by"] == "selected":
        chosen = tuple(int(i) for i in message["ids"])
        if not chosen:
            raise SessionError("Select objects in the list that are examples.")
        return chosen
    found = controller.annotator.folder.named
    if not found:
        raise SessionError(
            "No object here has a class: write one into the column Class of the list, "
            "for an object or two of each kind, or draw a box around one."
        )
    return found


def _example(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.folder.draw_example(str(message["category"]))


def _find(controller: NotebookController, message: JsonObject) -> None:
    """Find objects, where the person chose; those like some, if there are any."""
    everything, where = controller.annotator.everything, message.get("where", "plane")
    _filter(controller, message)
    _compare(everything, message)
    find = partial(
        everything.find,
        read_settings(EverythingSettings(), message.get("everything", {})),
        read_settings(InstanceSettings(), message.get("instances", {})),
        like=[int(i) for i in message.get("like", ())],
    )
    _search(controller, str(where), find)


def _search(
    controller: NotebookController, where: str, find: Callable[..., object]
) -> None:
    """Look for something where the person chose, or in a shape that is drawn."""
    if where == "drawn":
        _draw(controller, "polygon", partial(_in_shape, controller, find))
        controller.presenter.say("info", "Draw a polygon: objects inside are found.")
    else:
        find(in_view=where == "view", all_planes=where == "planes")


def _in_shape(
    controller: NotebookController, find: Callable[..., object], shape: Prompt
) -> None:
    session = controller.annotator.session
    if session is not None:
        with controller.annotator.events.reporting():
            find(within=enclosed([shape], session.frames.plane_shape))


def _filter(controller: NotebookController, message: JsonObject) -> None:
    if "filters" in message:
        usual = usual_filters(controller.annotator.image)
        controller.annotator.everything.filter(read_settings(usual, message["filters"]))


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
    "words": _words,
    "label": _label,
    "example": _example,
    "embed": _embed,
    "batch": _batch,
    "propagate": _propagate,
    "tracks": _tracks,
    "review": _review,
    "model": _model,
    "improve": _improve,
}
