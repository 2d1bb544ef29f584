"""Gathers what the fine stage compares: surroundings of a cell of image 0 and of its partner in image 1."""
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import LoFTRConfig
from .features import Features


def gather_windows(fine: Tensor, cells: Tensor, size: int, margin: int, cells_per_coarse: int) -> Tensor:
    """Windows (M, size * size, C) of a fine map (B, C, H, W) round coarse cells (M, 3); zeros beyond the map.

    `margin` is how far the map is padded, at least size // 2.
    """
    channels, height, width = fine.shape[1], fine.shape[2], fine.shape[3]
    padded = F.pad(fine, (margin, margin, margin, margin))
    stride_y = width + 2 * margin
    stride_b = (height + 2 * margin) * stride_y
    rows = padded.permute(0, 2, 3, 1).reshape(-1, channels)
    reach = torch.arange(size, device=fine.device) + (margin - size // 2)
    offsets = (reach[:, None] * stride_y + reach[None, :]).reshape(1, -1)
    first = cells[:, 0] * stride_b + (cells[:, 1] * stride_y + cells[:, 2]) * cells_per_coarse
    index = first[:, None] + offsets
    return rows.index_select(0, index.reshape(-1)).reshape(-1, size * size, channels)


class FinePreprocess(nn.Module):
    """Fine maps and pairs of coarse cells to templates (M, t*t, C + 1), windows (M, (w+t-1)^2, C + 1) and contrasts (M, 1).

    One channel is appended so that a plain product compares by squared distance instead of correlation:
    (2 f0, -1) . (f1, |f1|^2) = |f0|^2 - |f0 - f1|^2, and |f0|^2 cancels in the softmax.
    Strong features therefore do not attract matches of weak ones.

    The contrast of a template is its squared distance from itself moved by one cell, the mean over both axes:
    |f0(u) - f0(u + 1)|^2 summed over the template. Near its minimum the distance to the window is about
    contrast * (v - v0)^2, so distances divided by it have the same width on a strong edge and in faint granules.
    """

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        self.cells_per_coarse = config.coarse_stride // config.fine_stride
        self.template = config.fine_template
        self.support = config.fine_window + config.fine_template - 1
        self.margin = self.support // 2

    def forward(self, features: Features, cells0: Tensor, cells1: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """`cells*` (M, 3): image of the batch, row and column of the coarse cell."""
        fine0, fine1 = features.fine0, features.fine1
        energy = (fine1 * fine1).sum(dim=1, keepdim=True)
        ones = torch.ones_like(fine0[:, :1])
        template = self._gather(torch.cat([fine0 * 2, -ones], dim=1), cells0, self.template)
        window = self._gather(torch.cat([fine1, energy], dim=1), cells1, self.support)
        return template, window, self._contrast(fine0, cells0)

    def _gather(self, fine: Tensor, cells: Tensor, size: int) -> Tensor:
        return gather_windows(fine, cells, size, self.margin, self.cells_per_coarse)

    def _contrast(self, fine: Tensor, cells: Tensor) -> Tensor:
        padded = F.pad(fine, (1, 1, 1, 1), mode="replicate")
        along_x = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        along_y = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
        # Central differences span two cells (1/4 after squaring); mean of two axes (1/2).
        energy = (along_x * along_x + along_y * along_y).sum(dim=1, keepdim=True) / 8
        size = self.template
        total = F.avg_pool2d(energy, size, stride=1, padding=size // 2) * (size * size)
        at_cells = total[:, :, :: self.cells_per_coarse, :: self.cells_per_coarse]
        rows, columns = at_cells.shape[2], at_cells.shape[3]
        index = (cells[:, 0] * rows + cells[:, 1]) * columns + cells[:, 2]
        return at_cells.reshape(-1, 1).index_select(0, index)


class WindowPreprocess(nn.Module):
    """Windows (M, w*w, F) of both fine maps, each joined with the coarse feature of its cell, as published.

    The published layer maps [fine, context] by one matrix; its two halves are applied apart, so that the context is
    mapped once per window and not once per cell of the window.
    """

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        self.cells_per_coarse = config.coarse_stride // config.fine_stride
        self.window = config.fine_window
        self.channels = config.fine_channels
        self.context = nn.Linear(config.coarse_channels, config.fine_channels)
        self.merge = nn.Linear(2 * config.fine_channels, config.fine_channels)

    def forward(self, features: Features, cells0: Tensor, cells1: Tensor) -> Tuple[Tensor, Tensor]:
        """`cells*` (M, 3): image of the batch, row and column of the coarse cell."""
        windows0 = self._joined(features.fine0, features.tokens0, features.size0, cells0)
        return windows0, self._joined(features.fine1, features.tokens1, features.size1, cells1)

    def _joined(self, fine: Tensor, tokens: Tensor, size: Tuple[int, int], cells: Tensor) -> Tensor:
        rows, columns = size
        index = (cells[:, 0] * rows + cells[:, 1]) * columns + cells[:, 2]
        context = self.context(tokens.reshape(-1, tokens.shape[2]).index_select(0, index))
        windows = gather_windows(fine, cells, self.window, self.window // 2, self.cells_per_coarse)
        of_fine, of_context = self.merge.weight[:, : self.channels], self.merge.weight[:, self.channels :]
        return F.linear(windows, of_fine) + F.linear(context, of_context, self.merge.bias)[:, None, :]


def make_fine_preprocess(config: LoFTRConfig) -> nn.Module:
    return WindowPreprocess(config) if config.fine_stage == "correlation" else FinePreprocess(config)
