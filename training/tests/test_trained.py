"""The shipped weights: bias on known sub-pixel shifts, silence without overlap, and the stored pair."""
import base64
import hashlib
import json
import unittest
from pathlib import Path

import cv2
import numpy as np
import torch

from checkpoint import load_model
from data.imaging import Difficulty, expose, halve, stretch_percentiles
from data.texture import make_texture

TRAINING = Path(__file__).resolve().parents[1]
WEIGHTS = TRAINING / "weights" / "loftr-compact.npz"
BUNDLE = TRAINING.parent / "public" / "models" / "loftr-compact"
FIXTURE = TRAINING / "fixtures" / "loftr-compact-pair.json"
CONFIDENCE = 0.15


def strip_at(source, x, y, height, width, rng):
    """A strip at half resolution whose pixel (0, 0) shows source point (2 x + 0.5, 2 y + 0.5)."""
    matrix = np.array([[1, 0, 2 * x], [0, 1, 2 * y]], float)
    full = cv2.warpAffine(source, matrix, (2 * width, 2 * height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    clean = Difficulty(noise=(5, 5), contrast=0.1, gamma=0.0, brightness=5, blur=0.0, shading=0.0)
    return torch.from_numpy(stretch_percentiles(halve(expose(rng, full.astype(np.float32), clean))))[None, None]


def stored(values):
    return np.frombuffer(base64.b64decode(values["base64"]), "<f4").reshape(values["shape"])


@unittest.skipUnless(WEIGHTS.exists(), "training/weights/loftr-compact.npz is absent")
class TrainedNetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.model = load_model(WEIGHTS)

    def _match(self, image0, image1):
        with torch.no_grad():
            table = self.model(image0, image1).numpy()
        return table[table[:, 4] > CONFIDENCE]

    def test_known_sub_pixel_shifts_are_found_without_bias(self):
        """Signed mean error per axis below 0.02 px: the coordinate conventions hold from tile to match.

        Every shift comes with its opposite, so that what pulls matches towards the centres of cells cancels.
        """
        errors = []
        for k in range(12):
            source = make_texture(940_000 + k, 400)
            shift = np.random.default_rng([77, k]).uniform(0, 12, 2) * [1, (-1) ** k]
            for moved in (shift, -shift):
                rng = np.random.default_rng([78, k])
                first = strip_at(source, 30, 30, 104, 112, rng)
                second = strip_at(source, 30 + moved[0], 30 + moved[1], 104, 112, rng)
                found = self._match(first, second)
                error = found[:, 2:4] - (found[:, :2] - moved)
                errors.append(error[np.abs(error).max(axis=1) < 1.5])
        signed = np.concatenate(errors)
        self.assertGreater(len(signed), 2000)
        self.assertLess(np.abs(signed.mean(axis=0)).max(), 0.02)
        self.assertLess(np.median(np.linalg.norm(signed, axis=1)), 0.25)

    def test_unrelated_images_give_few_confident_matches(self):
        rng = np.random.default_rng(3)
        counts = []
        for k in range(4):
            first, second = (strip_at(make_texture(910_000 + 2 * k + n, 512), 20, 20, 128, 160, rng) for n in range(2))
            counts.append(len(self._match(first, second)))
        # Of 320 cells.
        self.assertLess(np.mean(counts), 16)

    def test_the_stored_pair_is_what_these_weights_give(self):
        fixture = json.loads(FIXTURE.read_text())
        image0, image1 = (torch.tensor(stored(fixture[name])) for name in ("image0", "image1"))
        with torch.no_grad():
            table = self.model(image0, image1).numpy()
        expected = stored(fixture["matches"])
        np.testing.assert_array_equal(table[:, 4] > 0, expected[:, 4] > 0)
        mutual = expected[:, 4] > 0
        self.assertLess(np.abs(table - expected)[mutual].max(), 1e-3)


class BundleTest(unittest.TestCase):
    def test_manifest_describes_the_shipped_files(self):
        manifest = json.loads((BUNDLE / "manifest.json").read_text())
        recorded = json.loads(FIXTURE.read_text())["modelSha256"]
        if isinstance(recorded, str):  # a bundle of one file
            recorded = {manifest["files"][0]["path"]: recorded}
        for entry in manifest["files"]:
            content = (BUNDLE / entry["path"]).read_bytes()
            self.assertEqual(hashlib.sha256(content).hexdigest(), entry["sha256"])
            self.assertEqual(len(content), entry["bytes"])
            self.assertEqual(recorded[entry["path"]], entry["sha256"])
        self.assertEqual(manifest["output"]["columns"], ["x0", "y0", "x1", "y1", "confidence", "spread"])
