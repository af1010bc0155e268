"""The folder that is labelled in the dock, and its review, driven as a person does."""

from napari_sam.apps.dock.review_widget import review_of

from .buttons import press


def rested(review, until):
    """Wait until all decisions are written."""
    until(lambda: not review.queue.is_busy)


def labelled(dock, until, folder):
    """Press *Label the folder*; return the review that opens."""
    dock.folder.title.setChecked(True)
    dock.folder.target.setText(str(folder))
    press(dock.folder.run)
    until(lambda: (folder / "dataset.json").exists())
    review = review_of(dock.viewer)
    until(lambda: review.queue.current is not None)
    rested(review, until)
    return review
