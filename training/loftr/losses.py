"""What training minimises."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .coarse_matching import CoarseScores
from .fine_matching import FineMatching

UNMATCHED = -1
# Standard deviation of the fine target, in fine cells.
TARGET_CELLS = 0.75


class FineLoss(NamedTuple):
    cross_entropy: Tensor
    distance: Tensor
    error_px: Tensor  # (M,) not differentiated


def coarse_loss(scores: CoarseScores, partner0: Tensor, partner1: Tensor, dustbin_weight: float) -> Tensor:
    """-mean log p in both softmax directions; a cell without partner belongs into its dustbin.

    `partner0` (B, N0) holds the index in image 1 or UNMATCHED, `partner1` (B, N1) the reverse.
    """
    rows = torch.cat([scores.similarity, scores.dustbin0[:, :, None]], dim=2)
    columns = torch.cat([scores.similarity.transpose(1, 2), scores.dustbin1[:, :, None]], dim=2)
    return _direction(rows, partner0, dustbin_weight) + _direction(columns, partner1, dustbin_weight)


def _direction(logits: Tensor, partner: Tensor, dustbin_weight: float) -> Tensor:
    classes = logits.shape[2]
    is_matched = partner != UNMATCHED
    target = torch.where(is_matched, partner, torch.full_like(partner, classes - 1))
    entropy = F.cross_entropy(logits.reshape(-1, classes), target.reshape(-1), reduction="none")
    weight = torch.where(is_matched, 1.0, dustbin_weight).reshape(-1)
    return (entropy * weight).sum() / weight.sum().clamp(min=1)


def fine_loss(matching: FineMatching, logits: Tensor, offset: Tensor) -> FineLoss:
    """Cross-entropy to a Gaussian target (0.75 cells wide), and the Huber distance of the read-out, in pixels.

    `offset` (M, 2): true position in image 1 minus the window's centre, in pixels.
    """
    distance = (matching.grid[None, :, :] - offset[:, None, :]) / matching.pixels
    # A narrower target (bilinear 2x2, say) teaches the heat map to snap to cells: up to 0.3 px of bias.
    target = torch.softmax(-(distance * distance).sum(dim=2) / (2 * TARGET_CELLS**2), dim=1)
    entropy = -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()
    estimate, _ = matching.expectation(logits)
    huber = F.smooth_l1_loss(estimate, offset, beta=0.5)
    return FineLoss(entropy, huber, (estimate - offset).norm(dim=1).detach())
