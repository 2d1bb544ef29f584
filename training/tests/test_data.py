"""Pairs against their geometry, and the border between training and held-out images."""
import tempfile
import unittest
from pathlib import Path

import cv2
import numpy as np

from data.imaging import Difficulty, expose, halve, stretch_percentiles
from data.pairs import UNMATCHED, PairRecipe, cell_points, make_pair, partners
from data.real_images import DEFAULT_ROOT, load_held_out_images, load_training_images
from data.texture import TEXTURES, make_texture
from data.tile_geometry import TileGeometry, full_from_half, half_from_full

GEOMETRY = TileGeometry(np.array([300.0, 280.0]), np.array([127.5, 127.5]), 0.05, 0.9, 8.0, 20.0, 100.0)


class TileGeometryTest(unittest.TestCase):
    def test_inverse_undoes_the_stretch_and_the_rotation(self):
        points = np.random.default_rng(0).uniform(0, 255, (200, 2))
        back = GEOMETRY.tile_from_source(GEOMETRY.source_from_tile(points))
        self.assertLess(np.abs(back - points).max(), 1e-6)

    def test_sampling_map_is_the_same_geometry(self):
        map_x, map_y = GEOMETRY.sampling_map(20, 30)
        y, x = np.mgrid[0:20, 0:30]
        points = GEOMETRY.source_from_tile(np.stack([x.ravel(), y.ravel()], 1).astype(float))
        self.assertLess(np.abs(points - np.stack([map_x.ravel(), map_y.ravel()], 1)).max(), 1e-3)

    def test_half_resolution_pixels_follow_the_half_pixel_convention(self):
        points = np.array([[0.0, 0.0], [7.0, 3.0]])
        self.assertEqual(full_from_half(points).tolist(), [[0.5, 0.5], [14.5, 6.5]])
        self.assertEqual(half_from_full(full_from_half(points)).tolist(), points.tolist())
        ramp = np.tile(np.arange(32, dtype=np.float32), (4, 1))
        self.assertEqual(halve(ramp)[0, 7], full_from_half(np.array([[7.0, 0.0]]))[0, 0])


class ImagingTest(unittest.TestCase):
    def test_percentiles_are_stretched_and_the_rest_is_clipped(self):
        strip = np.arange(1001, dtype=np.float32).reshape(1, -1)
        stretched = stretch_percentiles(strip)
        self.assertEqual(stretched[0, 5], 0.0)
        self.assertEqual(stretched[0, 995], 1.0)
        self.assertAlmostEqual(stretched[0, 500], 0.5, places=6)
        self.assertEqual(stretch_percentiles(np.full((8, 8), 3.0)).max(), 0.0)

    def test_neighbouring_tiles_are_imaged_independently(self):
        image = np.full((64, 64), 128, np.float32)
        rng = np.random.default_rng(1)
        first, second = (expose(rng, image, Difficulty(noise=(20, 20))).astype(float) for _ in range(2))
        self.assertLess(abs(np.corrcoef(first.ravel() - cv2.blur(first, (15, 15)).ravel(),
                                        second.ravel() - cv2.blur(second, (15, 15)).ravel())[0, 1]), 0.1)


class PairsTest(unittest.TestCase):
    def setUp(self):
        self.source = make_texture(3, 512)
        self.clean = PairRecipe(overlap=(0.6, 0.9), disjoint_share=0.0, difficulty=Difficulty().eased(0.0))

    def _pair(self, seed, recipe=None):
        return make_pair(np.random.default_rng(seed), self.source, (0.8, 1.0), (96, 128), recipe or self.clean)

    def test_the_same_seed_gives_the_same_pair(self):
        np.testing.assert_array_equal(self._pair(1).image1, self._pair(1).image1)

    def test_corresponding_points_show_the_same_grey(self):
        correlations = []
        for seed in range(6):
            pair = self._pair(seed)
            known = pair.partner0 != UNMATCHED
            at = pair.points1[known].astype(np.float32)
            there = cv2.remap(cv2.blur(pair.image1, (3, 3)), at[:, 0], at[:, 1], cv2.INTER_LINEAR).ravel()
            own = cell_points(96, 128)[known].astype(int)
            here = cv2.blur(pair.image0, (3, 3))[own[:, 1], own[:, 0]]
            correlations.append(np.corrcoef(here, there)[0, 1])
        # Independent noise and flat patches lower single pairs.
        self.assertGreater(min(correlations), 0.6)
        self.assertGreater(np.median(correlations), 0.85)

    def test_partners_agree_in_both_directions_within_a_cell(self):
        pair = self._pair(2)
        columns = 128 // 8
        checked = 0
        for i, j in enumerate(pair.partner0):
            if j == UNMATCHED or pair.partner1[j] == UNMATCHED:
                continue
            back = pair.partner1[j]
            self.assertLessEqual(max(abs(back % columns - i % columns), abs(back // columns - i // columns)), 1)
            checked += 1
        self.assertGreater(checked, 50)

    def test_pairs_without_overlap_have_no_partners(self):
        pair = self._pair(4, self.clean._replace(disjoint_share=1.0))
        self.assertTrue((pair.partner0 == UNMATCHED).all() and (pair.partner1 == UNMATCHED).all())

    def test_points_outside_the_image_have_no_partner(self):
        points = np.array([[3.9, 4.1], [-4.5, 0.0], [123.9, 91.9], [124.1, 0.0]])
        known = np.ones(4, bool)
        self.assertEqual(partners(points, known, 96, 128).tolist(), [16, UNMATCHED, 11 * 16 + 15, UNMATCHED])


class TextureTest(unittest.TestCase):
    def test_every_kind_has_contrast_and_repeats_from_its_seed(self):
        for name, draw in TEXTURES.items():
            with self.subTest(name):
                first, second = (draw(np.random.default_rng(5), 160) for _ in range(2))
                self.assertEqual(first.shape, (160, 160))
                self.assertGreater(first.std(), 1.0)
                np.testing.assert_array_equal(first, second)


class RealImagesTest(unittest.TestCase):
    @unittest.skipUnless((DEFAULT_ROOT / "train").exists(), "../shared/data/train is absent")
    def test_no_held_out_image_is_trained_on(self):
        train, held = load_training_images(), load_held_out_images()
        self.assertGreater(train.count, 10)
        for a in (*train.cremi, *train.fibsem, *train.axons):
            for b in (*held.cremi, *held.fibsem, *held.axons):
                self.assertFalse(a.shape == b.shape and np.array_equal(a, b))

    def test_without_the_folder_training_falls_back_to_textures(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(load_training_images(Path(folder)).count, 0)
