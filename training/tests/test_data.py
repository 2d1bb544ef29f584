"""Pairs against their geometry, textures, and the border between training and held-out images."""
import ast
import tempfile
import unittest
from pathlib import Path

import cv2
import numpy as np

from data import natural_texture
from data.imaging import Difficulty, expose, halve, shrink_by_mean, stretch_percentiles
from data.natural_texture import NATURAL_TEXTURES, make_natural_texture
from data.pairs import UNMATCHED, PairRecipe, TexturePool, cell_points, make_pair, partners
from data.real_images import DEFAULT_ROOT, load_held_out_images, load_training_images
from data.texture import TEXTURES, make_texture
from data.tile_geometry import TileGeometry, full_from_half, full_from_scaled, half_from_full

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
        self.assertEqual(full_from_scaled(points, 1).tolist(), points.tolist())
        ramp = np.tile(np.arange(32, dtype=np.float32), (4, 1))
        self.assertEqual(halve(ramp)[0, 7], full_from_half(np.array([[7.0, 0.0]]))[0, 0])


class ImagingTest(unittest.TestCase):
    def test_shrinking_takes_the_mean_of_blocks(self):
        image = np.arange(36, dtype=np.uint8).reshape(6, 6)
        self.assertEqual(shrink_by_mean(image, 3).tolist(), [[7.0, 10.0], [25.0, 28.0]])
        self.assertEqual(shrink_by_mean(image, 2)[0].tolist(), [3.5, 5.5, 7.5])
        np.testing.assert_array_equal(shrink_by_mean(image, 1), image)
        np.testing.assert_array_equal(halve(image), shrink_by_mean(image, 2))

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
        """At half and at full resolution, upright and transposed."""
        for full_share in (0.0, 1.0):
            for transposed_share in (0.0, 1.0):
                recipe = self.clean._replace(full_resolution_share=full_share, transposed_share=transposed_share)
                with self.subTest(full=full_share, transposed=transposed_share):
                    correlations = [self._grey_correlation(self._pair(seed, recipe)) for seed in range(6)]
                    # Independent noise and flat patches lower single pairs.
                    self.assertGreater(min(correlations), 0.6)
                    self.assertGreater(np.median(correlations), 0.85)

    @staticmethod
    def _grey_correlation(pair):
        known = pair.partner0 != UNMATCHED
        at = pair.points1[known].astype(np.float32)
        there = cv2.remap(cv2.blur(pair.image1, (3, 3)), at[:, 0], at[:, 1], cv2.INTER_LINEAR).ravel()
        own = cell_points(96, 128)[known].astype(int)
        here = cv2.blur(pair.image0, (3, 3))[own[:, 1], own[:, 0]]
        return np.corrcoef(here, there)[0, 1]

    def test_true_points_agree_with_the_pixels_below_a_tenth_of_a_pixel(self):
        """Without rotation and scale the second image is the first one moved; phase correlation measures by how much."""
        still = self.clean._replace(overlap=(0.85, 0.95), rotation_rad=0.0, scale=0.0, stretch_px=0.0)
        for full_share in (0.0, 1.0):
            for transposed_share in (0.0, 1.0):
                recipe = still._replace(full_resolution_share=full_share, transposed_share=transposed_share)
                with self.subTest(full=full_share, transposed=transposed_share):
                    errors = [self._shift_error(self._pair(seed, recipe)) for seed in range(8)]
                    self.assertLess(np.abs(np.mean(errors, axis=0)).max(), 0.05)
                    self.assertLess(np.median(np.abs(errors)), 0.1)

    def _shift_error(self, pair):
        moved = pair.points1 - cell_points(96, 128)
        self.assertLess(np.ptp(moved, axis=0).max(), 1e-6)
        true = moved[0]
        whole = np.rint(true).astype(int)
        x0, y0 = np.maximum(-whole, 0)
        x1, y1 = np.maximum(whole, 0)
        width, height = 128 - abs(whole[0]), 96 - abs(whole[1])
        first = pair.image0[y0 : y0 + height, x0 : x0 + width].astype(np.float64)
        second = pair.image1[y1 : y1 + height, x1 : x1 + width].astype(np.float64)
        rest, _ = cv2.phaseCorrelate(first, second, cv2.createHanningWindow((width, height), cv2.CV_64F))
        return whole + rest - true

    def test_a_transposed_pair_is_the_upright_one_mirrored_at_the_diagonal(self):
        draw = lambda share, size: make_pair(
            np.random.default_rng(9), self.source, (0.8, 1.0), size, self.clean._replace(transposed_share=share))
        upright, transposed = draw(0.0, (128, 96)), draw(1.0, (96, 128))
        np.testing.assert_array_equal(transposed.image0, upright.image0.T)
        np.testing.assert_array_equal(transposed.image1, upright.image1.T)
        rows, columns = np.divmod(np.arange(12 * 16), 16)
        mirrored = columns * 12 + rows  # the same cell in the upright image, 12 cells wide
        np.testing.assert_array_equal(transposed.points1, upright.points1[mirrored][:, ::-1])
        for own, other in ((transposed.partner0, upright.partner0), (transposed.partner1, upright.partner1)):
            np.testing.assert_array_equal(own == UNMATCHED, other[mirrored] == UNMATCHED)
            known = own != UNMATCHED
            self.assertGreater(known.sum(), 50)
            np.testing.assert_array_equal(mirrored[own[known]], other[mirrored][known])

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


class NaturalTextureTest(unittest.TestCase):
    def test_every_kind_has_contrast_and_repeats_from_its_seed(self):
        for name, draw in NATURAL_TEXTURES.items():
            with self.subTest(name):
                first, second = (draw(np.random.default_rng(5), 160) for _ in range(2))
                self.assertEqual(first.shape, (160, 160))
                self.assertGreater(first.std(), 1.0)
                np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(make_natural_texture(4, 128), make_natural_texture(4, 128))
        self.assertFalse(np.array_equal(make_natural_texture(4, 128), make_natural_texture(5, 128)))

    def test_it_takes_noise_and_no_object_from_the_micrographs(self):
        tree = ast.parse(Path(natural_texture.__file__).read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 0]
        taken = {(node.module, name.name) for node in imports for name in node.names}
        self.assertEqual(taken, {("texture", "fractal_noise"), ("texture", "smooth_noise")})
        self.assertEqual({node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}, {"typing", "texture"})
        self.assertTrue(set(NATURAL_TEXTURES).isdisjoint(TEXTURES))
        self.assertFalse(np.array_equal(make_natural_texture(4, 128), make_texture(4, 128)))

    def test_a_pool_keeps_what_it_made(self):
        with tempfile.TemporaryDirectory() as folder:
            calls = []
            make = lambda seed, size: calls.append(seed) or np.full((8, 8), seed % 251, np.uint8)
            first = TexturePool(3, 5, Path(folder), make)[2]
            np.testing.assert_array_equal(TexturePool(3, 5, Path(folder), make)[2], first)
            self.assertEqual(calls, [3 * 1_000_003 + 2])


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
