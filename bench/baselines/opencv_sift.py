"""OpenCV's SIFT, tuned for electron micrographs as docs/baselines.md says, on the pairs of a folder.

Reads FOLDER/pairs.json, [{"width", "height", "a", "b"}], a and b naming raw 8-bit files, and writes to stdout
[{"countA", "countB", "ms", "detectMs", "a": [x, y, …], "b": [x, y, …], "confidence": […]}], matches in px.
With --keypoints instead [{"count", "points": [x, y, …]}] of every a. One thread; `ms` is the processor time of a whole pair: standardise, blur, detect, describe, match.
"""

import json
import os
import sys
import time

import cv2
import numpy as np

BLUR = 1.5
GREY_PER_DEVIATION = 64
CONTRAST_THRESHOLD = 0.02
RATIO = 0.75


def prepare(grey):
    x = grey.astype(np.float32)
    x = (x - x.mean()) / max(float(x.std()), 1e-6)
    x = cv2.GaussianBlur(x, (0, 0), BLUR)
    return np.clip(np.rint(127.5 + GREY_PER_DEVIATION * x), 0, 255).astype(np.uint8)


def match(sift, matcher, a, b):
    start = time.process_time()
    points_a, features_a = sift.detectAndCompute(prepare(a), None)
    points_b, features_b = sift.detectAndCompute(prepare(b), None)
    detected = time.process_time()
    kept = []
    if len(points_a) > 1 and len(points_b) > 1:
        kept = [m for m in matcher.knnMatch(features_a, features_b, k=2) if m[0].distance < RATIO * m[1].distance]
    end = time.process_time()
    return {
        "countA": len(points_a),
        "countB": len(points_b),
        "ms": 1000 * (end - start),
        "detectMs": 1000 * (detected - start),
        "a": [c for m, _ in kept for c in points_a[m.queryIdx].pt],
        "b": [c for m, _ in kept for c in points_b[m.trainIdx].pt],
        "confidence": [1 - (m.distance / n.distance) ** 2 for m, n in kept],
    }


def keypoints(sift, a):
    found = sift.detect(prepare(a), None)
    return {"count": len(found), "points": [round(c, 3) for point in found for c in point.pt]}


def main(folder, only_keypoints):
    cv2.setNumThreads(1)
    sift = cv2.SIFT_create(contrastThreshold=CONTRAST_THRESHOLD)
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    with open(os.path.join(folder, "pairs.json")) as file:
        pairs = json.load(file)
    results = []
    for pair in pairs:
        shape = (pair["height"], pair["width"])
        a, b = (np.fromfile(os.path.join(folder, pair[k]), np.uint8).reshape(shape) for k in "ab")
        results.append(keypoints(sift, a) if only_keypoints else match(sift, matcher, a, b))
    json.dump(results, sys.stdout)


main(sys.argv[1], "--keypoints" in sys.argv[2:])
