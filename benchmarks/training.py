"""Memory and time of a training step of ViT-B, by what learns.

    python benchmarks/training.py

Every row is a process of its own: random weights, one image of 1024 x 1024, up to 64
objects, the paper's eleven rounds, float32 on the CPU. Peak memory is what the
operating system gave the process, everything included.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import time


def measure(parts: str, at_once: int, checkpointing: bool, steps: int) -> None:
    import torch

    from napari_sam.training.example_sources import SyntheticSource
    from napari_sam.training.initial_weights import initial_learner
    from napari_sam.training.loop import Trainer
    from napari_sam.training.trainable import set_trainable

    torch.set_num_threads(1)
    recipe, learner = initial_learner(
        "vit_b", settings={"at_once": str(at_once)}, checkpointing=checkpointing
    )
    set_trainable(learner, parts)
    trainer = Trainer(recipe, [(1.0, SyntheticSource())], learner)
    learning = sum(p.numel() for p in learner.model.parameters() if p.requires_grad)
    start, masks = time.process_time(), 0
    for done, _ in enumerate(trainer.run(), start=1):
        masks += len(trainer.batches(trainer.sources, 0, 1).batch(done - 1).masks)
        if done == steps:
            break
    seconds = (time.process_time() - start) / steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    kept = ", checkpointing" if checkpointing else ""
    print(
        f"| {parts}{kept} | {learning / 1e6:.1f} M | {at_once} | {masks / steps:.0f} "
        f"| {peak:.1f} | {seconds:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.row:
        parts, at_once, checkpointing = asked.row
        measure(parts, int(at_once), checkpointing == "yes", asked.steps)
        return
    print(f"{platform.processor() or platform.machine()}, one thread")
    print("| what learns | weights | decoded at once | masks | peak GB | CPU s |")
    print("|---|---|---|---|---|---|", flush=True)
    rows = [
        ("decoder", "16", "no"), ("decoder", "64", "no"), ("adapters", "16", "no"),
        ("adapters", "16", "yes"), ("all", "16", "yes"),
    ]  # fmt: skip
    for row in rows:
        command = [sys.executable, __file__, "--steps", str(asked.steps), "--row", *row]
        subprocess.run(command, check=False)


if __name__ == "__main__":
    main()
