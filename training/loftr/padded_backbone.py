"""The backbone on a padded image: what it says of the image is what it says of the image alone."""
from typing import Tuple

import torch.nn.functional as F
from torch import Tensor

from .resnet_fpn import NarrowPyramid, ResidualBlock, upsample_aligned


def padded_maps(backbone: NarrowPyramid, image: Tensor, inside: Tensor) -> Tuple[Tensor, Tensor]:
    """`NarrowPyramid.forward` of an image of which only `inside` (B, 1, H, W) of 0 and 1 counts.

    A convolution sees zeros beyond an image's edge, so whatever a layer writes there is set to zero again.
    """
    at2, at4, at8 = inside[:, :, ::2, ::2], inside[:, :, ::4, ::4], inside[:, :, ::8, ::8]
    at_half = _stage(backbone.stage_half, F.relu(backbone.stem(image)) * at2, at2)
    at_quarter = _stage(backbone.stage_quarter, at_half, at4)
    at_eighth = _stage(backbone.stage_eighth, at_quarter, at8)
    above = _upsampled(backbone.eighth_to_quarter(at_eighth), at8, at4)
    quarter = F.relu(backbone.merge_quarter(at_quarter + above)) * at4
    above = _upsampled(backbone.quarter_to_half(quarter), at4, at2)
    half = F.relu(backbone.merge_half(at_half + above)) * at2
    return backbone.coarse(at_eighth), backbone.fine(half) * at2


def _stage(blocks: "list[ResidualBlock]", x: Tensor, inside: Tensor) -> Tensor:
    for block in blocks:
        inner = F.relu(block.first(x)) * inside
        x = F.relu(block.shortcut(x) + block.second(inner)) * inside
    return x


def _upsampled(x: Tensor, inside: Tensor, inside_above: Tensor) -> Tensor:
    """`upsample_aligned` that repeats the last cell of the image: a mean over the cells that are there."""
    share = upsample_aligned(inside).clamp(min=0.25)
    return upsample_aligned(x * inside) / share * inside_above
