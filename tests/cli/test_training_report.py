"""What a training says of few images, of its curve, and of what was kept."""

from math import nan

import pytest

from napari_sam.apps.cli import training_report
from napari_sam.training.loop import TrainingReport
from napari_sam.training.weight_share import KeptShare, Overlaps


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(training_report, "say", lines.append)
    return lines


def measured(step, steps, mean):
    return TrainingReport(step, steps, nan, mean - 0.1, mean + 0.1)


def test_the_curve_is_drawn_and_an_early_end_explained(said):
    means = [(0, 0.5), (10, 0.6), (20, 0.55), (30, 0.52)]
    training_report.report_curve([measured(k, 80, mean) for k, mean in means])
    assert said == [
        "held back 0.500 ▁█▅▂ 0.600 at the best",
        "It ended after 30 steps: nothing rose any more.",
    ]


def test_a_run_to_the_end_says_nothing_of_an_early_one(said):
    training_report.report_curve([measured(0, 9, 0.5), measured(9, 9, 0.5)])
    assert said == ["held back 0.500 ▁▁ 0.500 at the best"]


def test_what_was_kept_is_told_with_its_figures(said):
    kept = KeptShare(0.75, Overlaps(0.5, 0.6), Overlaps(0.58, 0.595))
    training_report.report_kept_share(kept, "pocket")
    assert said == [
        "75% of what was learnt is kept. IoU held back 0.500 → 0.580, on drawn scenes "
        "0.600 → 0.595"
    ]


def test_that_nothing_was_kept_is_told(said):
    same = Overlaps(0.5, 0.6)
    training_report.report_kept_share(KeptShare(0.0, same, same), "pocket")
    assert "weights of pocket as they were" in said[0]
