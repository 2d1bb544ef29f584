"""Bias of the read-out on known sub-pixel shifts, and how well `spread` orders matches.

    /usr/bin/python3 training/measure_readout.py training/weights/loftr-compact.npz
"""
import sys
from pathlib import Path

import numpy as np
import torch

from calibrate import CONFIDENCE, START, shifted_strip
from checkpoint import load_model
from data.imaging import stretch_percentiles
from data.real_images import load_held_out_images
from data.texture import make_texture
from evaluate import CONDITIONS, cut_strips
from loftr import LoFTR

TEXTURES, PAIRS = 30, 6


def confident(model: LoFTR, image0: torch.Tensor, image1: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        table = model(image0, image1).numpy().astype(np.float64)
    return table[table[:, 4] > CONFIDENCE]


def report_bias(model: LoFTR) -> None:
    """Procedural textures no run has seen, each moved by a random amount and by its opposite."""
    errors, medians = [], []
    for k in range(TEXTURES):
        source = make_texture(940_000 + k, 480)
        shift = np.random.default_rng([77, k]).uniform(0, 12, 2) * [1, (-1) ** k]
        for moved in (shift, -shift):
            first = shifted_strip(source, START, START, k, 5)
            second = shifted_strip(source, START + moved[0], START + moved[1], k + 1000, 5)
            found = confident(model, first, second)
            error = found[:, 2:4] - (found[:, :2] - moved)
            error = error[np.abs(error).max(axis=1) < 1.5]
            errors.append(error)
            medians.append(np.median(error, axis=0))
    pooled, medians = np.concatenate(errors), np.array(medians)
    print(f"{len(pooled)} matches, signed mean {pooled.mean(axis=0).round(4)} px, median error {np.median(np.linalg.norm(pooled, axis=1)):.3f} px")
    print(f"median signed error of a pair: deviation {medians.std(axis=0).round(3)}, largest {np.abs(medians).max():.3f} px")


def report_spread(model: LoFTR) -> None:
    """Median error by fifths of the spread, on held-out ssTEM."""
    sources = load_held_out_images().cremi
    for index in (0, 4):
        rows = []
        for k in range(PAIRS if sources else 0):
            strips = cut_strips(np.random.default_rng([7, index, k]), sources[k % len(sources)], CONDITIONS[index], 1.0)
            inputs = [torch.from_numpy(stretch_percentiles(image))[None, None] for image in (strips.image0, strips.image1)]
            found = confident(model, *inputs)
            error = np.linalg.norm(found[:, 2:4] - strips.true_points1(found[:, :2]), axis=1)
            rows.append(np.column_stack([found[:, 5], error]))
        if rows:
            pooled = np.concatenate(rows)
            fifths = np.array_split(pooled[np.argsort(pooled[:, 0])], 5)
            print(CONDITIONS[index].name, "spread and median error by fifths:",
                  [(round(float(part[:, 0].mean()), 2), round(float(np.median(part[:, 1])), 2)) for part in fifths])


if __name__ == "__main__":
    torch.set_num_threads(1)
    network = load_model(Path(sys.argv[1]))
    report_bias(network)
    report_spread(network)
