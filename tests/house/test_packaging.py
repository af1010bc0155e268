"""The extras and the tested versions agree with each other."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDS_TORCHVISION = {"torchvision", "timm", "trackastra"}


def names(requirements):
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in pins
    }


def test_all_is_every_extra_for_users_and_a_qt_binding():
    users = ["napari", "notebook", "geo", "remote", "video", "sam2", "dask"]
    users += ["adapters", "vectors", "formats", "measure", "plots", "evaluation"]
    union = {line for extra in users for line in EXTRAS[extra]}
    (binding,) = set(EXTRAS["all"]) - union
    assert binding.startswith("PySide6_Essentials>=6.8")
    assert union <= set(EXTRAS["all"])


def test_no_extra_refers_to_this_project_by_name():
    for lines in EXTRAS.values():
        assert "napari-sam" not in names(lines)


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"trackastra"}))
def test_torchvision_stays_out(extra):
    assert not names(EXTRAS[extra] + PROJECT["dependencies"]) & NEEDS_TORCHVISION


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"trackastra"}))
def test_the_tested_versions_lie_within_the_declared_ranges(extra):
    pins = constraints()
    for line in EXTRAS[extra] + PROJECT["dependencies"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(
            pins[canonicalize_name(requirement.name)]
        ), line
