from importlib.metadata import EntryPoint, EntryPoints

import pytest

from napari_sam.core import registry
from napari_sam.core.errors import ModelError, UnknownModelError
from napari_sam.testing.threshold_backend import open_threshold


def test_a_name_resolves_to_what_its_entry_point_names(threshold_model):
    assert registry.resolve_backend(threshold_model) is open_threshold
    assert registry.backend_names() == ("pocket", "threshold")


def test_a_misspelt_name_is_met_with_the_right_one(threshold_model):
    with pytest.raises(
        UnknownModelError, match=r"Did you mean 'pocket'.*pocket, threshold"
    ):
        registry.resolve_backend("poket")
    with pytest.raises(LookupError):
        registry.resolve_backend("zebra")


def test_a_package_that_cannot_be_imported_says_so(monkeypatch):
    broken = EntryPoints([EntryPoint("broken", "no_such_module:x", registry.BACKENDS)])
    monkeypatch.setattr(registry, "entry_points", lambda **by: broken.select(**by))
    with pytest.raises(ModelError, match="no_such_module"):
        registry.resolve_backend("broken")
    assert registry.offered() == (("broken", "?"),)
