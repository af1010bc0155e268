"""SAM 2.1 follows objects: ours beside the video session of transformers.

    python benchmarks/sam2.py [--size 512] [--frames 16] [--objects 3] [--model NAME]
    python benchmarks/sam2.py --size 64 --objects 2 --long 100 1000 10000

Both have the same random weights of a published size, on a square of `size` pixels, and
follow the same masks through the same frames, each in a process of its own, on one
thread. Ours goes by the embeddings of a store on disk, in half precision. So that masks
can be compared, objects may share pixels in ours as they do there, and the pointer of a
given mask is Meta's in both.

With ``--long``, memory alone: films of so many frames, each drawn when it is read, go
through `iter_propagate` over a store and labels on disk, beside the session, which has
all frames of the film from the start. Each length in a process of its own. The store
keeps the latest 16 MB of embeddings in memory; the limit is 2 GB by default.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import zarr
from _measure import print_row
from track import Discs, peak

import napari_sam as sam
from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.published_sizes import config_of
from napari_sam.core.mask import Mask
from napari_sam.models.sam import PIXEL_MEAN, PIXEL_STD
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.tracking import (
    PropagateSettings,
    TrackBuilder,
    iter_propagate,
    memory_method,
)
from napari_sam.tracking.propagators import propagator

#: Bytes of embeddings that the store of a long film keeps in memory.
LATEST = 16 * 2**20


def model_of(name, size):
    """A network with random weights that takes objects to be there."""
    from transformers import Sam2VideoModel

    config = config_of(name)
    config.image_size = config.prompt_encoder_config.image_size = size
    config.vision_config.backbone_feature_sizes = [[size // n] * 2 for n in (4, 8, 16)]
    config.vision_config.backbone_config.image_size = [size, size]
    config.memory_attention_rope_feat_sizes = [size // 16] * 2
    torch.manual_seed(0)
    model = Sam2VideoModel(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(0, 0.05)
        elif not (parameter == 1).all():
            parameter.normal_(0, 0.1)
    model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(20.0)
    return model


def clip(size, frames, objects):
    """Discs that move over noise, and their masks on the first frame."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    places = rng.uniform(0.2, 0.8, (objects, 2)) * size
    steps = rng.uniform(-3, 3, (objects, 2))
    pixels = rng.integers(0, 60, (frames, size, size), np.uint8)
    first = []
    for (row, col), (down, right) in zip(places, steps, strict=True):
        for at in range(frames):
            far = (y - row - at * down) ** 2 + (x - col - at * right) ** 2
            disc = far < (size / 12) ** 2
            pixels[at][disc] = 200
            first += [disc] if at == 0 else []
    return pixels, first


class Seconds:
    """CPU seconds of the calls of a function."""

    def __init__(self, function):
        self.function, self.total = function, 0.0

    def __call__(self, *args, **options):
        began = time.process_time()
        found = self.function(*args, **options)
        self.total += time.process_time() - began
        return found


def ours(args):
    """Follow the objects with the project's own propagator."""
    pixels, first = clip(args.size, args.frames, args.objects)
    backend = Sam2Backend(model_of(args.model, args.size), device="cpu")
    backend.encode = Seconds(backend.encode)
    memory_method.compete = unopposed
    logits, recall = [], backend.recall
    backend.recall = lambda *a: logits.append(recall(*a)) or logits[-1]
    state = []
    with tempfile.TemporaryDirectory() as folder:
        store = ZarrStore(Path(folder) / "store.zarr")
        rgb = np.repeat(pixels[..., None], 3, -1)  # colours are taken as they are
        image = sam.PromptableImage(rgb, backend, axes="tyxc", store=store)
        began = time.process_time()
        method = propagator("memory", image, PropagateSettings())
        seeds = {i: Mask.from_array(disc) for i, disc in enumerate(first)}
        objects = method.start(0, seeds)
        for frame in range(1, args.frames):
            objects = method.propagate(objects, frame, {})
            memories = [m for o in objects.values() for _, m in o.memories]
            state.append(sum(a.nbytes for m in memories for a in m.arrays.values()))
    seconds = time.process_time() - began
    found = [[r.prediction.logits for r in step] for step in logits]
    return found, seconds, backend.encode.total, state


def unopposed(fused, expected, taken):
    """Give each object all that was found of it."""
    return {i: mask_of(f) or expected[i] for i, f in fused.items()}


def mask_of(fused):
    top, left = fused.region.top, fused.region.left
    return Mask.from_array(fused.logits > 0, top=top, left=left)


def theirs(args):
    """Follow the objects with the session of transformers."""
    from transformers import Sam2VideoInferenceSession

    pixels, first = clip(args.size, args.frames, args.objects)
    model = model_of(args.model, args.size)
    rgb = torch.tensor(pixels)[:, None].expand(-1, 3, -1, -1)
    mean, std = (torch.tensor(x)[:, None, None] for x in (PIXEL_MEAN, PIXEL_STD))
    video = (rgb - mean) / std
    model.get_image_features = Seconds(model.get_image_features)
    forward = model._single_frame_forward

    def of_one_mask(**options):
        given = options.get("input_masks") is not None
        return forward(**options | ({"multimask_output": False} if given else {}))

    model._single_frame_forward = of_one_mask
    began = time.process_time()
    session = Sam2VideoInferenceSession(
        video=video, video_height=args.size, video_width=args.size, dtype=torch.float32
    )
    for i, disc in enumerate(first):
        index = session.obj_id_to_idx(i)
        session.add_mask_inputs(index, 0, torch.tensor(disc)[None, None].float())
        session.obj_with_new_inputs = [i]
        model(session, frame_idx=0)
    found, state = [], []
    for step in model.propagate_in_video_iterator(session, start_frame_idx=0):
        if step.frame_idx:
            found.append(list(step.pred_masks[:, 0].numpy()))
            state.append(session_bytes(session))
    seconds = time.process_time() - began
    return found, seconds, model.get_image_features.total, state


def session_bytes(session):
    """Bytes that a session holds of its objects, without the frames themselves."""
    kept = session.output_dict_per_obj.values()
    outputs = [out for d in kept for kind in d.values() for out in kind.values()]
    return sum(x.nbytes for out in outputs for x in out.values())


class Watched:
    """A propagator, and how much its objects remember."""

    def __init__(self, method):
        self.method, self.start = method, method.start
        self.state = 0, 0.0

    def propagate(self, objects, frame, taken):
        found = self.method.propagate(objects, frame, taken)
        kept = [m for o in found.values() for _, m in o.memories]
        nbytes = sum(a.nbytes for m in kept for a in m.arrays.values())
        self.state = len(kept) // len(found), nbytes / 1e6
        return found


def long_ours(args, folder):
    """Follow discs through a long film.

    Yields
    ------
    tuple
        Peak of the process in MB, memories of an object, and MB of all of them.
    """
    film = Discs(args.objects, args.frames, side=args.size, radius=args.size / 10)
    backend = Sam2Backend(model_of(args.model, args.size), device="cpu")
    store = ZarrStore(folder / "store.zarr", memory=LATEST)
    image = sam.PromptableImage(film, backend, axes="tyx", store=store)
    chunks = (1, *film.shape[1:])
    out = zarr.create_array(
        folder / "labels.zarr", shape=film.shape, chunks=chunks, dtype="u4"
    )
    method = Watched(propagator("memory", image, PropagateSettings()))
    builder = TrackBuilder(image.frames, "t", out=out)
    for step in iter_propagate(image, {0: film.labels(0)}, method=method):
        builder.add(step.finished)
        yield peak(), *method.state
    builder.tracks()
    yield peak(), *method.state


def long_theirs(args, _):
    """Do the same by the session of transformers."""
    from transformers import Sam2VideoInferenceSession

    film = Discs(args.objects, args.frames, side=args.size, radius=args.size / 10)
    model = model_of(args.model, args.size)
    frames = np.stack([film[at, :, :] for at in range(args.frames)])
    video = torch.tensor(frames)[:, None].expand(-1, 3, -1, -1) / 255.0
    session = Sam2VideoInferenceSession(
        video=video, video_height=args.size, video_width=args.size, dtype=torch.float32
    )
    for i in range(args.objects):
        disc = torch.tensor(film.labels(0) == i + 1)[None, None].float()
        session.add_mask_inputs(session.obj_id_to_idx(i), 0, disc)
        session.obj_with_new_inputs = [i]
        model(session, frame_idx=0)
    for _ in model.propagate_in_video_iterator(session, start_frame_idx=0):
        outputs = session.output_dict_per_obj[0].values()
        yield peak(), sum(map(len, outputs)), session_bytes(session) / 1e6


LONG = {"transformers": long_theirs, "ours": long_ours}
CASES = {"transformers": theirs, "ours": ours}


def measure_long(args):
    """Print a row: megabytes after 50 frames and at the end, state, CPU seconds."""
    torch.set_num_threads(1)
    began = time.process_time()
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        seen = list(LONG[args.case](args, Path(folder)))
    spent = (time.process_time() - began) / args.frames
    (early, _, before), (late, memories, state) = seen[50], seen[-1]
    print_row((f"{args.frames}", args.case, f"{early:.0f}", f"{late:.0f}",
               f"{memories}", f"{before:.2f}", f"{state:.2f}",
               f"{spent:.3f}"))  # fmt: skip


def long_films(args):
    """Measure films of each length, ours and theirs."""
    print_row(("frames", "", "peak MB after 50 frames", "peak MB at the end",
               "memories an object", "state MB after 50", "at the end",
               "CPU s a frame"))  # fmt: skip
    print_row(["---"] * 8)
    for length in args.long:
        for case in args.only or LONG:
            started(case, "--frames", str(length))


def measure(args):
    """Run one case and write down what it found and took."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        found, seconds, encoding, state = CASES[args.case](args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts = [seconds, encoding, peak, state[len(state) // 2], state[-1]]
    np.savez(args.out, logits=np.array(found), facts=np.array(facts))


def started(case, *options):
    """Run a case in a process of its own."""
    command = [sys.executable, "-W", "ignore", *sys.argv, "--case", case, *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment)


def compared(args):
    """Run both on the same short clip; return what they found and took."""
    with tempfile.TemporaryDirectory() as folder:
        found = {case: f"{folder}/{case}.npz" for case in CASES}
        for case, out in found.items():
            started(case, "--out", out)
        return {case: np.load(out) for case, out in found.items()}


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--model", default="sam2.1_t")
    words.add_argument("--size", type=int, default=512)
    words.add_argument("--frames", type=int, default=16)
    words.add_argument("--objects", type=int, default=3)
    words.add_argument(
        "--long", type=int, nargs="+", help="frames of films, for memory"
    )
    words.add_argument("--only", nargs="+", choices=LONG, help="with --long")
    words.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    words.add_argument("--out", help=argparse.SUPPRESS)
    args = words.parse_args()
    if args.case:
        measure_long(args) if args.long else measure(args)
    elif args.long:
        long_films(args)
    else:
        short_clip(args)


def short_clip(args):
    """Print what both took of the same clip, and how far they agree."""
    results = compared(args)
    print(f"{args.model} at {args.size} pixels, {args.objects} objects, "
          f"{args.frames} frames")  # fmt: skip
    print_row(("", "CPU s a frame, encoder", "CPU s a frame and object, the rest",
               "peak MB", "state MB half way", "state MB at the end"))  # fmt: skip
    print_row(["---"] * 6)
    for case, found in results.items():
        seconds, encoding, peak, half, end = found["facts"]
        rest = (seconds - encoding) / (args.frames - 1) / args.objects
        print_row((case, f"{encoding / args.frames:.2f}", f"{rest:.2f}", f"{peak:.0f}",
                   f"{half / 1e6:.1f}", f"{end / 1e6:.1f}"))  # fmt: skip
    one, other = (results[case]["logits"] for case in ("ours", "transformers"))
    both, either = ((one > 0) & (other > 0)).sum(), ((one > 0) | (other > 0)).sum()
    print(f"IoU of all masks together {both / either:.4f}; logits differ by at most "
          f"{np.abs(one - other).max():.2g} of {np.abs(other).max():.2g}")  # fmt: skip


if __name__ == "__main__":
    main()
