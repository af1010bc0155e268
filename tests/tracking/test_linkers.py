"""Linkers: the promises of the suite, and how they are named."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import ImageError, MissingPackageError, SettingError
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.testing import LinkerTests
from napari_sam.testing.linker_suite import cells
from napari_sam.tracking import LinkSettings
from napari_sam.tracking.linking import linkers
from napari_sam.tracking.linking.linkers import linker, linker_names
from napari_sam.tracking.linking.overlap_linker import OverlapLinker


class TestOverlap(LinkerTests):
    def make_linker(self):
        return OverlapLinker()


class TestOverlapWithMerges(LinkerTests):
    def make_linker(self):
        return OverlapLinker(LinkSettings(merges=True, drift=False))


class NotTrackastra:
    """Has the method that we call; each object goes on as the nearest, within 20."""

    def __init__(self):
        self.calls = []

    @classmethod
    def from_pretrained(cls, name):
        assert name == "general_2d"
        return cls()

    def track(self, imgs, masks, mode="greedy"):
        assert imgs.shape == masks.shape == (*masks.shape[:1], *imgs.shape[1:])
        nodes = [
            {"time": t, "label": int(i), "coords": np.argwhere(plane == i).mean(0)}
            for t, plane in enumerate(masks)
            for i in np.unique(plane[plane > 0])
        ]
        edges = []
        for k, node in enumerate(nodes):
            far = {
                j: np.linalg.norm(other["coords"] - node["coords"])
                for j, other in enumerate(nodes)
                if other["time"] == node["time"] - 1
            }
            if far and min(far.values()) < 20:
                edges.append((min(far, key=far.get), k))
        return SimpleNamespace(nodes=nodes, edges=edges), masks


@pytest.fixture
def not_trackastra(monkeypatch):
    module = ModuleType("trackastra.model")
    module.Trackastra = NotTrackastra
    monkeypatch.setitem(sys.modules, "trackastra", ModuleType("trackastra"))
    monkeypatch.setitem(sys.modules, "trackastra.model", module)


@pytest.mark.usefixtures("not_trackastra")
class TestTheAdapterOfTrackastra(LinkerTests):
    """What we hand to Trackastra and take from it; the package itself is not here."""

    def make_linker(self):
        return linker("trackastra")

    def test_it_needs_the_image(self):
        with pytest.raises(ImageError, match="--image"):
            drain(self.make_linker().link(Frames(cells(), "tyx"), "t"))

    def test_the_image_comes_by_the_front_door(self):
        labels = cells(divides=True)
        image = np.stack([labels > 0] * 3, axis=1) * 9.0  # three channels, alike
        given = Frames(image, "tcyx")
        tracks = sam.link(labels, axes="tyx", method="trackastra", image=given)
        assert len(tracks.divisions) == 1


def test_a_package_that_is_not_there_is_named():
    assert "trackastra" not in sys.modules
    with pytest.raises(MissingPackageError, match="pip install trackastra"):
        linker("trackastra")


def test_another_package_offers_a_linker_by_its_name(monkeypatch):
    entry = EntryPoint(
        "mine", "napari_sam.tracking.linking.overlap_linker:OverlapLinker", "x"
    )
    broken = EntryPoint("broken", "no.such.module:thing", "x")
    offered = {"mine": entry, "broken": broken}
    monkeypatch.setattr(
        linkers,
        "entry_points",
        lambda group, name=None: [e for n, e in offered.items() if name in (None, n)],
    )
    assert linker_names() == ("broken", "mine", "overlap", "trackastra")
    settings = LinkSettings(max_gap=7)
    assert linker("mine", settings).settings == settings
    with pytest.raises(SettingError, match=r"no\.such\.module"):
        linker("broken")
    with pytest.raises(SettingError, match="'mine', 'overlap'"):
        linker("magic")


def test_a_linker_of_ones_own_is_taken_as_it_is():
    own = OverlapLinker()
    assert linker(own) is own
