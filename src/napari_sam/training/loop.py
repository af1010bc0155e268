"""The training loop: resumable at any step, with a running mean of the weights."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.distributed as dist
from torch.nn import functional as F
from torch.nn.utils import convert_conv2d_weight_memory_format

from napari_sam.models.pocket import Decoded, Features, Pocket, prompt_maps
from napari_sam.training.data import Batch, Batches, Source
from napari_sam.training.losses import total_loss
from napari_sam.training.prompts import corrected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from napari_sam.training.recipe import Recipe

__all__ = ["Report", "Trainer"]


class Report(NamedTuple):
    """What one step reached."""

    step: int
    steps: int
    loss: float
    first: float  # mean IoU of the first answer
    last: float  # and after corrections


class Trainer:
    """One model being trained.

    Parameters
    ----------
    recipe
        Every setting.
    sources
        Where crops come from, with weights.
    model
        To start from; by default a new `Pocket`.
    """

    def __init__(
        self,
        recipe: Recipe,
        sources: Sequence[tuple[float, Source]],
        *,
        model: Pocket | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.sources = recipe, sources
        self.model = model or Pocket()
        convert_conv2d_weight_memory_format(self.model, torch.channels_last)
        self.mean = copy.deepcopy(self.model).eval()
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), recipe.rate, weight_decay=recipe.weight_decay
        )
        self.step = 0

    def run(self, *, workers: int = 0) -> Iterator[Report]:
        """Train to the end, yielding after every step; stop whenever you like."""
        rank = dist.get_rank() if dist.is_initialized() else 0
        batches = Batches(
            self.sources, self.recipe, self.step, self.recipe.steps, rank=rank
        )
        loader = torch.utils.data.DataLoader(
            batches,
            batch_size=None,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
        )
        self.model.train()
        for batch in loader:
            yield self._step(batch)

    def _step(self, batch: Batch) -> Report:
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(self.step)
        loss, first, last = self._loss(batch)
        self.optimizer.zero_grad()
        loss.backward()
        self._share_gradients()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._average()
        self.step += 1
        return Report(self.step, self.recipe.steps, loss.item(), first, last)

    def _loss(self, batch: Batch) -> tuple[Tensor, float, float]:
        """Ask, correct a random number of times, ask again; both answers teach."""
        said = batch.prompts
        images = batch.images.float().div(255).to(memory_format=torch.channels_last)
        truth = F.avg_pool2d(batch.masks[:, None].float(), 2)
        features = self.model.encoder(images).of(batch.image_of)
        offset = float(torch.randint(0, 1024 - images.shape[-1] + 1, ()))
        answer = self._ask(features, said.xy, said.kinds, said.prior, None, offset)
        loss, reached = total_loss(answer, truth, said.ambiguous, said.xy, said.kinds)
        first = reached[:, 0].mean().item()
        xy, kinds, sure = said.xy, said.kinds, torch.zeros_like(said.ambiguous)
        best = torch.where(said.ambiguous, answer.scores.argmax(1), 0)
        # More often one correction than three: each costs as much as the first.
        rounds = 1 + int(torch.rand(()).pow(2) * self.recipe.corrections)
        for k in range(rounds):
            before = answer.logits[torch.arange(len(xy)), best].detach()
            wanted = truth[:, 0] > 0.5
            xy, kinds = corrected(xy, kinds, (before > 0) ^ wanted, wanted, 2)
            with torch.set_grad_enabled(k == rounds - 1):
                answer = self._ask(features, xy, kinds, said.prior, before, offset)
            best = torch.zeros_like(best)
        again, reached = total_loss(answer, truth, sure, xy, kinds)
        return loss + again, first, reached[:, 0].mean().item()

    def _ask(
        self,
        features: Features,
        xy: Tensor,
        kinds: Tensor,
        prior: Tensor,
        before: Tensor | None,
        offset: float,
    ) -> Decoded:
        previous = None if before is None else F.avg_pool2d(before[:, None], 2)[:, 0]
        grid = (prior.shape[1], prior.shape[2])
        maps = prompt_maps(xy, kinds, grid, prior, previous)
        return self.model.decode(features, xy, kinds, maps, offset=offset)

    def _share_gradients(self) -> None:
        """Average gradients over the processes of a distributed run, if it is one."""
        if not dist.is_initialized():
            return
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in grads])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        for grad, part in zip(
            grads, flat.split([g.numel() for g in grads]), strict=True
        ):
            grad.copy_(part.view_as(grad))

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for kept, now in zip(
            self.mean.state_dict().values(),
            self.model.state_dict().values(),
            strict=True,
        ):
            if kept.dtype.is_floating_point:
                kept.lerp_(now, 1 - decay)
            else:
                kept.copy_(now)

    def save(self, path: Path, settings: str = "") -> None:
        """Write everything needed to go on, whole or not at all."""
        state: dict[str, Any] = {
            "step": self.step,
            "settings": settings,
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = path.with_name(path.name + ".part")
        torch.save(state, part)
        os.replace(part, path)

    def load(self, path: Path) -> str:
        """Go on from where `save` left off; return the settings saved with it."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        return str(state["settings"])
