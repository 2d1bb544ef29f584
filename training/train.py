"""Trains a LoFTR in two stages, each one command.

    /usr/bin/python3 training/train.py pretrain --name compact-pretrained
    /usr/bin/python3 training/train.py finetune --name compact --start compact-pretrained

`pretrain` sees no micrograph and nothing that looks like one: procedural textures with the statistics of natural
images. The backbone learns first, attention is added after; easy pairs first, then hard ones. `finetune` goes on from
the averaged weights of a finished run with electron micrographs, procedural and real; `pretrain-on` goes on as long without them,
so that the two can be compared at the same budget. Every batch is drawn from (stage, seed, step),
so a run continued from its checkpoint sees the same pairs as an unbroken one.
"""
import argparse
import copy
import csv
import math
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

# `--threads` bounds PyTorch; the BLAS beneath it would take every core on its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from torch import Tensor

from checkpoint import load_checkpoint, save_checkpoint
from data.imaging import Difficulty
from data.natural_texture import make_natural_texture
from data.pairs import (COARSE_STRIDE, PairRecipe, SourceChooser, StripPair, TexturePool, cell_points, make_pair)
from data.real_images import DEFAULT_ROOT, RealImages, load_training_images
from data.texture import make_texture
from loftr import CONFIGURATIONS, LoFTR, LoFTRConfig
from loftr.losses import UNMATCHED, coarse_loss, fine_loss

TRAINING = Path(__file__).resolve().parent
# (height, width, pairs): strips of several shapes with about the same number of pixels per batch.
EASY_SHAPES = ((128, 128, 8), (96, 168, 8))
SHAPES = ((128, 128, 8), (96, 168, 8), (48, 256, 10), (64, 256, 8), (256, 64, 8), (152, 288, 3), (288, 152, 3), (152, 448, 2))
LOG_COLUMNS = ("step", "stage", "pairs", "cpu_s", "learning_rate", "coarse_loss", "fine_entropy", "fine_distance",
               "coarse_accuracy", "fine_median_px", "temperature")


class Schedule(NamedTuple):
    """Steps with and without attention, their peak learning rates, and how soon pairs get hard."""

    cnn_steps: int
    attention_steps: int
    cnn_rate: float = 2e-3
    attention_rate: float = 1.2e-3
    warm_up: int = 200
    # Difficulty grows linearly from `first_level` to 1 over this share of the run, then stays.
    first_level: float = 0.0
    growth_share: float = 0.45

    @property
    def steps(self) -> int:
        return self.cnn_steps + self.attention_steps

    def uses_attention(self, step: int) -> bool:
        return step >= self.cnn_steps

    def learning_rate(self, step: int) -> float:
        """Linear warm-up in each part; cosine to a third without attention, to zero with it."""
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
        """Difficulty 0..1."""
        return min(1.0, self.first_level + (1 - self.first_level) * step / (self.growth_share * self.steps))


class Stage(NamedTuple):
    """What distinguishes pre-training from fine-tuning."""

    number: int  # part of every batch's random seed
    schedule: Schedule
    make_texture: Callable[[int, int], np.ndarray]
    texture_folder: str
    sees_real_images: bool


STAGES = {
    "pretrain": Stage(1, Schedule(2500, 4500), make_natural_texture, "natural", False),
    "finetune": Stage(2, Schedule(0, 6500, first_level=0.4, growth_share=0.3), make_texture, "textures", True),
    # The control of fine-tuning: as long, with the same schedule, without a micrograph.
    "pretrain-on": Stage(3, Schedule(0, 6500, first_level=0.4, growth_share=0.3), make_natural_texture, "natural", False),
}


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
        disjoint_share=0.1 * level,
        difficulty=Difficulty().eased(0.1 + 0.9 * level),
    )


def draw_batch(seed: int, step: int, level: float, chooser: SourceChooser, stage: int = 1) -> Batch:
    """The batch of one step, always the same for the same stage, seed and step."""
    rng = np.random.default_rng([stage, seed, step])
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


def train_step(
    model: LoFTR, optimiser: torch.optim.Optimizer, batch: Batch, rng: np.random.Generator, backbone_in_bf16: bool = False
) -> Dict[str, float]:
    """One step; returns what the log shows. With `backbone_in_bf16` the convolutions alone run in bfloat16."""
    most = 100
    origins = [tuple(int(v) for v in rng.integers(0, most, 2)) for _ in range(2)]
    features = model.features(batch.image0, batch.image1, origins[0], origins[1], backbone_in_bf16)
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


def on_device(batch: Batch, device: torch.device) -> Batch:
    """Images with channels last, which the convolutions of a CPU want, too."""
    moved = Batch(*(tensor.to(device) for tensor in batch))
    return moved._replace(
        image0=moved.image0.to(memory_format=torch.channels_last),
        image1=moved.image1.to(memory_format=torch.channels_last),
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=sorted(STAGES))
    parser.add_argument("--name", required=True, help="folder under training/runs")
    parser.add_argument("--start", help="finished run whose averaged weights this one starts from")
    parser.add_argument("--config", choices=sorted(CONFIGURATIONS), default="compact", help="sizes, without --start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cnn-steps", type=int, help="steps without attention (default: the stage's)")
    parser.add_argument("--attention-steps", type=int, help="steps with attention (default: the stage's)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="convolutions in bfloat16: a quarter less time")
    parser.add_argument("--textures", type=int, default=500, help="number of procedural source images")
    parser.add_argument("--real-share", type=float, default=0.5, help="share of pairs cut from real images, when fine-tuning")
    parser.add_argument("--data", type=Path, default=DEFAULT_ROOT)
    parser.add_argument("--save-every-s", type=float, default=120)
    return parser.parse_args()


class Run:
    """A training run between two checkpoints: networks, optimiser and how far it has come."""

    def __init__(self, stage: Stage, schedule: Schedule, config: LoFTRConfig, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed)
        self.stage, self.schedule, self.seed, self.device = stage, schedule, seed, device
        self.model = LoFTR(config).to(device).to(memory_format=torch.channels_last).train()
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = make_optimiser(self.model)
        self.step, self.pairs, self.cpu_s_before = 0, 0, 0.0
        # What the weights went through in earlier stages, for the model card.
        self.history: List[Dict[str, Any]] = []
        self._started = time.process_time()

    @property
    def cpu_s(self) -> float:
        return self.cpu_s_before + time.process_time() - self._started

    def start_from(self, path: Path) -> None:
        """Takes the averaged weights of a finished run, and its history."""
        values = load_checkpoint(path)
        self.model.load_state_dict(values["averaged"])
        self.average.load_state_dict(values["averaged"])
        done = {key: values[key] for key in ("stage", "seed", "step", "pairs", "cpu_s")}
        self.history = [*values["history"], done]

    def resume(self, path: Path) -> None:
        values = load_checkpoint(path)
        self.model.load_state_dict(values["model"])
        self.average.load_state_dict(values["averaged"])
        self.optimiser.load_state_dict(values["optimiser"])
        self.step, self.pairs, self.cpu_s_before = values["step"], values["pairs"], values["cpu_s"]
        self.history = values["history"]

    def save(self, path: Path) -> None:
        save_checkpoint(path, {
            "config": self.model.config.to_dict(), "model": self.model.state_dict(), "averaged": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "uses_attention": self.model.uses_attention, "step": self.step,
            "pairs": self.pairs, "cpu_s": self.cpu_s, "seed": self.seed, "stage": self.stage.texture_folder,
            "history": self.history,
        })

    def advance(self, chooser: SourceChooser, backbone_in_bf16: bool) -> Dict[str, float]:
        """One step."""
        step = self.step
        self.model.uses_attention = self.average.uses_attention = self.schedule.uses_attention(step)
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.learning_rate(step)
        batch = draw_batch(self.seed, step, self.schedule.level(step), chooser, self.stage.number)
        origins = np.random.default_rng([self.stage.number, self.seed, step, 1])
        report = train_step(self.model, self.optimiser, on_device(batch, self.device), origins, backbone_in_bf16)
        update_average(self.average, self.model, step)
        self.step += 1
        self.pairs += len(batch.image0)
        return report


class Log:
    """Means over 50 steps, as rows of a CSV that a continued run appends to."""

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self._file = open(path, "a", newline="")
        self._rows = csv.DictWriter(self._file, LOG_COLUMNS, lineterminator="\n")
        self._recent: List[Dict[str, float]] = []
        if is_new:
            self._rows.writeheader()

    def add(self, run: Run, report: Dict[str, float]) -> None:
        self._recent.append(report)
        if run.step % 50 != 0:
            return
        means = {key: np.mean([r[key] for r in self._recent if key in r]) for key in LOG_COLUMNS[5:]}
        row = {key: f"{value:.4f}" for key, value in means.items()}
        row.update(step=run.step, stage="attention" if run.model.uses_attention else "cnn", pairs=run.pairs,
                   cpu_s=f"{run.cpu_s:.0f}", learning_rate=f"{run.schedule.learning_rate(run.step - 1):.2e}")
        self._rows.writerow(row)
        self._file.flush()
        print(row, flush=True)
        self._recent = []


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(arguments.threads)
    runs = TRAINING / "runs"
    folder = runs / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    stage = STAGES[arguments.stage]
    schedule = stage.schedule._replace(**{
        key: value for key, value in
        (("cnn_steps", arguments.cnn_steps), ("attention_steps", arguments.attention_steps)) if value is not None
    })
    start = runs / arguments.start / "checkpoint.pt" if arguments.start else None
    config = LoFTRConfig.from_dict(load_checkpoint(start)["config"]) if start else CONFIGURATIONS[arguments.config]
    run = Run(stage, schedule, config, arguments.seed, torch.device(arguments.device))
    path = folder / "checkpoint.pt"
    if path.exists():
        run.resume(path)
        print(f"continuing from step {run.step}", flush=True)
    elif start:
        run.start_from(start)
    real = load_training_images(arguments.data) if stage.sees_real_images else RealImages([], [], [])
    print(f"{real.count} real training images, {sum(p.numel() for p in run.model.parameters())} parameters", flush=True)
    textures = TexturePool(arguments.seed, arguments.textures, runs / stage.texture_folder, stage.make_texture)
    chooser = SourceChooser(textures, real, arguments.real_share)
    log = Log(folder / "log.csv")
    saved = time.monotonic()
    while run.step < schedule.steps:
        log.add(run, run.advance(chooser, arguments.bf16))
        if time.monotonic() - saved > arguments.save_every_s:
            run.save(path)
            saved = time.monotonic()
    run.save(path)


if __name__ == "__main__":
    main()
