"""scikit-image's phase_cross_correlation on the pairs of a folder (pairs.json as in opencv_sift.py).

Writes [{"x", "y", "ms"}] to stdout: b(x + dx, y + dy) shows what a(x, y) shows. Both pictures are freed of their mean
and multiplied by a Hann window; upsample_factor 100.
"""

import json
import os
import sys
import time

import numpy as np
from skimage.registration import phase_cross_correlation


def hann(length):
    depth = np.arange(length) + 0.5
    return (1 - np.cos(2 * np.pi * depth / length)) / 2


def shift(a, b, window):
    start = time.perf_counter()
    a, b = ((x - (x * window).sum() / window.sum()) * window for x in (a, b))
    found = phase_cross_correlation(a, b, upsample_factor=100)[0]
    return {"x": -float(found[1]), "y": -float(found[0]), "ms": 1000 * (time.perf_counter() - start)}


def main(folder):
    with open(os.path.join(folder, "pairs.json")) as file:
        pairs = json.load(file)
    results = []
    for pair in pairs:
        shape = (pair["height"], pair["width"])
        a, b = (np.fromfile(os.path.join(folder, pair[k]), np.uint8).reshape(shape).astype(float) for k in "ab")
        results.append(shift(a, b, np.outer(hann(shape[0]), hann(shape[1]))))
    json.dump(results, sys.stdout)


main(sys.argv[1])
