"""The state of an annotation as browsers are told it, part by part."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from napari_sam import checkpoints
from napari_sam.annotator.colours import HOVER, OBJECT_COLOURS, PREVIEW
from napari_sam.annotator.commands import COMMANDS, shown_key
from napari_sam.annotator.guidance import next_step
from napari_sam.annotator.object_list import ObjectList
from napari_sam.annotator.tracking.timeline import COLORS, WORDS, Mark
from napari_sam.annotator.word_models import HOW_TO_GET_ONE, offered_word_models
from napari_sam.apps.notebook.forms import all_forms
from napari_sam.apps.notebook.image_tiles import SIDE, coarsest_level
from napari_sam.core.prompts import codec
from napari_sam.session.time_axis import time_axis

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.annotator.object_list import Entry
    from napari_sam.automatic import FilterSettings
    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.prompts import Prompts
    from napari_sam.session import AnnotationSession
    from napari_sam.session.persistence.recovery import RecoverableSession

#: Those that make sense here: a notebook has no folder of images.
_SHOWN = [command for command in COMMANDS if command.id != "next_image"]
_KEYS = {command.id: shown_key(command.key) for command in _SHOWN}
#: What `Accuracy` is of, in its order.
_PROMPTS = ("one click", "box", "five clicks")
#: Prompts of other objects that are shown at most.
_OTHERS = 200


def image_state(
    session: AnnotationSession,
    name: str,
    *,
    overview: bool,
    filters: FilterSettings | None = None,
) -> JsonDict:
    """Return what stays the same: the image, commands and colours.

    Sizes of objects are asked for in the unit of `filters`.
    """
    frames = session.frames
    return {
        "name": name,
        "shape": list(frames.plane_shape),
        "sizes": frames.sizes,
        "channels": frames.n_channels or 0,
        "levels": coarsest_level(frames.plane_shape) + 1,
        "side": SIDE,
        "overview": overview,
        "forms": all_forms(filters),
        "word_models": offered_word_models(),
        "marks": [{"words": WORDS[m], "colour": COLORS[m]} for m in Mark],
        "colours": [list(colour) for colour in OBJECT_COLOURS],
        "outlines": {"preview": PREVIEW, "hover": HOVER},
        "commands": [
            {"id": c.id, "title": c.title, "tip": c.tip, "key": c.key, "shown": k}
            for c, k in zip(_SHOWN, _KEYS.values(), strict=True)
        ],
    }


def activity_state(annotator: Annotator) -> JsonDict:
    """Return the current object, the next step, and the commands that can be run."""
    session = annotator.session
    history = None if session is None else session.history
    return {
        "activity": annotator.objects.activity,
        "hint": next_step(annotator, _KEYS),
        "model": annotator.models.name,
        "ready": annotator.has_model,
        "can_undo": history is not None and history.last is not None,
        "can_redo": history is not None and history.next is not None,
        "can_commit": session is not None and bool(session.current_prompts),
        "saved": annotator.persistence.state,
        "trouble": annotator.persistence.trouble,
        "overlap": annotator.commits.overlap,
        "connected": annotator.models.settings.connected,
    }


def prompts_state(session: AnnotationSession) -> JsonDict:
    """Return the open prompts of the plane, of the current object and of others."""
    at, prompts = session.current, session.current_prompts
    others = [
        session.open_prompts[other]
        for other in session.open_prompts
        if other.frame == at.frame and other != at
    ]
    return {
        "object": at.object_id,
        "frame": at.frame,
        "items": _items(prompts),
        "others": [item for each in others[:_OTHERS] for item in _items(each)],
        "positive": True,
        "visible": True,
    }


def object_entries(session: AnnotationSession) -> list[JsonDict]:
    """Return all objects as rows of the list."""
    return [object_entry(entry) for entry in ObjectList(session).entries]


def object_entry(entry: Entry) -> JsonDict:
    """Return an object as a row of the list."""
    return {
        "id": entry.index,
        "name": entry.name,
        "category": entry.category,
        "guess": entry.category_score,
        "status": entry.status,
        "area": entry.area,
        "frame": entry.frame,
    }


def candidates_state(annotator: Annotator) -> JsonDict:
    """Return the candidates by their scores, which is shown, and the threshold."""
    session = annotator.session
    preview = None if session is None else session.preview
    return {
        "scores": [round(mask.score, 3) for mask in annotator.candidates.masks],
        "areas": [mask.area for mask in annotator.candidates.masks],
        "index": annotator.candidates.index,
        "threshold": annotator.preview.threshold,
        "complete": preview is None or preview.complete,
        "hover": annotator.hover.on,
    }


def frame_state(session: AnnotationSession) -> JsonDict:
    """Return the plane in view, and where it is along each axis."""
    frame = session.current.frame
    return {"frame": frame, "where": session.frames.unravel(frame)}


def everything_state(annotator: Annotator) -> JsonDict:
    """Return the automatic masks that were found, and their filters."""
    everything = annotator.everything
    return {
        "frame": everything.frame,
        "planes": len(everything.frames),
        "shown": everything.count,
        "rejected": len(everything.rejected),
    }


def tracks_state(annotator: Annotator) -> JsonDict:
    """Return the frames that wait for review, flagged ones first."""
    queue, current = annotator.review.queue, annotator.review.current
    return {
        "flagged": len(queue),
        "queue": [
            {
                "frame": one.at.frame,
                "object": one.at.object_id,
                "confidence": round(one.confidence, 3),
                "flagged": one.flagged,
            }
            for one in queue
        ],
        "current": None if current is None else [current.frame, current.object_id],
    }


def models_state(annotator: Annotator) -> JsonDict:
    """Return the models that can be chosen, and what the last improvement brought."""
    found = annotator.improvement.last
    rows = () if found is None else zip(found.before, found.after, strict=True)
    improved: JsonDict | None = None
    if found is not None:
        end = f"it is {found.name} now" if found.name else "no better: it was dropped"
        improved = {
            "words": f"IoU on {found.objects} objects held back; {end}",
            "rows": [[w, *row] for w, row in zip(_PROMPTS, rows, strict=True)],
        }
    known: list[JsonDict] = [
        {"name": m.name, "here": checkpoints.is_here(m), "good_for": m.good_for}
        for m in checkpoints.models()
    ]
    return {"known": known, "improved": improved}


def words_state(annotator: Annotator) -> JsonDict:
    """Return what words have found, and which model knows them."""
    words = annotator.words
    models = words.models
    return {
        "ready": models.is_there,
        "model": f"Model: {models.name}." if models.is_there else HOW_TO_GET_ONE,
        "counts": words.counts if words.found_by else {},
        "by": words.found_by,
    }


def strip_state(annotator: Annotator) -> JsonDict:
    """Return what is known of the selected object along time, as runs of marks."""
    session, timeline = annotator.session, annotator.timeline
    if session is None or timeline is None:
        return {}
    selected = annotator.objects.selected
    chosen = session.current.object_id if selected is None else selected
    row = timeline.rows.get(chosen)
    marks = [0] * timeline.length if row is None else row.tolist()
    runs = [[mark, len(list(run))] for mark, run in groupby(marks)]
    axis = time_axis(session.frames)
    return {"axis": axis, "object": chosen, "runs": runs}


def journal_sentence(journal: RecoverableSession) -> str:
    """Say what earlier work there is, for a person."""
    objects = "1 object" if journal.objects == 1 else f"{journal.objects} objects"
    when = journal.when.astimezone()
    return f"Work from {when:%H:%M on %d %B} on this image ({objects}) was not saved."


def overlap_sentence(found: dict[int, float]) -> str:
    """Say which objects a new mask lies on, for a person."""
    names = ", ".join(f"{i} ({share:.0%} of the mask)" for i, share in found.items())
    return f"The new mask lies on other objects: {names}."


def _items(prompts: Prompts) -> list[JsonDict]:
    """Return prompts that are drawn: masks and candidates are not."""
    kinds = ("point", "box", "polygon", "scribble")
    found = [codec.to_dict(item) for item in prompts.items]
    return [item for item in found if item["kind"] in kinds]  # type: ignore[misc]
