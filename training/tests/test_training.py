"""The training loop's promises, on a network small enough for a test."""
import copy
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from checkpoint import load_model, load_weights, save_checkpoint, save_weights
from data.pairs import SourceChooser, TexturePool
from data.real_images import RealImages
from loftr import LoFTR, LoFTRConfig
from registration import fit_similarity, ransac_similarity
from train import Schedule, draw_batch, make_optimiser, train_step, update_average

SMALL = LoFTRConfig(stage_channels=(8, 8, 16), stage_blocks=(1, 1, 1), coarse_channels=16, fine_channels=8,
                    attention_pairs=1, attention_heads=2)


class ScheduleTest(unittest.TestCase):
    def test_backbone_first_then_attention_and_easy_to_hard(self):
        schedule = Schedule(100, 200)
        self.assertFalse(schedule.uses_attention(99))
        self.assertTrue(schedule.uses_attention(100))
        levels = [schedule.level(step) for step in range(300)]
        self.assertEqual(levels, sorted(levels))
        self.assertEqual(levels[-1], 1.0)
        self.assertLess(schedule.learning_rate(299), 2e-5)


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        textures = TexturePool(9, 2, Path(cls.folder.name))
        cls.chooser = SourceChooser(textures, RealImages([], [], []), 0.5)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_step_sees_the_same_batch_whenever_it_is_drawn(self):
        first, second = (draw_batch(1, 5, 0.2, self.chooser) for _ in range(2))
        for a, b in zip(first, second):
            self.assertTrue(torch.equal(a, b))

    def test_the_loss_falls(self):
        torch.manual_seed(0)
        model = LoFTR(SMALL).train()
        optimiser = make_optimiser(model)
        batch = draw_batch(1, 0, 0.0, self.chooser)
        losses = [train_step(model, optimiser, batch, np.random.default_rng(0))["coarse_loss"] for _ in range(8)]
        self.assertLess(losses[-1], losses[0] * 0.95)

    def test_continuing_from_a_checkpoint_is_the_unbroken_run(self):
        torch.manual_seed(0)
        batch = draw_batch(1, 3, 0.0, self.chooser)
        model = LoFTR(SMALL).train()
        optimiser = make_optimiser(model)
        train_step(model, optimiser, batch, np.random.default_rng(0))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint.pt"
            save_checkpoint(path, {"model": model.state_dict(), "optimiser": optimiser.state_dict()})
            values = torch.load(path)
        again = LoFTR(SMALL).train()
        again.load_state_dict(values["model"])
        other = make_optimiser(again)
        other.load_state_dict(values["optimiser"])
        for network, steps in ((model, optimiser), (again, other)):
            train_step(network, steps, batch, np.random.default_rng(1))
        for a, b in zip(model.parameters(), again.parameters()):
            self.assertTrue(torch.equal(a, b))

    def test_weights_survive_storage_without_torch(self):
        model = LoFTR(SMALL).eval()
        average = copy.deepcopy(model)
        update_average(average, model, 3)
        values = {"config": SMALL.to_dict(), "averaged": average.state_dict(), "uses_attention": True, "seed": 1,
                  "step": 2, "pairs": 3, "cpu_s": 4.0}
        image = torch.rand(1, 1, 32, 48)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.npz"
            save_weights(path, values)
            self.assertEqual(load_weights(path)["step"], 2)
            with torch.no_grad():
                self.assertTrue(torch.equal(load_model(path)(image, image), average(image, image)))


class RegistrationTest(unittest.TestCase):
    def test_ransac_finds_the_similarity_among_outliers(self):
        rng = np.random.default_rng(0)
        source = rng.uniform(0, 500, (60, 2))
        angle, scale = 0.05, 1.02
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        target = source @ turn.T + [12, -7]
        target[:20] += rng.uniform(20, 80, (20, 2))
        found = ransac_similarity(source, target, 1.5, seed=1)
        self.assertEqual(found.is_inlier.sum(), 40)
        self.assertAlmostEqual(found.similarity.theta_rad, angle, places=9)
        self.assertAlmostEqual(found.similarity.scale, scale, places=9)
        self.assertAlmostEqual(fit_similarity(source[20:], target[20:]).tx, 12, places=6)
