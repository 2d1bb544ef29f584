"""Dual softmax, with dustbins or as published, and mutual nearest neighbours."""
import math
from typing import NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import LoFTRConfig


class CoarseScores(NamedTuple):
    """Logits of the two softmaxes: the N0 x N1 similarities and each cell's own dustbin."""

    similarity: Tensor  # (B, N0, N1), temperature * cosine, at most `temperature`
    dustbin0: Tensor  # (B, N0)
    dustbin1: Tensor  # (B, N1)
    temperature: Tensor  # scalar


def mutual_best(score: Tensor) -> Tuple[Tensor, Tensor]:
    """Best column (N0,) of every row of (N0, N1), and its score (N0,), 0 where the row is not the column's best."""
    best, partner = score.max(dim=1)
    back = score.argmax(dim=0)
    own = torch.arange(partner.shape[0], device=partner.device)
    is_mutual = (back.index_select(0, partner) == own).to(best.dtype)
    return partner, best * is_mutual


class CoarseMatching(nn.Module):
    """confidence(i, j) = softmax_j(s(i, .), d0(i)) * softmax_i(s(., j), d1(j)), kept where mutually largest.

    s = T cos(f0, f1). The dustbin logit d = T tanh(w . f + b) lets a cell say that its partner is not in sight
    (outside the overlap, featureless resin).
    """

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.tensor(math.log(config.initial_temperature)))
        self.dustbin = nn.Linear(config.coarse_channels, 1)
        nn.init.zeros_(self.dustbin.weight)
        nn.init.constant_(self.dustbin.bias, config.initial_dustbin)

    def _unit_and_dustbin(self, tokens: Tensor) -> Tuple[Tensor, Tensor]:
        # rsqrt of a sum: `F.normalize` exports to more nodes for the same numbers.
        unit = tokens * torch.rsqrt((tokens * tokens).sum(dim=2, keepdim=True) + 1e-6)
        return unit, torch.tanh(self.dustbin(unit)).squeeze(2)

    def scores(self, tokens0: Tensor, tokens1: Tensor) -> CoarseScores:
        """The logits that the loss needs."""
        temperature = self.log_temperature.exp()
        unit0, bin0 = self._unit_and_dustbin(tokens0)
        unit1, bin1 = self._unit_and_dustbin(tokens1)
        cosine = torch.matmul(unit0, unit1.transpose(1, 2))
        return CoarseScores(cosine * temperature, bin0 * temperature, bin1 * temperature, temperature)

    def match(self, tokens0: Tensor, tokens1: Tensor) -> Tuple[Tensor, Tensor]:
        """Partner (N0,) of every cell of image 0 and its confidence (N0,), 0 where not mutual. Batch of one.

        Cosines are bounded, so E = exp(T (cos - 1)) needs no maximum; with R and S its row and column sums,
        dustbins included, confidence = E^2 / (R S) = (E rsqrt(R) rsqrt(S))^2.
        """
        temperature = self.log_temperature.exp()
        unit0, bin0 = self._unit_and_dustbin(tokens0)
        unit1, bin1 = self._unit_and_dustbin(tokens1)
        cosine = torch.matmul(unit0[0] * temperature, unit1[0].transpose(0, 1))
        scaled = torch.exp(cosine - temperature)
        row = scaled.sum(dim=1, keepdim=True) + torch.exp((bin0[0] - 1) * temperature)[:, None]
        column = scaled.sum(dim=0, keepdim=True) + torch.exp((bin1[0] - 1) * temperature)[None, :]
        root = scaled * torch.rsqrt(row) * torch.rsqrt(column)
        partner, best = mutual_best(root)
        return partner, best * best


class ProductMatching(nn.Module):
    """The published dual softmax: s = f0 . f1 / (channels * temperature), no dustbin, nothing learnt."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        self.scale = 1 / (config.coarse_channels * config.product_temperature)

    def match(self, tokens0: Tensor, tokens1: Tensor) -> Tuple[Tensor, Tensor]:
        """Partner (N0,) of every cell of image 0 and its confidence (N0,), 0 where not mutual. Batch of one."""
        similarity = torch.matmul(tokens0[0] * self.scale, tokens1[0].transpose(0, 1))
        return mutual_best(torch.softmax(similarity, dim=1) * torch.softmax(similarity, dim=0))


def is_inside(cells: Tensor, size: Tuple[int, int], border: int) -> Tensor:
    """1 for cells (N, 3; image, row, column) at least `border` cells away from every side of a map, 0 for others; float32."""
    row, column = cells[:, 1], cells[:, 2]
    inside = (row >= border) & (row < size[0] - border) & (column >= border) & (column < size[1] - border)
    return inside.to(torch.float32)


def make_coarse_matching(config: LoFTRConfig) -> nn.Module:
    return ProductMatching(config) if config.similarity == "product" else CoarseMatching(config)
