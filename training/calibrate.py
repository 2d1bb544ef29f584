"""Measures the read-out's bias and what the network's confidence is worth, and stores the weights with both.

    /usr/bin/python3 training/calibrate.py training/runs/compact/checkpoint.pt training/weights/loftr-compact.npz

Confidence: see `confidence.py`; the tables are fitted to one half of the held-out images (and to textures no run draws) and
checked on the other half, whose reliability is printed and goes into the manifest.

The expectation of a heat map is drawn towards the centres of its cells: e = o - A sin(2 pi o / cell). A is the least-squares fit over
known diagonal shifts of procedural and real *training* images at three noise levels.
"""
import argparse
import os
from pathlib import Path
from typing import Any, Dict, List, Tuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

import confidence
from checkpoint import load_weights, save_weights
from data.imaging import Difficulty, expose, halve, stretch_percentiles
from data.real_images import DEFAULT_ROOT, RealImages, load_held_out_images, load_training_images
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


Source = Tuple[np.ndarray, Tuple[float, float]]
# Full-resolution px per px of the strips.
SHRINKS = (1, 2)


def halves_of(real: RealImages) -> Tuple[List[Source], List[Source]]:
    """Sources to fit to and others to check on; the scales are those of training."""
    half = real.axons[0].shape[0] // 2 if real.axons else 0
    fitted: List[Source] = [(image, (0.6, 1.3)) for image in real.cremi[:1]]
    fitted += [(image, (0.45, 0.7)) for image in real.fibsem[: len(real.fibsem) // 2 : 4]]
    fitted += [(image[:half], (0.6, 1.2)) for image in real.axons]
    checked: List[Source] = [(image, (0.6, 1.3)) for image in real.cremi[1:]]
    checked += [(image, (0.45, 0.7)) for image in real.fibsem[len(real.fibsem) // 2 + 20 :: 4]]
    checked += [(image[half:], (0.6, 1.2)) for image in real.axons]
    for part, first in ((fitted, 930_000), (checked, 940_000)):
        part += [(make_texture(first + k, 720), (0.6, 1.3)) for k in range(3)]
    return fitted, checked


def calibrate_confidence(model: LoFTR, real: RealImages, pairs: int) -> Dict[str, Any]:
    """Tables per scale, the default threshold, and the reliability on the other half of the images."""
    fitted, checked = halves_of(real)
    entries, found, report = [], [], []
    for shrink in SHRINKS:
        matches = confidence.collect(model, fitted, shrink, pairs, seed=1)
        entry = confidence.fit(matches, 1 / shrink)
        others = confidence.collect(model, checked, shrink, pairs, seed=2)
        rows = confidence.reliability(entry, others)
        report.append({
            "scale": entry["scale"], "pairs": pairs, "matches": int(len(others.confidence)),
            "expectedError": round(confidence.expected_error(rows), 4),
            "rawExpectedError": round(confidence.expected_error(rows, "raw"), 4),
            "sigma": confidence.sigma_coverage(entry, others), "bins": rows,
        })
        entries.append(entry)
        found.append(matches)
    return {
        "rightPx": confidence.RIGHT_PX, "entries": entries, "threshold": confidence.threshold(entries, found),
        "reliability": report,
    }


def print_reliability(calibration: Dict[str, Any]) -> None:
    for part in calibration["reliability"]:
        print(f"scale {part['scale']}: {part['matches']} matches of {part['pairs']} pairs, expected calibration error "
              f"{part['expectedError']} (raw {part['rawExpectedError']}), sigma {part['sigma']}")
        for row in part["bins"]:
            print("  " + "  ".join(f"{name} {value}" for name, value in row.items()))
    print(f"default confidence {calibration['threshold']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=DEFAULT_ROOT)
    parser.add_argument("--pairs", type=int, default=96, help="per scale, for the fit and again for the check")
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
    model.fine_matching.ripple_px = ripple
    values["calibration"] = calibrate_confidence(model, load_held_out_images(arguments.data), arguments.pairs)
    print_reliability(values["calibration"])
    save_weights(arguments.out, values)
    print(f"ripple {ripple} px, step {values['step']}")


if __name__ == "__main__":
    main()
