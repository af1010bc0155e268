"""How Sphinx builds these pages: `sphinx-build -W docs docs/_build`."""

import re
from pathlib import Path

_version = Path(__file__).parents[1] / "src" / "napari_sam" / "_version.py"

project = "napari-sam"
author = "The napari-sam developers"
copyright = "The napari-sam developers"
release = re.search(r'__version__ = "(.+)"', _version.read_text())[1]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signature has them
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["gallery.css"]
html_title = f"napari-sam {release}"
myst_heading_anchors = 3
