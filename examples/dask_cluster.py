"""A stack is segmented by the workers of a Dask cluster, here two processes."""

import numpy as np
from distributed import LocalCluster

import napari_sam as sam
from napari_sam.core.progress import drain
from napari_sam.jobs import Executor, ImageSpec, ModelSpec, SegmentJob, segment_images
from napari_sam.synthetic import draw_volume


def main():
    volume = draw_volume(2, size=96, planes=3, spacing=4.0)
    sam.write_labels("stack.tif", volume.image, axes="zyx", overwrite=True)

    image = sam.PromptableImage(
        sam.read_image("stack.tif").frames, sam.load_backend("pocket")
    )
    spec = ImageSpec.of(image, "stack.tif", ModelSpec(sam.load_backend, "pocket"))
    prompts = {}
    for plane, labels in enumerate(volume.labels):
        for nucleus in np.unique(labels)[1:]:
            rows, cols = np.nonzero(labels == nucleus)
            box = rows.min(), cols.min(), rows.max() + 1, cols.max() + 1
            prompts[sam.Address(plane, int(nucleus))] = sam.Prompts.rectangle(
                *map(float, box)
            )
    job = SegmentJob(spec, prompts, image.frames.plane_shape)

    masks = {}
    # On a real cluster, `scheduler` is its address, or its scheduler.json.
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as here:
        run = Executor(scheduler=here.scheduler_address)
        drain(segment_images([job], run, ready=lambda _, found: masks.update(found)))
    print(f"{len(masks)} masks on {len(volume.image)} planes")

    alone = {}
    drain(
        segment_images([job], Executor(0), ready=lambda _, found: alone.update(found))
    )
    print("one process finds the same:", masks == alone)


if __name__ == "__main__":  # workers import this file
    main()
