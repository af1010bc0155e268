from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from napari_sam.core.errors import SettingError
from napari_sam.core.settings import check, setting, settings_of


@dataclass(frozen=True, slots=True)
class Example:
    width: int = setting(
        8, label="Width", tip="Of a tile.", unit="px", minimum=1, maximum=64, step=8
    )
    gamma: float = setting(1.0, label="Gamma", tip="Above 1 is darker.", minimum=0.1)
    limit: int | None = setting(None, label="Limit", tip="At most so many.", minimum=1)
    form: Literal["box", "point"] = setting("box", label="Form", tip="Of a prompt.")
    model: str = setting("a", label="Model", tip="Its name.", choices=["a", "b"])
    file: Path | None = setting(None, label="File", tip="Where it goes.")
    connected: bool = setting(True, label="Connected", tip="Only what hangs together.")
    inner: int = 3

    def __post_init__(self) -> None:
        check(self)


def test_settings_tell_a_form_all_it_shows():
    found = {s.name: s for s in settings_of(Example)}
    assert list(found) == [
        "width", "gamma", "limit", "form", "model", "file", "connected",
    ]  # fmt: skip
    width = found["width"]
    assert (width.type, width.default, width.label) == (int, 8, "Width")
    assert (width.unit, width.minimum, width.maximum, width.step) == ("px", 1, 64, 8)
    assert (found["limit"].type, found["limit"].optional) == (int, True)
    assert (found["form"].type, found["form"].choices) == (str, ("box", "point"))
    assert found["model"].choices == ("a", "b")
    assert (found["file"].type, found["file"].default) == (Path, None)
    assert found["connected"].type is bool


def test_values_in_their_range_are_taken():
    assert Example(64, 2, None, "point", "b").width == 64
    assert Example(gamma=1) == Example(gamma=1.0)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"width": 0}, r"width=0 \(Width\): expected 1 to 64 px. Of a tile."),
        ({"width": 65}, "1 to 64 px"),
        ({"width": 2.5}, "a whole number"),
        ({"width": True}, "a number"),
        ({"gamma": 0.0}, "at least 0.1"),
        ({"gamma": float("nan")}, "at least 0.1"),
        ({"gamma": "1"}, "a number"),
        ({"limit": 0}, "at least 1"),
        ({"form": "mask"}, "one of 'box', 'point'"),
        ({"model": "c"}, "one of 'a', 'b'"),
        ({"gamma": None}, "a number"),
    ],
)
def test_other_values_are_refused_with_what_was_expected(values, match):
    with pytest.raises(SettingError, match=match):
        Example(**values)
