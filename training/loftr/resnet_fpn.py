"""The convolutional backbone: residual stages at 1/2, 1/4, 1/8 and a feature pyramid back up to 1/2.

Every kernel is odd with padding k // 2, so cell k of a map with stride s is centred on pixel s * k.
`upsample_aligned` keeps that, and there is no half-pixel bookkeeping. `upsample_between_corners` of the published
network does not: it stretches a map of n cells by (2 n - 1) / (2 n - 2), so what the pyramid adds from above lies up to
half an upper cell too far to the right and down, growing from nothing at the first cell.
"""
from typing import Tuple

import torch.nn.functional as F
from torch import Tensor, nn

from .config import LoFTRConfig


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution and batch normalisation, without bias."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )


class ResidualBlock(nn.Module):
    """relu(shortcut(x) + conv(relu(conv(x)))), with a 1x1 shortcut where the shape changes."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(channels_in, channels_out, 3, stride)
        self.second = convolution(channels_out, channels_out, 3)
        same_shape = stride == 1 and channels_in == channels_out
        self.shortcut = nn.Identity() if same_shape else convolution(channels_in, channels_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.shortcut(x) + self.second(F.relu(self.first(x))))


def upsample_aligned(x: Tensor) -> Tensor:
    """Doubles a map so that u[2k] = x[k] and u[2k + 1] = (x[k] + x[k + 1]) / 2, the last cell repeated."""
    doubled = F.interpolate(x, scale_factor=2.0, mode="nearest")
    return F.avg_pool2d(F.pad(doubled, (0, 1, 0, 1), mode="replicate"), 2, stride=1)


def upsample_between_corners(x: Tensor) -> Tensor:
    """Doubles a map of n cells bilinearly so that the first and the last cell stay: u[i] = x[i (n - 1) / (2 n - 1)]."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)


class ResNet(nn.Module):
    """Image (B, 1, H, W) to maps at 1/2, 1/4, 1/8."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.stage_channels
        self.stem = convolution(1, half, 7, 2)
        self.stage_half = self._stage(half, half, config.stage_blocks[0], 1)
        self.stage_quarter = self._stage(half, quarter, config.stage_blocks[1], 2)
        self.stage_eighth = self._stage(quarter, eighth, config.stage_blocks[2], 2)

    @staticmethod
    def _stage(channels_in: int, channels_out: int, blocks: int, stride: int) -> nn.Sequential:
        first = ResidualBlock(channels_in, channels_out, stride)
        rest = [ResidualBlock(channels_out, channels_out, 1) for _ in range(blocks - 1)]
        return nn.Sequential(first, *rest)

    def stages(self, image: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        at_half = self.stage_half(F.relu(self.stem(image)))
        at_quarter = self.stage_quarter(at_half)
        return at_half, at_quarter, self.stage_eighth(at_quarter)


class NarrowPyramid(ResNet):
    """Image to coarse features (B, C, H/8, W/8) and fine features (B, F, H/2, W/2); levels add at the lower one's width."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__(config)
        half, quarter, eighth = config.stage_channels
        self.coarse = nn.Conv2d(eighth, config.coarse_channels, 1)
        self.eighth_to_quarter = nn.Conv2d(eighth, quarter, 1)
        self.merge_quarter = convolution(quarter, quarter, 3)
        self.quarter_to_half = nn.Conv2d(quarter, half, 1)
        self.merge_half = convolution(half, half, 3)
        self.fine = nn.Conv2d(half, config.fine_channels, 3, padding=1)

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        at_half, at_quarter, at_eighth = self.stages(image)
        quarter = F.relu(self.merge_quarter(at_quarter + upsample_aligned(self.eighth_to_quarter(at_eighth))))
        half = F.relu(self.merge_half(at_half + upsample_aligned(self.quarter_to_half(quarter))))
        return self.coarse(at_eighth), self.fine(half)


class WidePyramid(ResNet):
    """The same maps; levels add at the upper one's width, and the coarse features themselves go down the pyramid."""

    def __init__(self, config: LoFTRConfig) -> None:
        super().__init__(config)
        half, quarter, eighth = config.stage_channels
        coarse = config.coarse_channels
        self.coarse = nn.Conv2d(eighth, coarse, 1, bias=False)
        self.lateral_quarter = nn.Conv2d(quarter, coarse, 1, bias=False)
        self.merge_quarter = self._merge(coarse, quarter)
        self.lateral_half = nn.Conv2d(half, quarter, 1, bias=False)
        self.merge_half = self._merge(quarter, config.fine_channels)

    @staticmethod
    def _merge(channels_in: int, channels_out: int) -> nn.Sequential:
        last = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        return nn.Sequential(*convolution(channels_in, channels_in, 3), nn.LeakyReLU(), last)

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        at_half, at_quarter, at_eighth = self.stages(image)
        coarse = self.coarse(at_eighth)
        quarter = self.merge_quarter(self.lateral_quarter(at_quarter) + upsample_between_corners(coarse))
        half = self.merge_half(self.lateral_half(at_half) + upsample_between_corners(quarter))
        return coarse, half


def make_backbone(config: LoFTRConfig) -> nn.Module:
    return WidePyramid(config) if config.pyramid == "wide" else NarrowPyramid(config)
