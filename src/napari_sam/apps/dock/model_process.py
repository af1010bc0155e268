"""What runs in the process of a model: ``python -m`` of this, see `loading`."""

from napari_sam.api import load_backend
from napari_sam.backends.subprocess import serve

if __name__ == "__main__":
    serve(load_backend)
