"""A name that stands in several rooms means the same thing in each of them."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src/napari_sam"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py")

#: Names of files that stand in several rooms, by what they mean in all of them.
SHARED_FILES = {
    "the file format of that name, read or written": (
        *("coco", "ctc", "geff", "labelme", "ome_zarr", "sa1b", "tiff", "trackmate"),
        *("voc", "yolo"),
    ),
    "the model of that name, or the part of it that the paper names": (
        *("config", "image_encoder", "mask_decoder", "network", "network_layers"),
        *("pocket", "prompt_encoder", "sam", "weights"),
    ),
    "the work of that name: its function, its command, its panel": (
        *("batch", "classify", "concepts", "cutting_out", "download", "embed"),
        *("everything", "export", "folder_labelling", "folder_segmentation"),
        *("improvement", "link", "measure", "propagate", "propagation", "recovery"),
        *("review", "save", "similar", "words"),
    ),
    "the value of that name, with the options or the panel that set it": (
        *("candidates", "image", "model", "models", "progress"),
        *("prompt_files", "promptable", "prompts", "saved_labels", "settings"),
        *("table_file", "thumbnails", "tiling", "track_edits"),
        *("track_files", "tracks", "word_models", "picture"),
    ),
    "the part of a face or of a backend that plugs in": (
        *("annotation", "backend", "codec", "controller", "view", "widget"),
    ),
}
#: The same for classes; what begins with an underscore is known in its file alone.
SHARED_CLASSES = {
    "PatchEmbed": "the layer of the papers, of each image encoder",
    "SelfAttention": "the layer of the papers, of each mask decoder",
    "TwoWayBlock": "the layer of the papers, of each mask decoder",
}


def rooms_of_files():
    found = defaultdict(set)
    for path in MODULES:
        found[path.stem].add(str(path.parent.relative_to(PACKAGE)))
    return found


def files_of_classes():
    found = defaultdict(set)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(str(path.relative_to(PACKAGE)))
    return found


def test_a_file_name_in_two_rooms_is_one_that_means_the_same_in_both():
    shared = {stem for stem, rooms in rooms_of_files().items() if len(rooms) > 1}
    listed = [stem for stems in SHARED_FILES.values() for stem in stems]
    assert sorted(shared) == sorted(listed)


def test_a_class_name_in_two_files_is_one_that_means_the_same_in_both():
    shared = {name for name, files in files_of_classes().items() if len(files) > 1}
    assert sorted(shared) == sorted(SHARED_CLASSES)
