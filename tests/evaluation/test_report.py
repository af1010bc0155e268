import csv
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_sam.core.progress import drain
from napari_sam.evaluation import (
    Report,
    evaluate,
    iter_worst,
    open_classical,
    synthetic_images,
    write_html,
)
from napari_sam.evaluation.report import as_json
from napari_sam.evaluation.svg import Series, plot
from napari_sam.evaluation.tables import Table, all_tables, ranking_line
from napari_sam.testing import ThresholdBackend

PAIRS = synthetic_images(3, size=128)
MODELS = {"thresh<old>": ThresholdBackend(), "flood": open_classical("flood")}


@pytest.fixture(scope="module")
def report():
    found = evaluate(MODELS, PAIRS, objects=3)
    return Report(found.results, {"data": "a < b"})


def test_a_table_lines_up_and_is_written_in_three_ways():
    table = Table("T", ("what", "n"), (("a & b", "1"), ("c", "22")))
    assert table.text() == "what    n\na & b   1\nc      22"
    assert table.markdown().splitlines() == [
        "| what | n |", "| --- | --- |", "| a & b | 1 |", "| c | 22 |",
    ]  # fmt: skip
    assert "<td>a &amp; b</td><td>1</td>" in table.html()


def test_tables_show_the_means_of_the_first_and_every_row_is_full(report):
    first = report.tables[0]
    mine = [r for r in report.results if r.model == "thresh<old>"]
    assert first.rows[0][:2] == ("synthetic", str(len(mine)))
    assert first.rows[0][2].startswith(f"{np.mean([r.click for r in mine]):.3f} ±")
    assert first.rows[0][3] == f"{np.mean([r.best for r in mine]):.3f}"
    assert first.rows[0][-1].startswith(f"{np.mean([r.clicks[4] for r in mine]):.3f}")
    for table in report.tables:
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_others_stand_beside_the_first(report):
    titles = [t.title for t in report.tables]
    (beside,) = [t for t in report.tables if t.title == "Mean IoU of all models"]
    assert [row[:2] for row in beside.rows] == [
        ("synthetic", "thresh<old>"), ("synthetic", "flood"),
    ]  # fmt: skip
    alone = [r for r in report.results if r.model == "flood"]
    assert [t.title for t in all_tables(alone)] == titles[:3]
    assert "Median IoU" in [t.title for t in all_tables(alone, thorough=True)]


def test_all_kinds_together_come_last_and_sizes_begin_with_the_small(report):
    alone = [r for r in report.results if r.model == "flood"]
    others = [replace(r, kind="a kind") for r in alone]
    kinds, sizes, *_ = all_tables([*alone, *others])
    assert [row[0] for row in kinds.rows] == ["a kind", "synthetic", "all"]
    assert sizes.rows[0][0].startswith("small")
    assert int(kinds.rows[-1][1]) == sum(int(row[1]) for row in sizes.rows)


def test_only_who_has_several_candidates_is_said_to_rank_them(report):
    assert "first" in ranking_line(report.results, "thresh<old>")
    assert ranking_line(report.results, "flood") == ""


def test_files_hold_every_object_and_every_figure(report, tmp_path):
    report.write(tmp_path)
    objects = list(csv.DictReader((tmp_path / "objects.csv").open()))
    assert len(objects) == len(report.results)
    for row, result in zip(objects, report.results, strict=True):
        assert float(row["clicks_5"]) == pytest.approx(result.clicks[4], abs=1e-4)
        assert row["to_0.8"] == str(result.needed(0.8) or "")
    summary = list(csv.DictReader((tmp_path / "summary.csv").open()))
    groupings = {"all", "kind", "size", "kind and size"}
    assert {row["grouping"] for row in summary} == groupings
    whole = next(
        r for r in summary
        if (r["model"], r["grouping"], r["figure"]) == ("flood", "all", "box")
    )  # fmt: skip
    boxes = [r.box for r in report.results if r.model == "flood"]
    assert float(whole["mean"]) == pytest.approx(np.mean(boxes), abs=1e-4)
    assert float(whole["low"]) <= float(whole["mean"]) <= float(whole["high"])


def test_json_has_no_nan(report):
    one_image = [r for r in report.results if r.name == report.results[0].name]
    text = as_json(Report(tuple(one_image)))
    data = json.loads(text, parse_constant=pytest.fail)
    assert data["summary"][0]["low"] is None


def test_the_page_needs_nothing_beside_it(report, tmp_path):
    mine = [r for r in report.results if r.model == "thresh<old>"]
    cases = drain(iter_worst(ThresholdBackend(), PAIRS, mine, count=1))
    path = tmp_path / "report.html"
    write_html(path, report, cases)
    page = path.read_text()
    assert page.count("data:image/png;base64,") == len(cases) == 3
    for source in re.findall(r'(?:src|href)="([^"]*)', page):
        assert source.startswith("data:image/png;base64,")
    assert "http" not in page
    assert "<old>" not in page
    assert "a &lt; b" in page


def test_the_page_is_well_formed(report, tmp_path):
    write_html(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text()
    body = page[page.index("<body>") : page.index("</html>")]
    root = ET.fromstring(body.replace("&nbsp;", " "))
    assert len(root.findall(".//svg")) == 2  # IoU by clicks, and one model's scores


def test_the_lines_of_the_page_on_evaluation_run(threshold_model, capsys):
    page = Path(__file__).parents[2] / "docs" / "evaluation.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
    exec(compile(block, str(page), "exec"), {})
    assert capsys.readouterr().out.startswith("images")


def test_a_plot_puts_points_where_they_belong():
    series = [Series("a", [(0, 0), (1, 1)], [1, 4]), Series("b", [(0.5, 0.5)])]
    text = plot(
        "t", series, x_title="x", y_title="y", x_range=(0, 1), ticks=(0, 1),
        diagonal=True,
    )  # fmt: skip
    root = ET.fromstring(text)
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter("circle")]
    (left, bottom), (right, top), middle = dots
    assert left < right
    assert top < bottom  # SVG counts downwards
    assert middle == ((left + right) / 2, (top + bottom) / 2)
    small, large, _ = (float(c.get("r")) for c in root.iter("circle"))
    assert small < large
