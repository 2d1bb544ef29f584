"""The whole matcher."""
from typing import NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from .coarse_matching import CoarseMatching, CoarseScores
from .config import LoFTRConfig
from .fine_matching import FineMatching
from .fine_preprocess import FinePreprocess
from .position_encoding import PositionEncoding
from .resnet_fpn import ResNetFPN
from .transformer import LocalFeatureTransformer

Origin = Tuple[int, int]


class Features(NamedTuple):
    """What the backbone and the transformer say of one pair."""

    tokens0: Tensor  # (B, N0, C), row-major coarse cells
    tokens1: Tensor
    fine0: Tensor  # (B, F, H/2, W/2)
    fine1: Tensor
    size0: Tuple[int, int]  # rows and columns of coarse cells
    size1: Tuple[int, int]


def standardise(image: Tensor) -> Tensor:
    """Zero mean and unit variance per image; a constant image gives zeros."""
    centred = image - image.mean(dim=(1, 2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
    return centred * torch.rsqrt(variance + 1e-6)


class LoFTR(nn.Module):
    """Two images (B, 1, H, W) with sides that are multiples of 8 to matches; the sizes may differ."""

    def __init__(self, config: Optional[LoFTRConfig] = None) -> None:
        super().__init__()
        self.config = config or LoFTRConfig()
        self.backbone = ResNetFPN(self.config)
        self.position = PositionEncoding(
            self.config.coarse_channels, self.config.position_base, self.config.position_max_cells
        )
        self.transformer = LocalFeatureTransformer(self.config)
        self.coarse_matching = CoarseMatching(self.config)
        self.fine_preprocess = FinePreprocess(self.config)
        self.fine_matching = FineMatching(self.config)
        # Training learns the backbone first; a checkpoint of that stage is matched without the transformer.
        self.uses_attention = self.config.attention_pairs > 0

    def features(
        self, image0: Tensor, image1: Tensor, origin0: Origin = (0, 0), origin1: Origin = (0, 0),
        backbone_in_bf16: bool = False,
    ) -> Features:
        """Backbone and transformer; the origins are those of the position code, in coarse cells.

        `backbone_in_bf16` is for training only: the features come back as float32.
        """
        if self.training and image0.shape == image1.shape:
            with torch.autocast(image0.device.type, dtype=torch.bfloat16, enabled=backbone_in_bf16):
                both = self.backbone(standardise(torch.cat([image0, image1])))
            coarse0, coarse1 = both[0].float().chunk(2)
            fine0, fine1 = both[1].float().chunk(2)
        else:
            coarse0, fine0 = self.backbone(standardise(image0))
            coarse1, fine1 = self.backbone(standardise(image1))
        tokens0 = coarse0.flatten(2).transpose(1, 2)
        tokens1 = coarse1.flatten(2).transpose(1, 2)
        if self.uses_attention:
            code0 = self.position(coarse0.shape[2], coarse0.shape[3], origin0)
            code1 = self.position(coarse1.shape[2], coarse1.shape[3], origin1)
            tokens0, tokens1 = self.transformer(tokens0, tokens1, code0, code1)
        return Features(tokens0, tokens1, fine0, fine1, tuple(coarse0.shape[2:]), tuple(coarse1.shape[2:]))

    def coarse_scores(self, features: Features) -> CoarseScores:
        return self.coarse_matching.scores(features.tokens0, features.tokens1)

    def fine_logits(self, features: Features, cells0: Tensor, cells1: Tensor) -> Tensor:
        """Heat maps (M, w*w) of pairs of coarse cells, each (image, row, column)."""
        gathered = self.fine_preprocess(features.fine0, features.fine1, cells0, cells1)
        return self.fine_matching.logits(*gathered)

    def forward(self, image0: Tensor, image1: Tensor) -> Tensor:
        """Matches (N0, 6) of one pair: x0, y0, x1, y1 in pixels of the inputs, confidence, spread.

        One row per coarse cell of image 0; confidence 0 where the cell has no mutual partner.
        """
        features = self.features(image0, image1)
        partner, confidence = self.coarse_matching.match(features.tokens0, features.tokens1)
        cells0 = self._cells(features.size0, partner.device)
        cells1 = self._cells(features.size1, partner.device).index_select(0, partner)
        offset, spread = self.fine_matching.expectation(self.fine_logits(features, cells0, cells1))
        points0 = self._pixels(cells0).to(offset.dtype)
        points1 = self._pixels(cells1).to(offset.dtype) + offset
        return torch.cat([points0, points1, confidence[:, None], spread[:, None]], dim=1)

    def _pixels(self, cells: Tensor) -> Tensor:
        return torch.stack([cells[:, 2], cells[:, 1]], dim=1) * self.config.coarse_stride

    @staticmethod
    def _cells(size: Tuple[int, int], device: torch.device) -> Tensor:
        """All coarse cells (N, 3) of the only image of a batch, row-major: 0, row, column."""
        rows, columns = size
        row = torch.arange(rows, device=device)[:, None].expand(rows, columns).reshape(-1)
        column = torch.arange(columns, device=device)[None, :].expand(rows, columns).reshape(-1)
        return torch.stack([torch.zeros_like(row), row, column], dim=1)
