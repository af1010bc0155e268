"""The command line: one small file per command, imported on first use."""

from __future__ import annotations

from napari_sam.apps.cli.group import Commands, main_group

#: Adding a command is one line: its name, and where it is.
COMMANDS: Commands = {
    "segment": "napari_sam.apps.cli.segment:segment",
    "everything": "napari_sam.apps.cli.everything:everything",
    "similar": "napari_sam.apps.cli.similar:similar",
    "text": "napari_sam.apps.cli.text:text",
    "classify": "napari_sam.apps.cli.classify:classify",
    "label": "napari_sam.apps.cli.label:label",
    "apply": "napari_sam.apps.cli.apply:apply",
    "propagate": "napari_sam.apps.cli.propagate:propagate",
    "measure": "napari_sam.apps.cli.measure:measure",
    "link": "napari_sam.apps.cli.link:link",
    "cutout": "napari_sam.apps.cli.cutout:cutout",
    "export": "napari_sam.apps.cli.export:export",
    "embed": "napari_sam.apps.cli.embed:embed",
    "store": "napari_sam.apps.cli.store:store",
    "models": "napari_sam.apps.cli.models:models",
    "info": "napari_sam.apps.cli.info:info",
    "train": "napari_sam.apps.cli.train:train",
    "evaluate": "napari_sam.apps.cli.evaluate:evaluate",
    "demo": "napari_sam.apps.cli.demo:demo",
}

main = main_group(COMMANDS)
