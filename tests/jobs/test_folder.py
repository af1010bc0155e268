import numpy as np
import pytest
import tifffile

from napari_sam.api import segment_folder
from napari_sam.core.errors import PromptError
from napari_sam.jobs import PromptFiles
from napari_sam.testing.threshold_backend import open_threshold

CSV = "object,frame,row,col,positive\n1,0,15,25,1\n2,0,55,9,1\n"


@pytest.fixture
def folder(tmp_path, blobs):
    """Two images with prompts, and one without."""
    (tmp_path / "images").mkdir()
    (tmp_path / "prompts").mkdir()
    for name in "abc":
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", blobs)
    for name in "ab":
        (tmp_path / "prompts" / f"{name}.csv").write_text(CSV)
    return tmp_path


def run(folder, **options):
    outcomes = segment_folder(
        folder / "images",
        PromptFiles(folder / "prompts"),
        folder / "out",
        model=open_threshold("threshold"),
        **options,
    )
    return {outcome.path.stem: outcome.state for outcome in outcomes}


def test_a_folder_is_segmented_without_the_command_line(folder):
    assert run(folder) == {"c": "skipped", "a": "written", "b": "written"}
    labels = tifffile.imread(folder / "out" / "a.tif")
    assert np.bincount(labels.ravel()).tolist() == [4096 - 500, 400, 100]


def test_the_same_folder_goes_on_where_it_was(folder):
    run(folder)
    (folder / "prompts" / "b.csv").write_text(CSV.replace("2,0,", "7,0,"))
    assert run(folder) == {"a": "there", "c": "skipped", "b": "written"}
    assert tifffile.imread(folder / "out" / "b.tif").max() == 7


def test_each_outcome_is_reported_as_soon_as_it_is_known(folder):
    seen = []
    run(folder, report=lambda outcome: seen.append((outcome.path.stem, outcome.state)))
    assert seen == [("c", "skipped"), ("a", "written"), ("b", "written")]


def test_prompts_of_one_image_are_refused(folder):
    one = PromptFiles(folder / "prompts" / "a.csv")
    with pytest.raises(PromptError, match='a column "image"'):
        segment_folder(
            folder / "images", one, folder / "out", model=open_threshold("threshold")
        )
