import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Box, Point, Prompts
from napari_sam.core.prompts.json_csv import from_csv, from_json, to_csv, to_json
from napari_sam.testing.strategies import prompts

addresses = st.builds(Address, st.integers(0, 5), st.integers(1, 9))


@given(st.dictionaries(addresses, prompts(), max_size=3))
@settings(max_examples=50)
def test_json_holds_everything(said):
    assert from_json(to_json(said)) == said


@given(st.dictionaries(addresses, prompts(), max_size=4))
def test_csv_holds_points_and_boxes(said):
    plain = {
        at: Prompts(tuple(s for s in p.items if isinstance(s, Point | Box)))
        for at, p in said.items()
    }
    plain = {at: p for at, p in plain.items() if p.items}
    assert from_csv(to_csv(plain)) == plain


def test_rows_of_one_object_are_said_in_order():
    text = "\ufeffobject,frame,row,col,positive\n1,0,120,85,1\n2,3,5,6,\n1,0,140,30,0\n"
    assert from_csv(text) == {
        Address(0, 1): Prompts.point(120, 85).point(140, 30, positive=False),
        Address(3, 2): Prompts.point(5, 6),
    }


def test_only_the_object_may_not_be_left_out():
    assert from_csv("object, row, col\n7,1,2\n") == {Address(0, 7): Prompts.point(1, 2)}
    boxes = from_csv("object,top,left,bottom,right\n7,1,2,3,4\n")
    assert boxes == {Address(0, 7): Prompts.rectangle(1, 2, 3, 4)}


def test_csv_cannot_hold_a_scribble():
    with pytest.raises(PromptError, match="Use JSON"):
        to_csv({Address(0, 1): Prompts.scribble([(1, 1)])})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "first line"),
        ("row,col\n1,2\n", "object must be there"),
        ("object,x,y\n1,2,3\n", "x, y is not among"),
        ("object,row,col\n1,2\n", "Line 2.*either row and col"),
        ("object,row,col\n1,a,3\n", "Line 2.*'a', which is no number"),
        ("object,row,col\n0,2,3\n", "Line 2.*counted from 1"),
        ("object,row,col\n1.5,2,3\n", "whole number"),
        ("object,frame,row,col\n1,-1,2,3\n", "counted from 0"),
        ("object,row,col\n,2,3\n", "object is missing"),
        ("object,row,col,positive\n1,2,3,maybe\n", "write 1 or 0"),
        ("object,row,col\n1,2,3,4\n", "more values"),
        ("object,top,left,bottom,right\n1,9,9,1,1\n", "Line 2.*empty"),
        ("object,row,col\n5000000000,2,3\n", "Line 2.*from 1 to 4294967295"),
        (f"object,row,col\n1,{'1' * 200_000},3\n", "not CSV.*field limit"),
        (
            "object,top,left,bottom,right,positive\n1,0,0,9,9,0\n",
            "Line 2.*positive cannot be 0",
        ),
    ],
)
def test_rows_that_make_no_sense_are_refused_by_line(text, match):
    with pytest.raises(PromptError, match=match):
        from_csv(text)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not JSON"),
        ("[]", "holds no prompts"),
        ('{"format": "napari-sam prompts", "version": 9, "prompts": []}', "version 9"),
        ('{"format": "napari-sam prompts"}', 'list under "prompts"'),
        (
            '{"format": "napari-sam prompts", "prompts": [{"object": 1}]}',
            "Entry 0.*items",
        ),
        (
            '{"format": "napari-sam prompts", "prompts": [{"said": []}]}',
            "object is missing",
        ),
    ],
)
def test_json_that_makes_no_sense_is_refused(text, match):
    with pytest.raises(PromptError, match=match):
        from_json(text)


@pytest.mark.parametrize("at", [(-1, 1), (0, 0), (0, -3), (0, 2**32)])
def test_an_address_is_one_that_labels_can_hold(at):
    with pytest.raises(PromptError, match="from"):
        Address(*at)


def test_thresholds_are_in_json_and_csv_where_there_are_any():
    said = {
        Address(0, 1): Prompts.point(1, 2).with_threshold(0.25),
        Address(0, 2): Prompts.point(3, 4),
    }
    assert from_json(to_json(said)) == said
    assert from_csv(to_csv(said)) == said
    assert to_csv(said).splitlines()[0].endswith(",threshold")


def test_files_of_the_first_version_are_read():
    text = """{"format": "napari-sam prompts", "version": 1, "prompts": [
        {"object": 2, "frame": 1, "said": [{"kind": "point", "row": 3, "col": 4}]}
    ]}"""
    assert from_json(text) == {Address(1, 2): Prompts.point(3, 4)}
