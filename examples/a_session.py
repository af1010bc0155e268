"""Two coins, kept and undone; then the same work again from what was written down."""

import numpy as np
from skimage import data

import napari_sam as sam
from napari_sam.session import actions
from napari_sam.session.persistence.record import Record, read_record, write_record

image = sam.PromptableImage(data.coins(), sam.load_backend("pocket"))
session = sam.AnnotationSession(image)

session.add_point(125, 102)
session.commit()
session.next_object()
session.add_box(28, 131, 74, 179)
session.commit()
session.execute(actions.Resize(session.current, 1))
print("pixels of the two coins:", [int((session.labels == i).sum()) for i in (1, 2)])

session.undo()  # the growing
session.undo()  # the second coin is a preview again
print("objects after two undos:", np.unique(session.labels)[1:].tolist())
session.redo()
session.redo()

write_record(Record.of(session, source="coins"), "coins.session.json")
again = sam.AnnotationSession.from_dict(
    read_record("coins.session.json").to_dict(), image
)
print("the same to the byte:", again.labels.tobytes() == session.labels.tobytes())
