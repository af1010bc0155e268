"""Requests of a browser, by their kind: checked, and done to the annotator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.annotator.commands import COMMANDS
from napari_sam.apps.notebook.long_work import LONG_WORK
from napari_sam.apps.notebook.screen import Contrast
from napari_sam.core.errors import ImageError, NapariSamError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import Prompts, codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.notebook.controller import NotebookController
    from napari_sam.core.json_values import JsonObject
    from napari_sam.core.prompts import Prompt
    from napari_sam.session import AnnotationSession

_COMMANDS = {command.id: command for command in COMMANDS}


def handle(controller: NotebookController, message: JsonObject) -> None:
    """Do what a browser asks for; what it cannot ask for is said in its status.

    Nothing that a browser sends can raise: it may be of another version, or not ours.
    """
    kind = message.get("kind")
    doing = _KINDS.get(kind) if isinstance(kind, str) else None
    try:
        if doing is None:
            raise ImageError(f"The widget asked for {kind!r}, which there is not.")
        doing(controller, message)
    except NapariSamError as wrong:
        controller.presenter.say("error", str(wrong))
    except (LookupError, TypeError, ValueError, AttributeError) as wrong:
        why = f"The widget sent {kind!r} in a form that is not understood: {wrong!r}."
        controller.presenter.say("error", why)


def _hello(controller: NotebookController, _: JsonObject) -> None:
    controller.send_state()


def _prompt(controller: NotebookController, message: JsonObject) -> None:
    view, annotator = controller.view, controller.annotator
    item = codec.from_dict(message["item"])
    if view is None or view.take_drawing(item):
        return
    add_prompt(annotator, item)


def add_prompt(annotator: Annotator, item: Prompt) -> None:
    """Add a prompt to the current object; to a new one if that is in the labels."""
    session = annotator.session
    if session is not None:
        annotator.objects.move_on()
        session.set_prompts(session.current_prompts + Prompts((item,)))


def _command(controller: NotebookController, message: JsonObject) -> None:
    _COMMANDS[message["id"]].run(controller.annotator)


def _hover(controller: NotebookController, message: JsonObject) -> None:
    hover = controller.annotator.hover
    if "row" in message:
        row, col = float(message["row"]), float(message["col"])
        hover.move(int(message["frame"]), row, col)
    else:
        hover.clear()


def _frame(controller: NotebookController, message: JsonObject) -> None:
    session, view = controller.annotator.session, controller.view
    if session is not None and view is not None:
        view.show_frame(frame_of(session, message))
        controller.annotator.objects.move_on()


def frame_of(session: AnnotationSession, message: JsonObject) -> int:
    """Read a frame: its number, or where it is along each axis."""
    frames = session.frames
    if "where" in message:
        where = {axis: int(i) for axis, i in message["where"].items()}
        return frames.ravel({**frames.unravel(0), **where})
    return min(max(int(message["frame"]), 0), len(frames) - 1)


def _region(controller: NotebookController, message: JsonObject) -> None:
    if controller.view is not None:
        controller.view.set_region(Region(*map(int, message["region"])))


def _candidate(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.candidates.choose(int(message["index"]))


def _threshold(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.preview.set_threshold(float(message["value"]))
    controller.presenter.refresh()


def _polarity(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.preview.positive = bool(message["positive"])


def _object(controller: NotebookController, message: JsonObject) -> None:
    annotator, ids = controller.annotator, [int(i) for i in message["ids"]]
    doing: Mapping[str, Callable[[], object]] = {
        "select": lambda: annotator.objects.select(ids[0]),
        "correct": lambda: annotator.objects.correct(ids[0]),
        "delete": lambda: annotator.editing.delete(ids),
        "merge": lambda: annotator.editing.merge(ids),
        "approve": lambda: annotator.editing.approve(ids),
        "reject": lambda: annotator.editing.reject(ids),
    }
    doing[message["action"]]()


def _describe(controller: NotebookController, message: JsonObject) -> None:
    name, category = message.get("name"), message.get("category")
    controller.annotator.editing.set_info(
        int(message["id"]),
        name=None if name is None else str(name)[:200],
        category=None if category is None else str(category)[:200],
    )


def _edit(controller: NotebookController, message: JsonObject) -> None:
    editing = controller.annotator.editing
    doing: Mapping[str, Callable[[], object]] = {
        "split": editing.start_split,
        "fill": editing.fill_holes,
        "grow": lambda: editing.resize(1),
        "shrink": lambda: editing.resize(-1),
    }
    doing[message["action"]]()


def _commit(controller: NotebookController, message: JsonObject) -> None:
    overlap = message["overlap"]
    if overlap in ("keep", "overwrite"):
        controller.annotator.commits.commit(overlap=overlap)


def _overlap(controller: NotebookController, message: JsonObject) -> None:
    if message["rule"] not in ("keep", "overwrite", "ask"):
        raise ValueError(message["rule"])
    controller.annotator.commits.overlap = message["rule"]
    controller.presenter.refresh()


def _connected(controller: NotebookController, message: JsonObject) -> None:
    models = controller.annotator.models
    models.settings = replace(models.settings, connected=bool(message["connected"]))


def _screen(controller: NotebookController, message: JsonObject) -> None:
    controller.screen.choose(screen_of(message))
    controller.presenter.stale("image")
    controller.presenter.refresh()


def screen_of(message: JsonObject) -> Contrast:
    """Read how the image is to be shown."""
    channels = message.get("channels")
    low, high = float(message["low"]), float(message["high"])
    return Contrast(
        None if channels is None else tuple(int(c) for c in channels),
        low,
        max(high, low + 0.01),
        float(message["gamma"]),
    )


def _journal(controller: NotebookController, message: JsonObject) -> None:
    controller.presenter.answer_journal(message["answer"])


def _save(controller: NotebookController, message: JsonObject) -> None:
    controller.annotator.persistence.save(
        str(message["path"]), done=controller.presenter.refresh
    )


_KINDS: Mapping[str, Callable[[NotebookController, JsonObject], None]] = {
    "hello": _hello,
    "prompt": _prompt,
    "command": _command,
    "hover": _hover,
    "frame": _frame,
    "region": _region,
    "candidate": _candidate,
    "threshold": _threshold,
    "polarity": _polarity,
    "object": _object,
    "describe": _describe,
    "edit": _edit,
    "commit": _commit,
    "overlap": _overlap,
    "connected": _connected,
    "screen": _screen,
    "journal": _journal,
    "save": _save,
    **LONG_WORK,
}
