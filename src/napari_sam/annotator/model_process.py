"""The process of a model that a view uses: `python -m` runs this module."""

from pathlib import Path

from napari_sam.api import load_backend
from napari_sam.backends.subprocess import serve


def open_words(folder: Path) -> object:
    """Open a model of words; transformers is imported no sooner."""
    from napari_sam.backends.words import opening

    return opening.open_words(folder)


if __name__ == "__main__":
    serve(load_backend, open_words=open_words)
