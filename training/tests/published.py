"""The published LoFTR written down a second time: names and shapes, drawn weights, and its formulas on the published names.

Plain functions, sums written out, nothing shared with `loftr/`: what the conversion is measured against.
"""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .reproducible import reproducible_state

State = Dict[str, Tensor]
# Drawn weights, made smaller where the trained network has learnt to be, so that no softmax saturates.
TAMED = {"backbone.layer3_outconv.weight": 0.2, "backbone.layer1_outconv2.3.weight": 0.1}


def published_shapes() -> Dict[str, Tuple[int, ...]]:
    """Shapes by published name, without the prefix."""
    shapes: Dict[str, Tuple[int, ...]] = {}

    def normalisation(name: str, channels: int) -> None:
        for what in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{what}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    def block(name: str, channels_in: int, channels: int) -> None:
        shapes[f"{name}.conv1.weight"] = (channels, channels_in, 3, 3)
        shapes[f"{name}.conv2.weight"] = (channels, channels, 3, 3)
        normalisation(f"{name}.bn1", channels)
        normalisation(f"{name}.bn2", channels)
        if channels_in != channels:
            shapes[f"{name}.downsample.0.weight"] = (channels, channels_in, 1, 1)
            normalisation(f"{name}.downsample.1", channels)

    shapes["backbone.conv1.weight"] = (128, 1, 7, 7)
    normalisation("backbone.bn1", 128)
    for stage, channels_in, channels in ((1, 128, 128), (2, 128, 196), (3, 196, 256)):
        block(f"backbone.layer{stage}.0", channels_in, channels)
        block(f"backbone.layer{stage}.1", channels, channels)
    shapes["backbone.layer3_outconv.weight"] = (256, 256, 1, 1)
    for level, channels, wide, out in ((2, 196, 256, 196), (1, 128, 196, 128)):
        shapes[f"backbone.layer{level}_outconv.weight"] = (wide, channels, 1, 1)
        shapes[f"backbone.layer{level}_outconv2.0.weight"] = (wide, wide, 3, 3)
        normalisation(f"backbone.layer{level}_outconv2.1", wide)
        shapes[f"backbone.layer{level}_outconv2.3.weight"] = (out, wide, 3, 3)
    for part, d, layers in (("loftr_coarse", 256, 8), ("loftr_fine", 128, 2)):
        for name in (f"{part}.layers.{i}" for i in range(layers)):
            shapes.update({f"{name}.{what}.weight": (d, d) for what in ("q_proj", "k_proj", "v_proj", "merge")})
            shapes[f"{name}.mlp.0.weight"], shapes[f"{name}.mlp.2.weight"] = (2 * d, 2 * d), (d, 2 * d)
            shapes.update({f"{name}.norm{n}.{what}": (d,) for n in (1, 2) for what in ("weight", "bias")})
    for name in ("down_proj", "merge_feat"):
        shapes[f"fine_preprocess.{name}.weight"], shapes[f"fine_preprocess.{name}.bias"] = (128, 256), (128,)
    return shapes


def published_state(seed: int) -> State:
    """Drawn weights by published name, without the prefix."""
    empty = {name: torch.empty(shape) for name, shape in published_shapes().items()}
    state = reproducible_state({name: t.long() if name.endswith("tracked") else t for name, t in empty.items()}, seed)
    return {name: tensor * TAMED.get(name, 1) for name, tensor in state.items()}


def write_checkpoint(path: Path, state: State, **others: Any) -> None:
    """A file as the published ones: prefixed names under `state_dict`, beside whatever else a trainer keeps."""
    torch.save({"state_dict": {f"matcher.{name}": tensor for name, tensor in state.items()}, **others}, path)


class Published(NamedTuple):
    """Intermediate results and the table of the published network for one pair."""

    coarse0: Tensor  # (256, H/8, W/8), before the position code
    fine0: Tensor  # (128, H/2, W/2)
    confidence: Tensor  # (N0, N1)
    table: Tensor  # (N0, 6)


def _batch_norm(state: State, name: str, x: Tensor) -> Tensor:
    part = lambda what: state[f"{name}.{what}"][None, :, None, None]
    return (x - part("running_mean")) / torch.sqrt(part("running_var") + 1e-5) * part("weight") + part("bias")


def _block(state: State, name: str, x: Tensor, stride: int) -> Tensor:
    y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
    y = _batch_norm(state, f"{name}.bn1", y).clamp(min=0)
    y = _batch_norm(state, f"{name}.bn2", F.conv2d(y, state[f"{name}.conv2.weight"], padding=1))
    if stride > 1:
        x = _batch_norm(state, f"{name}.downsample.1", F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride))
    return (x + y).clamp(min=0)


def _enlarged(x: Tensor) -> Tensor:
    """Twice the size; output cell i looks at input cell i (n - 1) / (2 n - 1)."""
    for dim in (2, 3):
        n = x.shape[dim]
        at = torch.arange(2 * n, dtype=torch.float64) * (n - 1) / (2 * n - 1)
        low = at.floor().long().clamp(max=n - 2)
        part = (at - low).float().reshape(-1, *[1] * (3 - dim))
        x = x.index_select(dim, low) * (1 - part) + x.index_select(dim, low + 1) * part
    return x


def backbone(state: State, image: Tensor) -> Tuple[Tensor, Tensor]:
    x = F.conv2d(image, state["backbone.conv1.weight"], stride=2, padding=3)
    x = _batch_norm(state, "backbone.bn1", x).clamp(min=0)
    maps = []
    for stage, stride in ((1, 1), (2, 2), (3, 2)):
        x = _block(state, f"backbone.layer{stage}.1", _block(state, f"backbone.layer{stage}.0", x, stride), 1)
        maps.append(x)
    coarse = below = F.conv2d(maps[2], state["backbone.layer3_outconv.weight"])
    for level in (2, 1):
        name = f"backbone.layer{level}_outconv"
        x = F.conv2d(maps[level - 1], state[f"{name}.weight"]) + _enlarged(below)
        x = _batch_norm(state, f"{name}2.1", F.conv2d(x, state[f"{name}2.0.weight"], padding=1))
        below = F.conv2d(torch.where(x > 0, x, 0.01 * x), state[f"{name}2.3.weight"], padding=1)
    return coarse[0], below[0]


def position_code(rows: int, columns: int, is_older: bool) -> Tensor:
    """(256, rows, columns): sin x, cos x, sin y, cos y by turns; positions from 1."""
    code = torch.zeros(256, rows, columns, dtype=torch.float64)
    x = torch.arange(1, columns + 1, dtype=torch.float64)[None, :].expand(rows, columns)
    y = torch.arange(1, rows + 1, dtype=torch.float64)[:, None].expand(rows, columns)
    for k in range(0, 128, 2):
        divisor = 2.718281828459045**-k if is_older else 10000 ** (-k / 128)
        code[2 * k], code[2 * k + 1] = torch.sin(x * divisor), torch.cos(x * divisor)
        code[2 * k + 2], code[2 * k + 3] = torch.sin(y * divisor), torch.cos(y * divisor)
    return code.float()


def layer(state: State, name: str, x: Tensor, source: Tensor) -> Tensor:
    """One layer on tokens (N, d) and (S, d): eight heads, weights phi(q) . phi(k) over their sum, phi = elu + 1."""
    d = x.shape[1]
    phi = lambda v: torch.where(v > 0, v + 1, torch.exp(v.clamp(max=0)))
    query, key = phi(x @ state[f"{name}.q_proj.weight"].T), phi(source @ state[f"{name}.k_proj.weight"].T)
    value = source @ state[f"{name}.v_proj.weight"].T
    heads = []
    for head in range(8):
        part = slice(head * d // 8, (head + 1) * d // 8)
        weight = query[:, part] @ key[:, part].T
        heads.append(weight @ value[:, part] / weight.sum(1, keepdim=True))

    def normed(v: Tensor, n: int) -> Tensor:
        v = (v - v.mean(1, keepdim=True)) / torch.sqrt(v.var(1, unbiased=False, keepdim=True) + 1e-5)
        return v * state[f"{name}.norm{n}.weight"] + state[f"{name}.norm{n}.bias"]

    message = normed(torch.cat(heads, 1) @ state[f"{name}.merge.weight"].T, 1)
    hidden = (torch.cat([x, message], 1) @ state[f"{name}.mlp.0.weight"].T).clamp(min=0)
    return x + normed(hidden @ state[f"{name}.mlp.2.weight"].T, 2)


def transformer(state: State, part: str, tokens0: Tensor, tokens1: Tensor, pairs: int) -> Tuple[Tensor, Tensor]:
    for pair in range(pairs):
        own, cross = f"{part}.layers.{2 * pair}", f"{part}.layers.{2 * pair + 1}"
        tokens0, tokens1 = layer(state, own, tokens0, tokens0), layer(state, own, tokens1, tokens1)
        tokens0 = layer(state, cross, tokens0, tokens1)
        tokens1 = layer(state, cross, tokens1, tokens0)
    return tokens0, tokens1


def _window(state: State, fine: Tensor, token: Tensor, row: int, column: int) -> Tensor:
    """(25, 128): the 5 x 5 fine cells round a coarse cell, each joined with its coarse feature."""
    padded = F.pad(fine, (2, 2, 2, 2))
    cells = padded[:, 4 * row : 4 * row + 5, 4 * column : 4 * column + 5].reshape(128, 25).T
    context = state["fine_preprocess.down_proj.weight"] @ token + state["fine_preprocess.down_proj.bias"]
    joined = torch.cat([cells, context.expand(25, 128)], 1)
    return joined @ state["fine_preprocess.merge_feat.weight"].T + state["fine_preprocess.merge_feat.bias"]


def published_matches(state: State, image0: Tensor, image1: Tensor, is_older: bool) -> Published:
    """The published network on one pair (1, 1, H, W); the table is that of our bundles, fine stage where there is a match."""
    (coarse0, fine0), (coarse1, fine1) = backbone(state, image0), backbone(state, image1)
    tokens = [(c + position_code(*c.shape[1:], is_older)).reshape(256, -1).T for c in (coarse0, coarse1)]
    tokens0, tokens1 = transformer(state, "loftr_coarse", tokens[0], tokens[1], 4)
    similarity = tokens0 @ tokens1.T / (256 * 0.1)
    confidence = torch.softmax(similarity, 0) * torch.softmax(similarity, 1)
    (rows0, columns0), (rows1, columns1) = coarse0.shape[1:], coarse1.shape[1:]
    table = torch.zeros(len(tokens0), 6)
    for i in range(len(tokens0)):
        j = int(confidence[i].argmax())
        row0, column0, row1, column1 = i // columns0, i % columns0, j // columns1, j % columns1
        table[i, :4] = torch.tensor([8 * column0, 8 * row0, 8 * column1, 8 * row1])
        inside = (2 <= row0 < rows0 - 2 and 2 <= column0 < columns0 - 2
                  and 2 <= row1 < rows1 - 2 and 2 <= column1 < columns1 - 2)
        if not inside or int(confidence[:, j].argmax()) != i:
            continue
        window0, window1 = transformer(
            state, "loftr_fine", _window(state, fine0, tokens0[i], row0, column0), _window(state, fine1, tokens1[j], row1, column1), 1
        )
        heat = torch.softmax(window1 @ window0[12] / 128**0.5, 0).reshape(5, 5)
        step = torch.arange(-2, 3) * 2.0
        x, y = (heat.sum(0) * step).sum(), (heat.sum(1) * step).sum()
        variance = (heat.sum(0) * step**2).sum() - x**2 + (heat.sum(1) * step**2).sum() - y**2
        table[i, 2:] += torch.stack([x, y, confidence[i, j], torch.sqrt(variance.clamp(min=0) / 2)])
    return Published(coarse0, fine0, confidence, table)
