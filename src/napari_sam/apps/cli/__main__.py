"""``python -m napari_sam.apps.cli`` is ``napari-sam``."""

from napari_sam.apps.cli import main

main(prog_name="napari-sam")
