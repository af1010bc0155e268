"""Guidance: what a person can do next, in a sentence that every view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.annotator.annotator import Annotator


def next_step(annotator: Annotator, keys: Mapping[str, str]) -> str:
    """Return the next step of annotating, as a sentence.

    Parameters
    ----------
    annotator
        What is annotated, and how far it is.
    keys
        The key of each command as people write it, by the command's id.
    """
    session = annotator.session
    if session is None:
        return ""
    if session.preview is not None and session.preview.area:
        return (
            f"{keys['commit']} commit · right-click: not this · "
            f"{keys['candidate']} another"
        )
    if session.preview is None and session.current_prompts:
        return (
            "Finding the mask …" if annotator.has_model else "Waiting for the model …"
        )
    if not annotator.preview.positive:
        return f"Click beside the object; {keys['polarity']}: positive again"
    return "Click on an object, or draw a box around it"
