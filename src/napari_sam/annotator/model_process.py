"""The process of a model that a view uses: `python -m` runs this module."""

from napari_sam.api import load_backend
from napari_sam.backends.subprocess import serve

if __name__ == "__main__":
    serve(load_backend)
