"""The training loop's promises, on a network small enough for a test."""
import copy
import csv
import dataclasses
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from checkpoint import load_checkpoint, load_model, load_weights, save_weights
from data.natural_texture import make_natural_texture
from data.pairs import SourceChooser, TexturePool
from data.real_images import RealImages
from loftr import LoFTR, LoFTRConfig
from train import LOG_COLUMNS, STAGES, Log, Run, Schedule, draw_batch, make_optimiser, train_step, update_average

SMALL = LoFTRConfig(stage_channels=(8, 8, 16), stage_blocks=(1, 1, 1), coarse_channels=16, fine_channels=8,
                    attention_pairs=1, attention_heads=2)

# A `Run` keeps channels last, where the backward pass of torch 1.13 (CPU) corrupts memory at 8 channels; at 16 it does not.
WIDER = dataclasses.replace(SMALL, stage_channels=(16, 16, 32))


class ScheduleTest(unittest.TestCase):
    def test_backbone_first_then_attention_and_easy_to_hard(self):
        schedule = Schedule(100, 200)
        self.assertFalse(schedule.uses_attention(99))
        self.assertTrue(schedule.uses_attention(100))
        levels = [schedule.level(step) for step in range(300)]
        self.assertEqual(levels, sorted(levels))
        self.assertEqual(levels[-1], 1.0)
        self.assertLess(schedule.learning_rate(299), 2e-5)

    def test_a_later_stage_starts_where_its_first_level_says(self):
        schedule = Schedule(0, 100, first_level=0.4, growth_share=0.5)
        self.assertAlmostEqual(schedule.level(0), 0.4)
        self.assertAlmostEqual(schedule.level(25), 0.7)
        self.assertEqual([schedule.level(step) for step in (50, 99)], [1.0, 1.0])
        self.assertTrue(schedule.uses_attention(0))

    def test_only_fine_tuning_sees_micrographs(self):
        self.assertFalse(STAGES["pretrain"].sees_real_images)
        self.assertIs(STAGES["pretrain"].make_texture, make_natural_texture)
        self.assertTrue(STAGES["finetune"].sees_real_images)
        self.assertNotEqual(STAGES["pretrain"].number, STAGES["finetune"].number)


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

    def test_every_stage_and_every_seed_has_batches_of_its_own(self):
        batch = lambda seed, stage: draw_batch(seed, 5, 0.2, self.chooser, stage)
        self.assertTrue(torch.equal(batch(1, 2).image0, batch(1, 2).image0))
        for other in (batch(1, 1), batch(2, 2)):
            same_shape = other.image0.shape == batch(1, 2).image0.shape
            self.assertFalse(same_shape and torch.equal(other.image0, batch(1, 2).image0))

    def _run(self, seed=4):
        """Three steps, the last of them with attention."""
        stage = STAGES["finetune"]._replace(schedule=Schedule(2, 2, warm_up=2))
        return Run(stage, stage.schedule, WIDER, seed, torch.device("cpu"))

    def _advance(self, run, steps):
        for _ in range(steps):
            run.advance(self.chooser, False)

    def assert_same_state(self, one, other):
        self.assertEqual(list(one.state_dict()), list(other.state_dict()))
        for name, tensor in one.state_dict().items():
            self.assertTrue(torch.equal(tensor, other.state_dict()[name]), name)

    def test_continuing_from_a_checkpoint_is_the_unbroken_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint.pt"
            unbroken = self._run()
            self._advance(unbroken, 2)
            unbroken.save(path)
            self._advance(unbroken, 1)
            continued = self._run()
            continued.resume(path)
            self._advance(continued, 1)
        self.assert_same_state(unbroken.model, continued.model)
        self.assert_same_state(unbroken.average, continued.average)
        self.assertEqual((continued.step, continued.pairs), (3, unbroken.pairs))
        self.assertTrue(continued.model.uses_attention)
        moments = lambda run: [state["exp_avg_sq"] for state in run.optimiser.state_dict()["state"].values()]
        self.assertGreater(len(moments(unbroken)), 20)
        for a, b in zip(moments(unbroken), moments(continued)):
            self.assertTrue(torch.equal(a, b))

    def test_a_stage_starts_from_the_averaged_weights_and_keeps_the_history(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name / "checkpoint.pt" for name in ("first", "second")]
            first = self._run()
            self._advance(first, 1)
            first.history = [{"stage": "earlier"}]
            first.save(paths[0])
            second = self._run(seed=5)
            second.start_from(paths[0])
            self.assert_same_state(second.model, first.average)
            self.assert_same_state(second.average, first.average)
            self.assertEqual((second.step, second.pairs), (0, 0))
            before, done = second.history
            self.assertEqual(before, {"stage": "earlier"})
            self.assertEqual((done["stage"], done["seed"], done["step"], done["pairs"]), (first.stage.texture_folder, 4, 1, first.pairs))
            second.save(paths[1])
            again = self._run(seed=5)
            again.resume(paths[1])
            self.assertEqual(again.history, second.history)
            self.assertEqual(load_checkpoint(paths[1])["history"], second.history)

    def test_the_log_holds_means_of_fifty_steps_and_is_appended_to(self):
        run = self._run()
        with tempfile.TemporaryDirectory() as folder, mock.patch("builtins.print"):
            path = Path(folder) / "log.csv"
            for first in (1, 51):
                log = Log(path)
                for step in range(first, first + 50):
                    run.step = step
                    log.add(run, {**{name: 2.0 for name in LOG_COLUMNS[5:]}, "coarse_loss": float(step)})
                log._file.close()
            rows = list(csv.DictReader(path.open()))
        self.assertEqual([row["step"] for row in rows], ["50", "100"])
        self.assertEqual([float(row["coarse_loss"]) for row in rows], [25.5, 75.5])
        self.assertEqual(tuple(rows[0]), LOG_COLUMNS)

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
