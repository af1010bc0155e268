from __future__ import annotations

import numpy as np
import pytest

from napari_sam import PromptableImage
from napari_sam.session import AnnotationSession
from napari_sam.testing import ThresholdBackend


def movie():
    """Three planes with four squares of 10 pixels; the second has one with a hole."""
    pixels = np.zeros((3, 64, 64), np.uint8)
    for top in (4, 40):
        for left in (4, 40):
            pixels[:, top : top + 10, left : left + 10] = 200
    pixels[1, 20:30, 20:30] = 200
    pixels[1, 23:26, 23:26] = 0
    return pixels


def promptable(pixels=None):
    pixels = movie() if pixels is None else pixels
    axes = {2: "yx", 3: "tyx", 4: "tzyx"}[pixels.ndim]
    return PromptableImage(pixels, ThresholdBackend(), axes=axes)


@pytest.fixture
def image():
    return promptable()


@pytest.fixture
def session(image):
    return AnnotationSession(image)


def snapshot(session):
    """All that a person could tell apart."""
    state = session.state
    return (
        np.asarray(state.labels.array[:]).tobytes(),
        dict(state.open_prompts),
        dict(state.committed_prompts),
        dict(state.objects),
        {at: foot.area for at, foot in state.footprints.items()},
        dict(state.tracked),
        state.edges,
    )


def kept(session, *positions, frame=0):
    """Click on positions, each a new object, and keep the masks."""
    from napari_sam import Address

    numbers = []
    for row, col in positions:
        session.current = Address(frame, session.state.objects.free_id())
        session.add_point(row, col)
        session.commit()
        numbers.append(session.current.object_id)
    return numbers
