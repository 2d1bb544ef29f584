"""Measures the read-out's bias towards fine cells on training images, and stores the weights with it.

    /usr/bin/python3 training/calibrate.py training/runs/compact/checkpoint.pt training/weights/loftr-compact.npz

The expectation of a heat map is drawn towards the centres of its cells: e = o - A sin(2 pi o / cell). A is the least-squares fit over
known diagonal shifts of procedural and real *training* images at three noise levels.
"""
import argparse
from pathlib import Path
from typing import List

import cv2
import numpy as np
import torch

from checkpoint import load_weights, save_weights
from data.imaging import Difficulty, expose, halve, stretch_percentiles
from data.real_images import DEFAULT_ROOT, load_training_images
from data.texture import make_texture
from loftr import LoFTR, LoFTRConfig

HEIGHT, WIDTH, START = 96, 112, 40
PHASES = (0.25, 0.5, 0.75, 1.25, 1.5, 1.75)
NOISE = (5, 20, 40)
CONFIDENCE = 0.15


def shifted_strip(source: np.ndarray, x: float, y: float, seed: int, noise: float) -> torch.Tensor:
    """A strip whose pixel (0, 0) is the mean of the source's pixels round (2 x + 0.5, 2 y + 0.5)."""
    matrix = np.array([[1, 0, 2 * x], [0, 1, 2 * y]], float)
    full = cv2.warpAffine(source, matrix, (2 * WIDTH, 2 * HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    imaging = Difficulty(noise=(noise, noise), contrast=0.2, gamma=0.1, brightness=5, blur=0.0, shading=0.0)
    exposed = expose(np.random.default_rng(seed), full.astype(np.float32), imaging)
    return torch.from_numpy(stretch_percentiles(halve(exposed)))[None, None]


def measure_ripple(model: LoFTR, sources: List[np.ndarray]) -> float:
    """A in pixels of the input, by least squares over all shifts; `model` must not correct it yet."""
    turn = 2 * np.pi / model.config.fine_stride
    amplitudes = []
    for index, source in enumerate(sources):
        for noise in NOISE:
            first = shifted_strip(source, START, START, index, noise)
            for phase in PHASES:
                second = shifted_strip(source, START - 8 - phase, START - 8 - phase, index + 1000, noise)
                with torch.no_grad():
                    table = model(first, second).numpy()
                kept = table[table[:, 4] > CONFIDENCE]
                error = kept[:, 2:4] - kept[:, :2] - (8 + phase)
                error = error[np.abs(error).max(axis=1) < 1.5]
                if len(error) < 20:
                    continue
                bias = np.median(error, axis=0)
                amplitudes += [(-b * np.sin(turn * phase), np.sin(turn * phase) ** 2) for b in bias]
    numerator, denominator = np.sum(amplitudes, axis=0)
    return float(numerator / denominator)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=DEFAULT_ROOT)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    values = load_weights(arguments.checkpoint)
    values["config"] = {**values["config"], "readout_ripple_px": 0.0}
    model = LoFTR(LoFTRConfig.from_dict(values["config"]))
    model.load_state_dict(values["averaged"])
    model.uses_attention = values["uses_attention"]
    real = load_training_images(arguments.data)
    sources = [make_texture(920_000 + k, 480) for k in range(4)]
    sources += [image[200:680, 200:680] for image in real.cremi] + real.fibsem[::18]
    ripple = round(measure_ripple(model.eval(), sources), 4)
    values["config"]["readout_ripple_px"] = ripple
    save_weights(arguments.out, values)
    print(f"ripple {ripple} px, step {values['step']}")


if __name__ == "__main__":
    main()
