"""The compact network laid out for a runtime: the numbers of `LoFTR.forward` from fewer and larger operators.

What pays (152 x 512, one thread of wasm): the fine stage of mutual cells only and its template sums as one product
(403 ms to 215 ms). What an exporter makes of the training code is mostly small copies.
"""
from typing import NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .band_matching import match_band
from .loftr import LoFTR, standardise
from .padded_backbone import padded_maps
from .transformer import EPSILON, EncoderLayer

# Row and column (M,) of coarse cells, int32.
Cells = Tuple[Tensor, Tensor]

# Largest temperature for which exp(T cos) needs no maximum in float32: exp(60) = 1e26.
MOST_TEMPERATURE = 60.0
# A pixel below this is padding; grey values are 0..1.
PADDING_BELOW = -0.5


class GraphOptions(NamedTuple):
    """What a graph is for."""

    # Rows of cells surer than `least_confidence` only (their number varies), or a row for every cell of image 0.
    only_mutual: bool = True
    least_confidence: float = 0.0
    # A third input says by its length how many columns of cells a block has; a cell finds its partner in its own block
    # and the two neighbouring ones.
    has_band: bool = False
    # Pixels of -1 are padding: they carry no weight anywhere, so that images of any size fit a few fixed ones.
    may_be_padded: bool = False


class MatchingGraph(nn.Module):
    """Two images (1, 1, H, W) with sides that are multiples of 8 to matches (n, 6); see `LoFTR.forward`."""

    def __init__(self, model: LoFTR, options: GraphOptions = GraphOptions()) -> None:
        super().__init__()
        if model.config.similarity != "cosine" or model.config.fine_stage != "distance":
            raise ValueError("a matching graph is for the compact kind of network (cosines and distances)")
        if float(model.coarse_matching.log_temperature.exp()) > MOST_TEMPERATURE:
            raise ValueError(f"temperature {float(model.coarse_matching.log_temperature.exp())} overflows exp")
        self.model, self.options = model, options
        channels, heads = model.config.coarse_channels, model.config.attention_heads
        head = torch.arange(channels) // (channels // heads)
        self.register_buffer("same_head", (head[:, None] == head[None, :]).float(), persistent=False)
        fine = model.fine_matching
        self.support = fine.window + fine.template - 1
        self.cells_per_coarse = model.config.coarse_stride // model.config.fine_stride
        self.register_buffer("template_sum", _template_sum(fine.template, fine.window), persistent=False)
        grid = fine.grid
        near = (grid[:, None, :] - grid[None, :, :]).abs().amax(dim=2) < (fine.reach + 0.5) * fine.pixels
        self.register_buffer("near_peak", near.float(), persistent=False)
        self.register_buffer("moments", torch.cat([torch.ones_like(grid[:, :1]), grid, grid * grid], dim=1), persistent=False)

    def forward(self, image0: Tensor, image1: Tensor, band: Optional[Tensor] = None) -> Tensor:
        """`band` (block,): columns of cells per block, for a graph that has one; its values do not count."""
        model = self.model
        coarse0, fine0, valid0 = self._backbone(image0)
        coarse1, fine1, valid1 = self._backbone(image1)
        rows0, columns0, columns1 = coarse0.shape[2], coarse0.shape[3], coarse1.shape[3]
        tokens0, tokens1 = self._transform(coarse0, coarse1, valid0, valid1)
        sizes = (rows0, columns0), (coarse1.shape[2], columns1)
        partner, confidence = self._match(tokens0, tokens1, *sizes, valid0, valid1, band)
        # WebGPU reads 64-bit indices but does not calculate with them: rows and columns are looked up.
        cells0, cells1 = _cells(coarse0), _cells(coarse1)
        own = torch.arange(rows0 * columns0, device=partner.device, dtype=torch.int32)
        if self.options.only_mutual:
            own = torch.nonzero(confidence > self.options.least_confidence).reshape(-1)
            partner, confidence = partner.index_select(0, own), confidence.index_select(0, own)
            cells0 = (cells0[0].index_select(0, own), cells0[1].index_select(0, own))
        cells1 = (cells1[0].index_select(0, partner), cells1[1].index_select(0, partner))
        offset, spread = self._read_out(fine0, fine1, own, cells0, cells1)
        stride = float(model.config.coarse_stride)
        points0 = torch.stack([cells0[1], cells0[0]], dim=1).to(offset.dtype) * stride
        points1 = torch.stack([cells1[1], cells1[0]], dim=1).to(offset.dtype) * stride + offset
        return torch.cat([points0, points1, confidence[:, None], spread], dim=1)

    def _backbone(self, image: Tensor) -> Tuple[Tensor, Tensor, Optional[Tensor]]:
        """Coarse and fine maps, and (N, 1) whether a coarse cell lies in the image (None: all do)."""
        if not self.options.may_be_padded:
            return (*self.model.backbone(standardise(image)), None)
        inside = (image > PADDING_BELOW).to(image.dtype)
        share = inside.mean(dim=(1, 2, 3), keepdim=True)
        mean = (image * inside).mean(dim=(1, 2, 3), keepdim=True) / share
        centred = (image - mean) * inside
        variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True) / share
        coarse, fine = padded_maps(self.model.backbone, centred * torch.rsqrt(variance + 1e-6), inside)
        stride = self.model.config.coarse_stride
        return coarse, fine, inside[:, :, ::stride, ::stride].reshape(-1, 1)

    def _transform(
        self, coarse0: Tensor, coarse1: Tensor, valid0: Optional[Tensor], valid1: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor]:
        model = self.model
        tokens0 = coarse0.flatten(2)[0].transpose(0, 1)
        tokens1 = coarse1.flatten(2)[0].transpose(0, 1)
        if not model.uses_attention:
            return tokens0, tokens1
        code0 = model.position(coarse0.shape[2], coarse0.shape[3])[0]
        code1 = model.position(coarse1.shape[2], coarse1.shape[3])[0]
        for index, layer in enumerate(model.transformer.layers):
            if index % 2 == 0:
                tokens0 = self._layer(layer, tokens0, tokens0, code0, code0, valid0)
                tokens1 = self._layer(layer, tokens1, tokens1, code1, code1, valid1)
            else:
                tokens0 = self._layer(layer, tokens0, tokens1, code0, code1, valid1)
                tokens1 = self._layer(layer, tokens1, tokens0, code1, code0, valid0)
        return tokens0, tokens1

    def _layer(
        self, layer: EncoderLayer, x: Tensor, source: Tensor, code: Tensor, code_source: Tensor, valid: Optional[Tensor],
    ) -> Tensor:
        """`EncoderLayer.forward` with all heads in one product: sums over keys are masked to a head's own channels."""
        attention, channels = layer.attention, x.shape[1]
        query = _positive(torch.matmul(x + code, attention.query.weight.t()))
        both = torch.cat([attention.key.weight, attention.value.weight], dim=0).t()
        key_value = torch.matmul(source + code_source, both)
        key, value = _positive(key_value[:, :channels]), key_value[:, channels:]
        if valid is None:
            count = float(1) * key.shape[0]
        else:
            key, count = key * valid, valid.sum()
        total = key.sum(dim=0)[:, None] / count * self.same_head
        weighted = torch.matmul(key.t(), value) / count * self.same_head
        joint = torch.matmul(query, torch.cat([weighted, total], dim=1))
        message = joint[:, :channels] / (joint[:, channels:] + EPSILON)
        message = layer.norm_message(torch.matmul(message, attention.merge.weight.t()))
        return x + layer.norm_update(layer.mlp(torch.cat([x, message], dim=1)))

    def _match(
        self, tokens0: Tensor, tokens1: Tensor, size0: Tuple[int, int], size1: Tuple[int, int],
        valid0: Optional[Tensor], valid1: Optional[Tensor], band: Optional[Tensor],
    ) -> Tuple[Tensor, Tensor]:
        """`CoarseMatching.match`: E = exp(T cos) and the dustbins' share a factor that cancels."""
        matching = self.model.coarse_matching
        temperature = matching.log_temperature.exp()
        unit0, unit1 = _unit(tokens0), _unit(tokens1)
        bin0 = torch.exp(torch.tanh(matching.dustbin(unit0)) * temperature)
        bin1 = torch.exp(torch.tanh(matching.dustbin(unit1)) * temperature)
        unit0 = unit0 * temperature
        if self.options.has_band and band is not None:
            return match_band(unit0, unit1, bin0, bin1, size0, size1, band.shape[0])
        scaled = torch.exp(torch.matmul(unit0, unit1.t()))
        if valid0 is not None and valid1 is not None:
            scaled = scaled * valid1.t() * valid0
        row = torch.rsqrt(scaled.sum(dim=1, keepdim=True) + bin0)
        column = torch.rsqrt(scaled.sum(dim=0, keepdim=True) + bin1.t())
        root = scaled * row * column
        best, partner = root.max(dim=1)
        is_mutual = root.amax(dim=0).index_select(0, partner) <= best
        return partner, best * best * is_mutual.to(best.dtype)

    def _read_out(self, fine0: Tensor, fine1: Tensor, own: Tensor, cells0: Cells, cells1: Cells) -> Tuple[Tensor, Tensor]:
        """`FinePreprocess`, `FineMatching.logits` and `.expectation`; sums over the template and moments are products."""
        fine = self.model.fine_matching
        energy = (fine1 * fine1).sum(dim=1, keepdim=True)
        template = self._windows(torch.cat([fine0 * 2, -torch.ones_like(fine0[:, :1])], dim=1), cells0, fine.template)
        window = self._windows(torch.cat([fine1, energy], dim=1), cells1, self.support)
        products = torch.matmul(template, window.transpose(1, 2)).reshape(-1, self.template_sum.shape[0])
        contrast = self._contrast(fine0).index_select(0, own)
        logits = torch.matmul(products, self.template_sum) * (fine.log_scale.exp() / (contrast + fine.log_floor.exp()))
        peak_value, peak = logits.max(dim=1)
        near = self.near_peak.index_select(0, peak)
        moments = torch.matmul(torch.exp((logits - peak_value[:, None]) * fine.sharpness) * near, self.moments)
        offset, second = moments[:, 1:3] / moments[:, :1], moments[:, 3:5] / moments[:, :1]
        variance = (second - offset * offset).clamp(min=0).mean(dim=1, keepdim=True)
        return fine._without_ripple(offset), torch.sqrt(variance + 1e-9)

    def _windows(self, fine: Tensor, cells: Cells, size: int) -> Tensor:
        """(M, size * size, C) of fine cells round coarse cells, zeros beyond the map."""
        margin, channels = self.support // 2, fine.shape[1]
        rows = F.pad(fine, (margin, margin, margin, margin)).permute(0, 2, 3, 1)
        stride = rows.shape[2]
        reach = torch.arange(size, device=fine.device, dtype=torch.int32) + (margin - size // 2)
        offsets = (reach[:, None] * stride + reach[None, :]).reshape(1, -1).to(torch.int32)
        first = ((cells[0] * stride + cells[1]) * self.cells_per_coarse).to(torch.int32)
        index = (first[:, None] + offsets).reshape(-1)
        return rows.reshape(-1, channels).index_select(0, index).reshape(-1, size * size, channels)

    def _contrast(self, fine: Tensor) -> Tensor:
        """`FinePreprocess._contrast` of every coarse cell, (N, 1)."""
        padded = F.pad(fine, (1, 1, 1, 1), mode="replicate")
        along_x = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        along_y = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
        energy = (along_x * along_x + along_y * along_y).sum(dim=1, keepdim=True)
        size, step = self.model.fine_matching.template, self.cells_per_coarse
        total = F.avg_pool2d(energy, size, stride=1, padding=size // 2) * (size * size / 8)
        return total[:, :, ::step, ::step].reshape(-1, 1)


def _positive(x: Tensor) -> Tensor:
    """elu(x) + 1 = max(x, 0) + exp(min(x, 0)), from operators with fast kernels everywhere."""
    kept = F.relu(x)
    return kept + torch.exp(x - kept)


def _unit(tokens: Tensor) -> Tensor:
    return tokens * torch.rsqrt((tokens * tokens).sum(dim=1, keepdim=True) + 1e-6)


def _cells(coarse: Tensor) -> Cells:
    """Row and column of every cell of a map, row-major."""
    rows, columns = coarse.shape[2], coarse.shape[3]
    row = torch.arange(rows, device=coarse.device, dtype=torch.int32)[:, None].expand(rows, columns).reshape(-1)
    column = torch.arange(columns, device=coarse.device, dtype=torch.int32)[None, :].expand(rows, columns).reshape(-1)
    return row, column


def _template_sum(template: int, window: int) -> Tensor:
    """(t * t * s * s, w * w) of 0 and 1, s = w + t - 1: which products of a template with a support one shift adds up."""
    support = window + template - 1
    total = torch.zeros(template, template, support, support, window, window)
    for dy in range(template):
        for dx in range(template):
            for y in range(window):
                for x in range(window):
                    total[dy, dx, dy + y, dx + x, y, x] = 1
    return total.reshape(template**2 * support**2, window**2)
