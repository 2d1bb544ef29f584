"""Two-dimensional sine code of a coarse cell's position."""
import math
from typing import Tuple

import torch
from torch import Tensor, nn

from .config import LoFTRConfig


def frequencies(config: LoFTRConfig) -> Tensor:
    """Radians per coarse cell, one for every four channels, float64.

    "power": base ** (-k / K), K = channels / 4. "floored": exp(-2 k); the published weights were trained with it, since
    -ln(10000) / d // 2 rounds down to -1. Only the first few of its frequencies turn at all over an image.
    """
    count = config.coarse_channels // 4
    step = 2.0 if config.position_divisor == "floored" else math.log(config.position_base) / count
    return torch.exp(torch.arange(count, dtype=torch.float64) * -step)


class PositionEncoding(nn.Module):
    """Sine code, one quarter of the channels each for sin x, cos x, sin y, cos y: in blocks, or interleaved.

    The origin is free: training draws it at random, so that a strip looks alike wherever it lies in its tile.
    """

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        if config.coarse_channels % 4 != 0:
            raise ValueError(f"position code needs a multiple of 4 channels, got {config.coarse_channels}")
        cells = torch.arange(config.position_max_cells, dtype=torch.float64) + config.position_first_cell
        angle = cells[:, None] * frequencies(config)[None, :]
        self.is_interleaved = config.position_interleaved
        table = torch.cat([torch.sin(angle), torch.cos(angle)], dim=1).float()
        self.register_buffer("table", table, persistent=False)

    def forward(self, rows: int, columns: int, origin: Tuple[int, int] = (0, 0)) -> Tensor:
        """Code (1, rows * columns, channels), row-major; `origin` is the (row, column) of the first cell."""
        along_y = self.table[origin[0] : origin[0] + rows]
        along_x = self.table[origin[1] : origin[1] + columns]
        half = along_x.shape[1]
        x = along_x[None, :, :].expand(rows, columns, half)
        y = along_y[:, None, :].expand(rows, columns, half)
        code = torch.cat([x, y], dim=2).reshape(1, rows * columns, 2 * half)
        if not self.is_interleaved:
            return code
        return code.reshape(1, rows * columns, 4, half // 2).transpose(2, 3).reshape(1, rows * columns, 2 * half)
