"""Times OpenCV's SIFT and the stock LoFTR in PyTorch on request: one line of JSON in, one line with milliseconds out.

    {"what": "sift" | "stock", "threads": n, "width": W, "height": H, "a": path, "b": path, "matches": n}

SIFT: detection in both strips at full resolution, brute-force matching with the ratio test, RANSAC; a and b are raw
8-bit files of twice the width and height. Stock LoFTR: the network of the paper (random weights: timing only), the
fine stage for as many matches as ours finds.
"""
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))
from loftr import STOCK, LoFTR  # noqa: E402

RATIO = 0.75


def match_by_sift(a: np.ndarray, b: np.ndarray) -> None:
    detector = cv2.SIFT_create()
    points_a, features_a = detector.detectAndCompute(a, None)
    points_b, features_b = detector.detectAndCompute(b, None)
    pairs = cv2.BFMatcher().knnMatch(features_a, features_b, k=2)
    good = [first for first, second in pairs if first.distance < RATIO * second.distance]
    if len(good) >= 4:
        p = np.float32([points_a[m.queryIdx].pt for m in good])
        q = np.float32([points_b[m.trainIdx].pt for m in good])
        cv2.estimateAffinePartial2D(q, p, method=cv2.RANSAC, ransacReprojThreshold=3)


class Stock:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = LoFTR(STOCK).eval()

    def match(self, a: torch.Tensor, b: torch.Tensor, matches: int) -> None:
        with torch.no_grad():
            features = self.model.features(a, b)
            self.model.coarse_matching.match(features.tokens0, features.tokens1)
            rows, columns = features.size0
            cell = torch.arange(rows * columns)[: max(matches, 1)]
            cells = torch.stack([torch.zeros_like(cell), torch.div(cell, columns, rounding_mode="floor"), cell % columns], dim=1)
            self.model.fine_matching.expectation(self.model.fine_logits(features, cells, cells))


def main() -> None:
    stock = Stock()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        width, height = order["width"], order["height"]
        cv2.setNumThreads(order["threads"])
        torch.set_num_threads(order["threads"])
        a, b = (np.fromfile(order[name], np.uint8).reshape(2 * height, 2 * width) for name in "ab")
        halves = [image.reshape(height, 2, width, 2).mean(axis=(1, 3), dtype=np.float32) / 255 for image in (a, b)]
        tensors = [torch.from_numpy(half)[None, None] for half in halves]
        wall, cpu = time.perf_counter(), time.process_time()
        if order["what"] == "sift":
            match_by_sift(a, b)
        else:
            stock.match(*tensors, order["matches"])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"wallMs": wall * 1000, "cpuMs": cpu * 1000}), flush=True)


if __name__ == "__main__":
    main()
