"""What napari, pip and other packages read about us is true."""

import importlib.metadata
from pathlib import Path

from npe2 import PluginManifest

import napari_sam

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "src" / "napari_sam" / "napari.yaml"


def test_the_manifest_is_valid():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.name == "napari-sam"


def test_the_manifest_at_the_top_is_a_link():
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert link.resolve() == MANIFEST


def test_the_version_stands_in_one_place():
    assert importlib.metadata.version("napari-sam") == napari_sam.__version__


def test_every_entry_point_leads_somewhere():
    ours = importlib.metadata.distribution("napari-sam").entry_points
    groups = {"console_scripts", "napari.manifest", "napari_sam.backends"}
    assert groups <= {point.group for point in ours}
    for point in ours:
        if point.group != "napari.manifest":
            assert callable(point.load())
