"""Dual softmax over a band: the stage's uncertainty bounds where a cell's partner can lie."""
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

Size = Tuple[int, int]

# exp of this is nothing: the similarity of a cell that is not there.
ABSENT = -200.0


def match_band(
    unit0: Tensor, unit1: Tensor, bin0: Tensor, bin1: Tensor, size0: Size, size1: Size, block: int
) -> Tuple[Tensor, Tensor]:
    """Partner (N0,) of every cell of image 0 and its confidence (N0,), 0 where not mutual.

    Blocks of `block` columns of image 0 meet the same block of image 1 and its two neighbours, so that every partner at
    most `block` columns away is seen: `CoarseMatching.match` with the similarities of all others minus infinity.
    Memory: N0 * 3 * block * rows1 scores instead of N0 * N1. The sides of both images that the band runs along should
    be the long ones.

    `unit0` (N0, C) unit features times the temperature, `unit1` (N1, C); `bin*` (N, 1) exponentials of the dustbins.
    """
    longest = torch.maximum(torch.as_tensor(size0[1]), torch.as_tensor(size1[1]))
    count = torch.div(longest + block - 1, block, rounding_mode="floor")
    # Two more channels, (1, p0) . (p1, 1) = p0 + p1: p is 0 for a cell of the image and ABSENT for padding.
    features0 = _blocks(torch.cat([unit0, torch.ones_like(bin0)], dim=1), size0, block, 0, count)
    features0 = torch.cat([features0, _absence(bin0, size0, block, 0, count)], dim=2)
    features1 = _blocks(unit1, size1, block, 1, count)
    absence1 = _absence(bin1, size1, block, 1, count)
    features1 = torch.cat([features1, absence1, torch.ones_like(absence1)], dim=2)
    bins0 = _blocks(bin0, size0, block, 0, count, 1.0)
    bins1 = _blocks(bin1, size1, block, 0, count, 1.0)[:, :, 0]
    near1 = torch.cat([features1[:-2], features1[1:-1], features1[2:]], dim=1)
    scores = torch.exp(torch.matmul(features0, near1.transpose(1, 2)))  # (count, n0, 3 n1)
    n1 = size1[0] * block
    row = torch.rsqrt(scores.sum(dim=2, keepdim=True) + bins0)
    before, here, after = _by_column(scores.sum(dim=1), n1)
    column = torch.rsqrt(before + here + after + bins1)  # (count, n1)
    root = scores * row * _near(column)[:, None, :]
    best, near = root.max(dim=2)
    before, here, after = _by_column(root.amax(dim=1), n1)
    most = torch.maximum(torch.maximum(before, here), after)
    is_mutual = torch.gather(_near(most), 1, near) <= best
    step = torch.div(near, n1, rounding_mode="floor")
    inner = near - step * n1
    row1 = torch.div(inner, block, rounding_mode="floor")
    first = torch.arange(best.shape[0], device=near.device)[:, None] * block
    column1 = (first + (step - 1) * block + inner - row1 * block).clamp(min=0, max=size1[1] - 1)
    partner = row1 * size1[1] + column1
    return _unblocked(partner, size0, block), _unblocked(best * best * is_mutual.to(best.dtype), size0, block)


def _blocks(tokens: Tensor, size: Size, block: int, margin: int, count: Tensor, fill: float = 0.0) -> Tensor:
    """Tokens (N, C) to (count + 2 margin, rows * block, C), row-major within a block, with `fill` beyond the image."""
    rows, columns = size
    right = (count + margin) * block - columns
    grid = F.pad(tokens.reshape(rows, columns, -1), (0, 0, margin * block, right), value=fill)
    return grid.reshape(rows, -1, block, tokens.shape[1]).transpose(0, 1).reshape(-1, rows * block, tokens.shape[1])


def _absence(bins: Tensor, size: Size, block: int, margin: int, count: Tensor) -> Tensor:
    return _blocks(torch.zeros_like(bins), size, block, margin, count, ABSENT)


def _unblocked(values: Tensor, size: Size, block: int) -> Tensor:
    """(count, rows * block) back to (N,) row-major, without padding."""
    rows, columns = size
    grid = values.reshape(-1, rows, block).transpose(0, 1).reshape(rows, -1)
    return grid[:, :columns].reshape(-1)


def _by_column(values: Tensor, n: int) -> Tuple[Tensor, Tensor, Tensor]:
    """(count, 3 n) of blocks of image 0 to what the block before, the same and the one after say of a block of image 1."""
    padded = F.pad(values, (0, 0, 1, 1))
    return padded[:-2, 2 * n :], padded[1:-1, n : 2 * n], padded[2:, :n]


def _near(values: Tensor) -> Tensor:
    """(count, n) to (count, 3 n): every block's values between its neighbours', zeros beyond the ends."""
    padded = F.pad(values, (0, 0, 1, 1))
    return torch.cat([padded[:-2], padded[1:-1], padded[2:]], dim=1)
