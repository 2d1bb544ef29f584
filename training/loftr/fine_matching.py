"""Sub-cell position as the expectation of a heat map, and its spread."""
import math
from typing import Tuple

import torch
from torch import Tensor, nn

from .config import LoFTRConfig

INITIAL_FLOOR = 1.0


class FineReadout(nn.Module):
    """A heat map over w x w fine cells to an offset in pixels."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        self.window = config.fine_window
        self.sharpness = config.readout_sharpness
        self.ripple_px = config.readout_ripple_px
        self.reach = config.readout_window // 2
        half = config.fine_window // 2
        steps = torch.arange(-half, half + 1, dtype=torch.float32)
        grid_y, grid_x = steps.repeat_interleave(self.window), steps.repeat(self.window)
        grid = torch.stack([grid_x, grid_y], dim=1) * config.fine_stride
        self.register_buffer("grid", grid, persistent=False)  # (w*w, 2), x and y in pixels
        self.pixels = float(config.fine_stride)

    def expectation(self, logits: Tensor) -> Tuple[Tensor, Tensor]:
        """Offset (M, 2) in pixels from the window's centre, and the standard deviation per axis (M,) in pixels.

        The softmax is sharpened and cut to a square round its peak: far secondary peaks would only add bias.
        """
        peak_value, peak = logits.max(dim=1, keepdim=True)
        centre = self.grid.index_select(0, peak.reshape(-1))
        distance = (self.grid[None, :, :] - centre[:, None, :]).abs().amax(dim=2)
        inside = (distance < (self.reach + 0.5) * self.pixels).to(logits.dtype)
        weight = torch.exp((logits - peak_value) * self.sharpness) * inside
        probability = weight / weight.sum(dim=1, keepdim=True)
        offset = torch.matmul(probability, self.grid)
        second = torch.matmul(probability, self.grid * self.grid)
        variance = (second - offset * offset).clamp(min=0).mean(dim=1)
        return self._without_ripple(offset), torch.sqrt(variance + 1e-9)

    def _without_ripple(self, offset: Tensor) -> Tensor:
        """Inverts e = o - A sin(2 pi o / cell), the bias of the expectation e towards cells, by two fixed-point steps."""
        if self.ripple_px == 0:
            return offset
        turn = 2 * math.pi / self.pixels
        first = offset + self.ripple_px * torch.sin(offset * turn)
        return offset + self.ripple_px * torch.sin(first * turn)


class FineMatching(FineReadout):
    """Template and window to a heat map by squared distance, and the map to an offset in pixels."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__(config)
        self.template = config.fine_template
        self.log_scale = nn.Parameter(torch.tensor(math.log(0.5)))
        # Smallest contrast that counts, so that featureless templates give flat heat maps.
        self.log_floor = nn.Parameter(torch.tensor(math.log(INITIAL_FLOOR)))

    def logits(self, template: Tensor, window: Tensor, contrast: Tensor) -> Tensor:
        """Heat map logits (M, w*w): -s sum_u |f0(u) - f1(v + u)|^2 / (contrast + floor), but a constant per match."""
        size, support = self.template, self.window + self.template - 1
        products = torch.matmul(template, window.transpose(1, 2))
        planes = products.reshape(-1, size * size, support, support)
        total = None
        for dy in range(size):
            for dx in range(size):
                plane = planes[:, dy * size + dx, dy : dy + self.window, dx : dx + self.window]
                total = plane if total is None else total + plane
        scale = self.log_scale.exp() / (contrast + self.log_floor.exp())
        return total.reshape(-1, self.window * self.window) * scale


class CorrelationMatching(FineReadout):
    """Heat map of the published network: product of window 1 with the centre of window 0 over sqrt(channels)."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__(config)
        self.scale = config.fine_channels**-0.5

    def logits(self, window0: Tensor, window1: Tensor) -> Tensor:
        """Windows (M, w*w, F) to heat map logits (M, w*w)."""
        middle = self.window * self.window // 2
        centre = window0[:, middle : middle + 1] * self.scale
        # Not `squeeze`, which an exporter writes as a branch.
        return torch.matmul(centre, window1.transpose(1, 2)).reshape(-1, self.window * self.window)


def make_fine_matching(config: LoFTRConfig) -> nn.Module:
    return CorrelationMatching(config) if config.fine_stage == "correlation" else FineMatching(config)
