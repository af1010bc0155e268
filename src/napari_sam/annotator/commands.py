"""Commands as data: keys, buttons, menus and help are made from this one list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.annotator import Annotator


@dataclass(frozen=True, slots=True)
class Command:
    """A command: something that a person does by one key or button.

    Attributes
    ----------
    id
        Name in preferences.
    title
        What a button or a menu says.
    tip
        What it does, in half a sentence.
    key
        The key it has where the person chose no other.
    run
        Does it.
    ends_drawing
        The key ends a drawing on layers that prompts are drawn on: it is not taken
        there.
    """

    id: str
    title: str
    tip: str
    key: str
    run: Callable[[Annotator], object]
    ends_drawing: bool = False


def _toggle_prompts(annotator: Annotator) -> None:
    if annotator.view is not None:
        annotator.view.toggle_prompts()


#: Every command. The keys are free on every layer of napari and on its viewer.
COMMANDS: tuple[Command, ...] = (
    Command(
        "commit", "Commit", "commit the mask, and go on to a new object", "K",
        lambda a: a.commits.commit(),
    ),
    Command(
        "next_object", "New object", "commit what there is, go on to a new object", "N",
        lambda a: a.objects.next(),
    ),
    Command(
        "previous_object", "Previous object", "correct the object before", "U",
        lambda a: a.objects.previous(),
    ),
    Command(
        "correct", "Correct", "correct the selected object, with all of its prompts",
        "Shift-K", lambda a: a.objects.correct(),
    ),
    Command(
        "candidate", "Next candidate", "show another candidate mask", "J",
        lambda a: a.candidates.cycle(),
    ),
    Command(
        "polarity", "Positive or negative", "switch between positive and negative", "Q",
        lambda a: a.preview.toggle_polarity(),
    ),
    Command(
        "hover", "Mask under the mouse", "preview what a click would give, or stop",
        "H", lambda a: a.hover.toggle(),
    ),
    Command(
        "prompts", "Hide prompts", "hide the prompts, or show them", "W",
        _toggle_prompts,
    ),
    Command(
        "approve", "Approve", "approve the objects; again, take it back", "G",
        lambda a: a.editing.approve(),
    ),
    Command(
        "classify", "Classify the rest",
        "give each unnamed object the class of the named ones that it looks like",
        "Shift-L", lambda a: a.classes.classify_rest(),
    ),
    Command(
        "propagate", "Propagate", "propagate the objects to all frames", "Shift-T",
        lambda a: a.propagation.propagate(),
    ),
    Command(
        "review_next", "Next flagged", "go to the frame of lowest confidence",
        "Shift-D", lambda a: a.review.next(),
    ),
    Command(
        "review_accept", "Accept", "approve the flagged frame, go to the next",
        "Shift-G", lambda a: a.review.accept(),
    ),
    Command(
        "review_correct", "Correct here",
        "prompt it again on this frame; committing updates the frames next to it",
        "Shift-C", lambda a: a.review.correct(),
    ),
    Command(
        "review_divide", "Two daughters",
        "the mask covers both daughters: split it, and propagate each of them",
        "Shift-Y", lambda a: a.review.divide(),
    ),
    Command(
        "next_image", "Next image",
        "go to the next image of the folder, with its labels or session", "Shift-N",
        lambda a: a.events.next_image_wanted.emit(),
    ),
    Command("undo", "Undo", "take back the last step", "Control-Z", lambda a: a.undo()),
    Command(
        "redo", "Redo", "repeat the step taken back", "Control-Shift-Z",
        lambda a: a.redo(),
    ),
    Command(
        "cancel", "Cancel", "stop long work", "Escape", lambda a: a.cancel(),
        ends_drawing=True,
    ),
)  # fmt: skip


def shown_key(key: str) -> str:
    """Return a key as people write it."""
    return key.replace("Control", "Ctrl").replace("Escape", "Esc").replace("-", "+")
