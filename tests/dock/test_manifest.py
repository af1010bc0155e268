"""The manifest: valid, and everything it names is there."""

from importlib import import_module
from pathlib import Path

import npe2
import pytest
import yaml

import napari_sam
from napari_sam.annotator.commands import COMMANDS
from napari_sam.apps.dock.key_bindings import chosen_keys

PATH = Path(napari_sam.__file__).with_name("napari.yaml")
MANIFEST = npe2.PluginManifest.from_file(PATH)
DEFAULTS = {command.id: command.key for command in COMMANDS}
GIVEN = MANIFEST.contributions


@pytest.mark.parametrize("command", GIVEN.commands, ids=lambda c: c.id)
def test_every_command_is_there(command):
    room, _, name = command.python_name.partition(":")
    assert callable(getattr(import_module(room), name))


def test_everything_is_a_command_of_ours():
    known = {command.id for command in GIVEN.commands}
    parts = [*GIVEN.widgets, *GIVEN.readers, *GIVEN.writers, *GIVEN.sample_data]
    parts += [item for menu in GIVEN.menus.values() for item in menu]
    assert {part.command for part in parts} == known


def test_the_manifest_says_what_the_plugin_is_for():
    assert MANIFEST.is_visible
    assert set(MANIFEST.categories) == {"Annotation", "Segmentation", "Measurement"}


def test_menus_are_those_that_napari_opens_to_plugins():
    from napari._app_model.constants import MenuId

    open_to_all = {
        menu.value
        for menu in MenuId
        if menu.name.startswith(("LAYERS_", "IO_UTIL", "FILE_IO"))
    }
    assert set(GIVEN.menus) <= open_to_all


def test_every_key_can_be_chosen_and_begins_as_the_default():
    found = GIVEN.configurations["keys"].properties
    assert {name: said.default for name, said in found.items()} == DEFAULTS
    assert all(said.title for said in found.values())


def test_a_key_that_was_chosen_is_the_one_that_counts(plugin_keys):
    plugin_keys.commit = "F7"
    assert chosen_keys() == {**DEFAULTS, "commit": "F7"}


def test_samples_are_told_apart():
    names = [sample.display_name for sample in GIVEN.sample_data]
    assert len(set(names)) == len({s.key for s in GIVEN.sample_data}) == len(names) == 7


def test_the_manifest_is_the_one_at_the_top_of_the_repository():
    top = Path(__file__).parents[2] / "napari.yaml"
    assert yaml.safe_load(top.read_text()) == yaml.safe_load(PATH.read_text())


@pytest.fixture
def plugin_keys():
    """The keys of the preferences, put back afterwards."""
    from napari.settings import get_plugin_settings

    npe2.PluginManager.instance().discover()
    found = get_plugin_settings("napari-sam").keys
    yield found
    for name, key in DEFAULTS.items():
        setattr(found, name, key)
