"""An action is one class in one file: nothing else needs to know of it."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import napari_sam.session.actions as package
from napari_sam import Address
from napari_sam.core.errors import SessionError
from napari_sam.session import AnnotationSession, ObjectInfo, actions
from napari_sam.session.actions import action_from_dict, action_kinds, discovery

from .conftest import kept

RECOLOR = '''
from dataclasses import dataclass
from typing import ClassVar

from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts
from napari_sam.session.actions.action import Action
from napari_sam.session.codec import stored
from napari_sam.session.edits import ObjectEdit
from napari_sam.session.object_table import ObjectInfo


@dataclass(frozen=True)
class Swap(Action):
    """Two objects exchange what is known of them."""

    kind: ClassVar[str] = "exchange"

    one: int
    other: int
    seen: tuple[tuple[Address, Prompts], ...] = stored("places", default=())
    note: ObjectInfo | None = None

    def edits(self, state):
        a, b = state.objects[self.one], state.objects[self.other]
        yield ObjectEdit(self.one, a, b)
        yield ObjectEdit(self.other, b, a)
'''


@pytest.fixture
def swap(tmp_path, monkeypatch):
    """A new action, as one more file of the package."""
    (tmp_path / "swap.py").write_text(RECOLOR)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    discovery._import_modules.cache_clear()
    assert "exchange" in action_kinds()
    yield sys.modules["napari_sam.session.actions.swap"].Swap
    discovery._import_modules.cache_clear()
    del sys.modules["napari_sam.session.actions.swap"]


def test_a_new_action_is_a_new_file(session, swap, image):
    kept(session, (8, 8), (45, 45))
    session.execute(actions.SetInfo(1, ObjectInfo("left", status="committed")))
    place = (Address(0, 1), session.committed_prompts[Address(0, 1)])
    session.execute(swap(2, 1, (place,), ObjectInfo(color=(1.0, 0.0, 0.5, 1.0))))
    assert session.objects[2].name == "left"
    session.undo()
    assert session.objects[1].name == "left"
    session.redo()
    written = json.loads(json.dumps(session.to_dict()))
    assert written["steps"][-1]["places"][0][:2] == [0, 1]
    again = AnnotationSession.from_dict(written, image)
    assert again.objects == session.objects
    assert again.history.last.action == session.history.last.action


def test_what_an_action_lacks_is_said():
    with pytest.raises(SessionError, match="lacks 'pixels'"):
        action_from_dict({"do": "grow", "at": [0, 1]})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Say", actions.SetPrompts),
        ("Keep", actions.AddMasks),
        ("Describe", actions.SetInfo),
        ("Grow", actions.Resize),
    ],
)
def test_old_names_of_actions_work_for_one_release(old, new):
    with pytest.warns(FutureWarning, match=new.__name__):
        assert getattr(actions, old) is new


def test_old_names_of_a_session_work_for_one_release(session):
    with pytest.warns(FutureWarning, match="execute"):
        assert session.do == session.execute
    with pytest.warns(FutureWarning, match="open_prompts"):
        assert session.questions == {}
    with pytest.raises(AttributeError, match="dance"):
        _ = session.dance


def test_numbers_of_numpy_are_written_as_numbers(session):
    kept(session, (8, 8))
    session.execute(actions.Delete(tuple(np.unique(session.labels)[1:])))
    from napari_sam.session.codec import plain_number

    text = json.dumps(session.to_dict(), default=plain_number)
    assert json.loads(text)["steps"][-1] == {"do": "delete", "objects": [1]}
