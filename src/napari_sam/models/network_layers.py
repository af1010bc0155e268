"""Network layers that more than one module needs.

Shapes: B batch, C channels, H W rows and columns, D width of a token.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Let the C library of Linux keep the memory of temporary tensors for the next.

    It returns each large block to the system and asks for it again, page by page,
    which costs a quarter of the decoder's time. Having freed a block, it handles
    smaller ones as it does small objects; 31 MB is nearly the most it learns from.
    The block is never touched, so it takes no memory. Elsewhere nothing happens.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


class LayerNorm2d(nn.Module):
    """Normalise over the channels of a BCHW map.

    The channels are moved last for `layer_norm`, which costs nothing for a map in
    channels-last memory.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the normalised map."""
        return self.normalise(x_BCHW.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def normalise(self, x: Tensor) -> Tensor:
        """Normalise over the last axis: the same, for tokens."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class PromptwiseLinear(nn.Linear):
    """A linear layer whose bits do not depend on how many prompts come together.

    To infer, each prompt of ``(B, T, D)`` or ``(B, D)`` is multiplied by itself: one
    product over the rows of all may be added up in another order for more rows.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens ``(B, T, E)`` or ``(B, E)``."""
        if torch.is_grad_enabled():
            return super().forward(x)
        if x.dim() == 2:
            return self.forward(x[:, None])[:, 0]
        weights = self.weight.t().expand(len(x), -1, -1)
        return torch.baddbmm(self.bias, x, weights)


class MlpBlock(nn.Module):
    """The two linear layers of a transformer block."""

    #: Rows handled at once without gradients: the hidden layer stays near the cache.
    ROWS = 1024

    def __init__(
        self,
        dim: int,
        hidden: int,
        activation: Callable[[Tensor], Tensor] = F.gelu,
    ) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden)
        self.lin2 = nn.Linear(hidden, dim)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, of the shape of `x`."""
        if torch.is_grad_enabled() or x.numel() <= self.ROWS * x.shape[-1]:
            return self._apply_layers(x)
        rows = x.reshape(-1, x.shape[-1])
        out = torch.empty_like(rows)
        for part, answer in zip(
            torch.split(rows, self.ROWS), torch.split(out, self.ROWS), strict=True
        ):
            answer.copy_(self._apply_layers(part))
        return out.view_as(x)

    def _apply_layers(self, x: Tensor) -> Tensor:
        out: Tensor = self.lin2(self.activation(self.lin1(x)))
        return out


class Mlp(nn.Module):
    """Linear layers with ReLU between them: the decoder's small heads."""

    def __init__(self, dim: int, hidden: int, out: int, depth: int) -> None:
        super().__init__()
        widths = [dim, *[hidden] * (depth - 1), out]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Return the head's output along the last axis."""
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        out: Tensor = self.layers[-1](x)
        return out


class DropPath(nn.Module):
    """In training, skip a branch for some samples of the batch (stochastic depth).

    Larsson et al. 2017 and Huang et al. 2016. What is kept is scaled up, so that
    the expectation is that of the branch.
    """

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return the residual branch, or zeros in its place."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        shape = (x.shape[0],) + (1,) * (x.dim() - 1)
        return x * (x.new_empty(shape).bernoulli_(keep) / keep)

    def extra_repr(self) -> str:
        """Show the drop rate."""
        return f"{self.rate:g}"


def drop_path_rates(highest: float, depth: int) -> list[float]:
    """Rates for `depth` blocks, rising evenly from zero to `highest`."""
    return [highest * i / max(depth - 1, 1) for i in range(depth)]
