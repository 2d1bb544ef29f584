"""Two-dimensional sine code of a coarse cell's position."""
import math
from typing import Tuple

import torch
from torch import Tensor, nn


class PositionEncoding(nn.Module):
    """Sine code, one quarter of the channels each for sin x, cos x, sin y, cos y.

    frequency(k) = base ** (-k / K), K = channels / 4, in radians per coarse cell.
    The origin is free: training draws it at random, so that a strip looks alike wherever it lies in its tile.
    """

    def __init__(self, channels: int, base: float, max_cells: int) -> None:
        super().__init__()
        if channels % 4 != 0:
            raise ValueError(f"position code needs a multiple of 4 channels, got {channels}")
        count = channels // 4
        frequency = torch.exp(torch.arange(count, dtype=torch.float64) * (-math.log(base) / count))
        angle = torch.arange(max_cells, dtype=torch.float64)[:, None] * frequency[None, :]
        table = torch.cat([torch.sin(angle), torch.cos(angle)], dim=1).float()
        self.register_buffer("table", table, persistent=False)

    def forward(self, rows: int, columns: int, origin: Tuple[int, int] = (0, 0)) -> Tensor:
        """Code (1, rows * columns, channels), row-major; `origin` is the (row, column) of the first cell."""
        along_y = self.table[origin[0] : origin[0] + rows]
        along_x = self.table[origin[1] : origin[1] + columns]
        half = along_x.shape[1]
        x = along_x[None, :, :].expand(rows, columns, half)
        y = along_y[:, None, :].expand(rows, columns, half)
        return torch.cat([x, y], dim=2).reshape(1, rows * columns, 2 * half)
