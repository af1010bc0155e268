"""A classifier names objects as one step, and leaves alone what a person said."""

from dataclasses import replace

import numpy as np
import pytest

from napari_sam import Address
from napari_sam.core.mask import Mask
from napari_sam.session import AnnotationSession, ObjectInfo, actions
from napari_sam.session.object_attributes import object_attributes


@pytest.fixture
def session(image):
    made = AnnotationSession(image)
    dot = np.ones((2, 2), bool)
    made.add_masks(
        {Address(0, k): Mask.from_array(dot, top=4 * k, left=3) for k in range(1, 5)}
    )
    named = ObjectInfo(category="cell", status="committed")
    made.execute(actions.SetInfo(1, named))
    made.execute(actions.SetInfo(2, replace(named, category_score=0.6)))
    approved = replace(named, category_score=0.7, status="approved")
    made.execute(actions.SetInfo(3, approved))
    return made


def classes(session):
    return {i: (o.category, o.category_score) for i, o in session.objects.items()}


def test_only_what_nobody_named_is_classed_and_undo_takes_all_back(session):
    before = classes(session)
    rest = tuple((i, "debris", 0.9) for i in (1, 2, 3, 4, 77))
    session.execute(actions.Classify(rest))
    assert classes(session) == {
        1: ("cell", None),
        2: ("debris", 0.9),
        3: ("cell", 0.7),
        4: ("debris", 0.9),
    }
    assert object_attributes(session)[Address(0, 4)]["class_score"] == 0.9
    session.undo()
    assert classes(session) == before
    session.redo()
    assert classes(session)[4] == ("debris", 0.9)


def test_a_record_does_it_again_without_a_model(session, image):
    session.execute(actions.Classify(((4, "debris", 0.25),)))
    data = session.to_dict()
    assert actions.Classify(((4, "debris", 0.25),)).to_dict()["classes"] == [
        [4, "debris", 0.25]
    ]
    again = AnnotationSession.from_dict(data, image)
    assert classes(again) == classes(session)


def test_what_a_person_named_is_written_as_before():
    from napari_sam.session.codec import fields_from_dict, fields_to_dict

    named = ObjectInfo(category="cell")
    assert "class_score" not in fields_to_dict(named)
    guessed = replace(named, category_score=0.5)
    assert fields_from_dict(ObjectInfo, fields_to_dict(guessed)) == guessed
