"""The card of an exported data set says how it was labelled."""

import json

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.datasets.export import ExportSettings
from napari_sam.labelling.how_labelled import how_labelled
from napari_sam.testing import ColourConcepts, ThresholdBackend

NOBODY = "No person reviewed the 21 objects."


def card_of(folder, out, **settings):
    """What the card of an export says of how it was labelled."""
    sam.export_labels(folder, out, settings=ExportSettings("masks", **settings))
    card = (out / "DATA_CARD.md").read_text()
    return card.partition("## How it was labelled\n\n")[2].rstrip("\n")


def set_dates(folder, *dates):
    """Make a data set one of other days."""
    path = folder / "dataset.json"
    index = json.loads(path.read_text())
    assert len(index["made_by"]["dates"]) == 2
    index["made_by"]["dates"] = dates
    path.write_text(json.dumps(index))


def test_the_card_names_the_model_the_examples_the_days_and_the_review(
    dataset, tmp_path
):
    out = tmp_path / "out"
    set_dates(out, "2026-01-30", "2026-02-02")
    by = "By napari-sam with the model `InstanceThresholdBackend`, "
    made = f"{by}2026-01-30 to 2026-02-02. Classes by examples: bar (1), square (1)."
    assert card_of(out, tmp_path / "one") == f"{made} {NOBODY}"
    first, second, third = dataset.most_uncertain(3)
    dataset.accept(first)
    dataset.reject(second)
    dataset.accept(third)
    dataset.undo()
    dataset.add("b.tif", 0, Mask.from_array([[True] * 3] * 3, top=61, left=55))
    dataset.add("b.tif", 0, Mask.from_array([[True] * 3] * 3, top=61, left=45))
    dataset.undo()
    reviewed = (
        "Of 21 objects, a person reviewed 2 (10 %): 1 accepted, 1 rejected. "
        "Drawn by hand besides: 1."
    )
    said = card_of(out, tmp_path / "two", labelled_by="Two people.")
    assert said == f"Two people.\n\n{made} {reviewed}"


def test_the_first_day_stays_and_the_last_is_that_of_the_last_image(
    images, tmp_path, backend
):
    out = tmp_path / "out"
    sam.label(images, out, model=backend)
    set_dates(out, "2020-01-01", "2020-01-02")
    sam.label(images, out, model=backend)  # nothing to do
    assert "2020-01-01 to 2020-01-02. All objects were found" in how_labelled(out)
    (out / "labels" / "b.tif").unlink()
    sam.label(images, out, model=backend)
    assert "2020-01-01 to 20" in how_labelled(out)
    assert "2020-01-02" not in how_labelled(out)
    sam.label(images, out, model=backend, overwrite=True)
    assert "2020" not in how_labelled(out)


def test_words_and_folders_of_folders(images, tmp_path):
    given = {"words": ["red", "green"], "unwanted_words": ["blue"]}
    for name in ("one", "two"):
        sam.label(
            images, tmp_path / "sets" / name, **given, concepts=ColourConcepts(),
            model=ThresholdBackend(threshold=60),
        )  # fmt: skip
    (tmp_path / "sets" / "other").mkdir()
    said = how_labelled(tmp_path / "sets").splitlines()
    assert [line.partition(":")[0] for line in said] == ["- one", "- two"]
    words = "Classes by words: red, green (left out: blue), found by colours."
    assert words in said[0]


def test_what_is_no_data_set_of_ours_says_nothing(dataset, tmp_path):
    out = tmp_path / "out"
    (out / "dataset.json").write_text('{"format": "of others"}')
    assert card_of(out, tmp_path / "one") == "not stated"
    assert card_of(out, tmp_path / "two", labelled_by="Me.") == "Me."
