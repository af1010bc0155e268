"""Files that the reference packages save are downloaded and opened by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import napari_sam as sam
from napari_sam import checkpoints
from napari_sam.apps.cli import main
from napari_sam.checkpoints import Download, ModelEntry, catalogue
from napari_sam.checkpoints.integrity import digest
from napari_sam.io import read_image, write_labels
from napari_sam.models.config import SamConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAID = sam.Prompts().point(20, 30)


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that saves weights and puts them on our list as `vit_b`."""

    def put(state: dict[str, Any], name: str = "vit_b") -> None:
        folder = tmp_path / "mirror"
        folder.mkdir()
        torch.save(state, folder / "weights.pth")
        file = Download("weights.pth", "", digest(folder / "weights.pth", "sha256"))
        entry = ModelEntry(name, name, "tests", weights=file)
        monkeypatch.setattr(catalogue, "published", lambda: (entry,))
        monkeypatch.setenv("NAPARI_SAM_MIRROR", str(folder))

    return put


def test_what_the_reference_saved_segments_by_name_in_both_doors(
    reference_sam: Callable[[SamConfig], torch.nn.Module],
    publish: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = SamConfig.tiny()
    monkeypatch.setattr(SamConfig, "vit_b", classmethod(lambda cls: config))
    publish(reference_sam(config).state_dict())
    pixels = np.random.default_rng(0).integers(0, 256, (50, 80), np.uint8)
    answer = sam.segment(pixels, SAID, model="vit_b", device="cpu")
    write_labels(tmp_path / "image.tif", pixels)
    words = ["--model", "vit_b", "--device", "cpu", "--point", "20,30"]
    files = [str(tmp_path / "image.tif"), "-o", str(tmp_path / "mask.tif")]
    done = CliRunner().invoke(main, ["segment", *files, *words])
    assert done.exit_code == 0, done.output
    mask = np.asarray(read_image(tmp_path / "mask.tif").data)
    np.testing.assert_array_equal(mask, answer.full((50, 80)))


def test_a_whole_vit_b_of_the_reference_opens_by_name(
    import_reference: Callable[[str], Any], publish: Callable[..., None]
) -> None:
    reference = import_reference("segment_anything").build_sam_vit_b()
    state = reference.state_dict()
    publish(state)
    backend = sam.load_backend("vit_b", device="cpu", precision="float32")
    ours = backend.model.state_dict()  # type: ignore[attr-defined]
    assert ours.keys() == state.keys()
    for name, value in state.items():
        torch.testing.assert_close(ours[name], value, rtol=0, atol=0)
    assert checkpoints.path("vit_b").stat().st_size > 370_000_000
