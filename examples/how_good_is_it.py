"""Measure a model on images with labels, beside what one had before."""

from tempfile import mkdtemp

import napari_sam as sam
from napari_sam.evaluation import (
    evaluate,
    open_classical,
    synthetic_images,
    write_html,
)

# Yours would be napari_sam.datasets.read_labelled_images("folder"); these are drawn.
pairs = synthetic_images(3)
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
