"""Forms that magicgui makes from settings."""

from dataclasses import dataclass
from typing import Literal

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.core.settings import check, setting
from napari_sam.image.settings import EmbedSettings
from napari_sam.io.settings import SaveSettings
from napari_sam.jobs.settings import SegmentSettings


@dataclass(frozen=True, slots=True)
class Sample:
    halo: int = setting(8, label="Halo", tip="Of tiles.", unit="px", minimum=0)
    gamma: float | None = setting(
        None, label="Gamma", tip="Of grey.", minimum=0.5, maximum=2, step=0.5
    )
    kind: Literal["rle", "polygons"] = setting("rle", label="Kind", tip="Of masks.")
    side: Literal["left", "right"] | None = setting(None, label="Side", tip="Or none.")
    region: tuple[int, int] | None = setting(None, label="Region", tip="In pixels.")

    def __post_init__(self):
        check(self)


@pytest.fixture
def form(qtbot):
    def make(settings, **options):
        made = SettingsForm(settings, **options)
        qtbot.addWidget(made.widget)
        made.widget.show()
        return made

    return make


def test_a_form_shows_labels_tips_units_and_ranges(form):
    shown = form(Sample()).container
    assert [widget.name for widget in shown] == ["halo", "gamma", "kind", "side"]
    assert (shown["halo"].label, shown["halo"].tooltip) == ("Halo", "Of tiles.")
    assert shown["halo"].native.text() == "8 px"
    assert shown["halo"].min == 0
    assert (shown["gamma"].max, shown["gamma"].step) == (2, 0.5)
    assert shown["gamma"].native.text() == "automatic"
    assert list(shown["kind"].choices) == ["rle", "polygons"]
    side = shown["side"].native
    words = [side.itemText(i) for i in range(side.count())]
    assert words == ["automatic", "left", "right"]


@pytest.mark.parametrize(
    "settings",
    [
        Sample(),
        Sample(16, 1.23456, "polygons", "right", (3, 4)),
        Sample(0, 0.5, "rle", "left"),
        EmbedSettings(),
        EmbedSettings((1, 2, 3, 4), None, -0.123456, 8),
        SegmentSettings(-1.5, connected=False),
        SaveSettings("zarr", "polygons", overwrite=True),
    ],
)
def test_a_form_gives_back_the_settings_that_it_was_given(form, settings):
    assert form(settings).settings == settings
    other = form(type(settings)())
    heard = []
    other.changed.connect(heard.append)
    other.settings = settings
    assert other.settings == settings
    assert heard == []


def test_what_a_person_changes_is_in_the_settings(form):
    made = form(Sample(region=(3, 4)))
    heard = []
    made.changed.connect(heard.append)
    QTest.keyClick(made.container["gamma"].native, Qt.Key.Key_Up)
    assert heard[-1] == made.settings == Sample(gamma=0.5, region=(3, 4))
    QTest.keyClick(made.container["gamma"].native, Qt.Key.Key_Down)
    QTest.keyClick(made.container["kind"].native, Qt.Key.Key_Down)
    assert heard[-1] == made.settings == Sample(kind="polygons", region=(3, 4))


def test_none_is_below_the_smallest_number(form):
    made = form(Sample(gamma=0.5))
    QTest.keyClick(made.container["gamma"].native, Qt.Key.Key_Down)
    assert made.settings == Sample(gamma=None)


def test_a_number_without_a_smallest_one_that_may_be_none_is_a_line(form):
    made = form(EmbedSettings(background=-0.5))
    assert [widget.name for widget in made.container] == ["background", "batch"]
    QTest.keyClick(made.container["batch"].native, Qt.Key.Key_Up)
    assert made.settings == EmbedSettings(background=-0.5, batch=1)
    line = made.container["background"].native
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    assert made.settings == EmbedSettings(batch=1)
    for key, background in (("-", None), ("2", -2.0), (".", -2.0), ("5", -2.5)):
        QTest.keyClick(line, key)
        assert made.settings == EmbedSettings(background=background, batch=1)
    QTest.keyClick(line, "x")
    assert made.settings == EmbedSettings(background=-2.5, batch=1)


def test_a_form_may_show_a_part_of_the_settings(form):
    made = form(SegmentSettings(2.0), names=["connected"])
    assert [widget.name for widget in made.container] == ["connected"]
    QTest.keyClick(made.container["connected"].native, Qt.Key.Key_Space)
    assert made.settings == SegmentSettings(2.0, connected=False)
