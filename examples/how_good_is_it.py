"""Measure a model on images with labels, beside what one had before."""

from tempfile import mkdtemp

import napari_sam as sam
from napari_sam.evaluation import (
    evaluate,
    open_classical,
    synthetic_pairs,
    write_html,
)

# Yours would be read_pairs("folder") of napari_sam.datasets; these are generated.
pairs = synthetic_pairs(3)
models = {
    "pocket": sam.load_backend("pocket"),
    "watershed": open_classical("watershed"),
}
report = evaluate(models, pairs, objects=3)

for table in report.tables:
    print(f"{table.title}\n{table.text()}\n")
worst = min(report.results, key=lambda r: r.clicks[-1])
print(f"worst after five clicks: {worst.model} on object {worst.object_id}")

folder = mkdtemp()
report.write(folder)
write_html(f"{folder}/report.html", report)
print(f"tables and page: {folder}")
