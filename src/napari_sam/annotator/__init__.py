"""Annotating an image, without a window: what the dock and the notebook share.

`Annotator` is put together of parts (preview, candidates, commits, hover, objects,
models, persistence), each of which knows the `Workspace`: the image that is open, its
session, the view that shows it and the executor that does slow work. A view and an
executor are protocols; napari, Qt and browsers are known to their apps alone.
"""
