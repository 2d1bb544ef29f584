"""Trains the compact LoFTR: backbone first, then attention; easy pairs first, then hard ones.

    /usr/bin/python3 training/train.py --name compact

Every batch is drawn from (seed, step), so a run continued from its checkpoint sees the same pairs as an unbroken one.
"""
import argparse
import copy
import csv
import math
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

from checkpoint import load_checkpoint, save_checkpoint
from data.imaging import Difficulty
from data.pairs import (COARSE_STRIDE, PairRecipe, SourceChooser, StripPair, TexturePool, cell_points, make_pair)
from data.real_images import DEFAULT_ROOT, load_training_images
from loftr import LoFTR, LoFTRConfig
from loftr.losses import UNMATCHED, coarse_loss, fine_loss

TRAINING = Path(__file__).resolve().parent
# (height, width, pairs): strips of several shapes with about the same number of pixels per batch.
EASY_SHAPES = ((128, 128, 8), (96, 168, 8))
SHAPES = ((128, 128, 8), (96, 168, 8), (64, 256, 8), (256, 64, 8), (152, 288, 3), (288, 152, 3), (152, 448, 2))
LOG_COLUMNS = ("step", "stage", "pairs", "cpu_s", "learning_rate", "coarse_loss", "fine_entropy", "fine_distance",
               "coarse_accuracy", "fine_median_px", "temperature")


class Schedule(NamedTuple):
    """Steps of the two stages and their peak learning rates."""

    cnn_steps: int
    attention_steps: int
    cnn_rate: float = 2e-3
    attention_rate: float = 1.2e-3
    warm_up: int = 200

    @property
    def steps(self) -> int:
        return self.cnn_steps + self.attention_steps

    def uses_attention(self, step: int) -> bool:
        return step >= self.cnn_steps

    def learning_rate(self, step: int) -> float:
        """Linear warm-up in each stage; cosine to a third in the first, to zero in the second."""
        if not self.uses_attention(step):
            progress = step / max(1, self.cnn_steps)
            peak, floor = self.cnn_rate, self.cnn_rate / 3
        else:
            step -= self.cnn_steps
            progress = step / max(1, self.attention_steps)
            peak, floor = self.attention_rate, 1e-5
        cosine = floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))
        return cosine * min(1.0, (step + 1) / self.warm_up)

    def level(self, step: int) -> float:
        """Difficulty 0..1: grows over the first 45 % of the run, then stays."""
        return min(1.0, step / (0.45 * self.steps))


class Batch(NamedTuple):
    image0: Tensor
    image1: Tensor
    partner0: Tensor
    partner1: Tensor
    cells0: Tensor  # (M, 3)
    cells1: Tensor
    offset: Tensor  # (M, 2)


def recipe_at(level: float) -> PairRecipe:
    """Overlaps of 50-95 % and clean images at level 0; 10-80 % and the full range of imaging at level 1."""
    return PairRecipe(
        overlap=(0.5 - 0.4 * level, 0.95 - 0.15 * level),
        disjoint_share=0.08 * level,
        difficulty=Difficulty().eased(0.1 + 0.9 * level),
    )


def draw_batch(seed: int, step: int, level: float, chooser: SourceChooser) -> Batch:
    """The batch of one step, always the same for the same seed and step."""
    rng = np.random.default_rng([seed, step])
    shapes = EASY_SHAPES if level < 0.4 else SHAPES
    height, width, count = shapes[int(rng.integers(len(shapes)))]
    pairs = []
    for _ in range(count):
        source, scales = chooser.draw(rng)
        # Part of the pairs stays easier than the level, so that clean images are not forgotten.
        own_level = level * rng.uniform(0, 1) if rng.random() < 0.4 else level
        pairs.append(make_pair(rng, source, scales, (height, width), recipe_at(own_level)))
    return _assemble(rng, pairs, height, width)


def _assemble(rng: np.random.Generator, pairs: List[StripPair], height: int, width: int) -> Batch:
    columns = width // COARSE_STRIDE
    cells0, cells1, offsets = [], [], []
    own = cell_points(height, width)
    for index, pair in enumerate(pairs):
        matched = np.flatnonzero(pair.partner0 != UNMATCHED)
        matched = rng.permutation(matched)[: max(1, 640 // len(pairs))]
        points = pair.points1[matched]
        # The coarse stage may be off by a cell: let windows start there too.
        shaken = np.rint((points + rng.uniform(-1.5, 1.5, points.shape)) / COARSE_STRIDE)
        shaken = np.clip(shaken, 0, [columns - 1, height // COARSE_STRIDE - 1])
        offset = points - shaken * COARSE_STRIDE
        usable = np.abs(offset).max(axis=1, initial=0) < 5.9
        start = own[matched][usable] / COARSE_STRIDE
        label = np.full((len(start), 1), index)
        cells0.append(np.concatenate([label, start[:, ::-1]], axis=1))
        cells1.append(np.concatenate([label, shaken[usable][:, ::-1]], axis=1))
        offsets.append(offset[usable])
    to_cells = lambda parts: torch.from_numpy(np.concatenate(parts).astype(np.int64))
    return Batch(
        torch.from_numpy(np.stack([pair.image0 for pair in pairs]))[:, None],
        torch.from_numpy(np.stack([pair.image1 for pair in pairs]))[:, None],
        torch.from_numpy(np.stack([pair.partner0 for pair in pairs])),
        torch.from_numpy(np.stack([pair.partner1 for pair in pairs])),
        to_cells(cells0), to_cells(cells1), torch.from_numpy(np.concatenate(offsets).astype(np.float32)),
    )


def update_average(average: LoFTR, model: LoFTR, step: int) -> None:
    """Exponential average of weights, plain copy of batch statistics."""
    decay = min(0.998, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, current in zip(average.parameters(), model.parameters()):
            mean.lerp_(current, 1 - decay)
        for mean, current in zip(average.buffers(), model.buffers()):
            if mean.is_floating_point():
                mean.lerp_(current, 1 - decay)
            else:
                mean.copy_(current)


def make_optimiser(model: LoFTR) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))


def train_step(model: LoFTR, optimiser: torch.optim.Optimizer, batch: Batch, rng: np.random.Generator) -> Dict[str, float]:
    """One step; returns what the log shows."""
    most = 100
    origins = [tuple(int(v) for v in rng.integers(0, most, 2)) for _ in range(2)]
    features = model.features(batch.image0, batch.image1, origins[0], origins[1])
    scores = model.coarse_scores(features)
    coarse = coarse_loss(scores, batch.partner0, batch.partner1, dustbin_weight=0.5)
    loss = coarse * 0.5
    report = {"coarse_loss": coarse.item(), "temperature": scores.temperature.item()}
    if len(batch.offset) > 0:
        logits = model.fine_logits(features, batch.cells0, batch.cells1)
        fine = fine_loss(model.fine_matching, logits, batch.offset)
        loss = loss + 0.5 * fine.cross_entropy + fine.distance
        report.update(fine_entropy=fine.cross_entropy.item(), fine_distance=fine.distance.item(),
                      fine_median_px=fine.error_px.median().item())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    if torch.isfinite(norm):
        optimiser.step()
    matched = batch.partner0 != UNMATCHED
    if matched.any():
        report["coarse_accuracy"] = (scores.similarity.argmax(2)[matched] == batch.partner0[matched]).float().mean().item()
    return report


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="compact", help="folder under training/runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cnn-steps", type=int, default=3000)
    parser.add_argument("--attention-steps", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--textures", type=int, default=500, help="number of procedural source images")
    parser.add_argument("--real-share", type=float, default=0.5, help="share of pairs cut from real images")
    parser.add_argument("--data", type=Path, default=DEFAULT_ROOT)
    parser.add_argument("--save-every-s", type=float, default=120)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    torch.manual_seed(arguments.seed)
    folder = TRAINING / "runs" / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    schedule = Schedule(arguments.cnn_steps, arguments.attention_steps)
    model = LoFTR(LoFTRConfig()).train()
    average = copy.deepcopy(model).eval()
    optimiser = make_optimiser(model)
    step, spent_cpu_s, pairs = 0, 0.0, 0
    path = folder / "checkpoint.pt"
    if path.exists():
        values = load_checkpoint(path)
        model.load_state_dict(values["model"])
        average.load_state_dict(values["averaged"])
        optimiser.load_state_dict(values["optimiser"])
        step, spent_cpu_s, pairs = values["step"], values["cpu_s"], values["pairs"]
        print(f"continuing from step {step}", flush=True)
    real = load_training_images(arguments.data)
    print(f"{real.count} real training images, {sum(p.numel() for p in model.parameters())} parameters", flush=True)
    textures = TexturePool(arguments.seed, arguments.textures, TRAINING / "runs" / "textures")
    chooser = SourceChooser(textures, real, arguments.real_share)

    is_new = not (folder / "log.csv").exists()
    log_file = open(folder / "log.csv", "a", newline="")
    log = csv.DictWriter(log_file, LOG_COLUMNS, lineterminator="\n")
    if is_new:
        log.writeheader()
    recent: List[Dict[str, float]] = []
    started, saved = time.process_time(), time.monotonic()

    def save() -> None:
        save_checkpoint(path, {
            "config": model.config.to_dict(), "model": model.state_dict(), "averaged": average.state_dict(),
            "optimiser": optimiser.state_dict(), "uses_attention": model.uses_attention, "step": step, "pairs": pairs,
            "cpu_s": spent_cpu_s + time.process_time() - started, "seed": arguments.seed,
        })

    while step < schedule.steps:
        model.uses_attention = average.uses_attention = schedule.uses_attention(step)
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate(step)
        batch = draw_batch(arguments.seed, step, schedule.level(step), chooser)
        recent.append(train_step(model, optimiser, batch, np.random.default_rng([arguments.seed, step, 1])))
        update_average(average, model, step)
        step += 1
        pairs += len(batch.image0)
        if step % 50 == 0:
            means = {key: np.mean([r[key] for r in recent if key in r]) for key in LOG_COLUMNS[5:]}
            row = {key: f"{value:.4f}" for key, value in means.items()}
            row.update(step=step, stage="attention" if model.uses_attention else "cnn", pairs=pairs,
                       cpu_s=f"{spent_cpu_s + time.process_time() - started:.0f}",
                       learning_rate=f"{schedule.learning_rate(step - 1):.2e}")
            log.writerow(row)
            log_file.flush()
            print(row, flush=True)
            recent = []
        if time.monotonic() - saved > arguments.save_every_s:
            save()
            saved = time.monotonic()
    save()


if __name__ == "__main__":
    main()
