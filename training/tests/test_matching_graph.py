"""The graphs that are exported give the numbers of the network that was trained."""
import unittest
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import confidence
from checkpoint import load_model
from data.texture import make_texture
from loftr import LoFTR, LoFTRConfig
from loftr.matching_graph import GraphOptions, MatchingGraph

# An untrained network finds hardly a mutual match: nothing would be compared.
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "loftr-compact.npz"


def network() -> LoFTR:
    return load_model(WEIGHTS)


def pair(height: int, width: int, shift: int = 16) -> "tuple[torch.Tensor, torch.Tensor]":
    texture = np.float32(make_texture(7, 320)) / 255
    first = texture[40 : 40 + height, 40 : 40 + width]
    second = texture[40 : 40 + height, 40 + shift : 40 + shift + width]
    return tuple(torch.from_numpy(np.ascontiguousarray(image))[None, None] for image in (first, second))


def by_cell(table: torch.Tensor) -> "dict[tuple[float, float], np.ndarray]":
    return {(row[0], row[1]): np.array(row) for row in table.tolist() if row[4] > 0}


class MatchingGraphs(unittest.TestCase):
    def assert_same(self, expected: torch.Tensor, actual: torch.Tensor) -> None:
        known, found = by_cell(expected), by_cell(actual)
        self.assertGreater(len(known), 20)
        self.assertEqual(known.keys(), found.keys())
        for cell, row in known.items():
            np.testing.assert_allclose(found[cell], row, atol=1e-4, rtol=1e-4)

    def compare(self, options: GraphOptions, *band: torch.Tensor) -> None:
        model = network()
        first, second = pair(64, 128)
        second = second[:, :, :, : 128 - 24]
        with torch.no_grad():
            self.assert_same(model(first, second), MatchingGraph(model, options)(first, second, *band))

    def test_rows_of_mutual_cells_are_those_of_the_network(self) -> None:
        self.compare(GraphOptions())

    def test_a_row_for_every_cell_where_asked(self) -> None:
        self.compare(GraphOptions(only_mutual=False))
        model = network()
        with torch.no_grad():
            self.assertEqual(MatchingGraph(model, GraphOptions(only_mutual=False))(*pair(64, 96)).shape, (8 * 12, 6))

    def test_a_band_that_covers_everything_is_full_matching(self) -> None:
        for block in (16, 20):  # one block, with and without padding
            self.compare(GraphOptions(has_band=True), torch.zeros(block))

    def test_a_band_finds_partners_at_most_a_block_away_across_block_borders(self) -> None:
        model = network()
        first, second = pair(64, 192, shift=16)
        with torch.no_grad():
            full = by_cell(model(first, second))
            band = by_cell(MatchingGraph(model, GraphOptions(has_band=True))(first, second, torch.zeros(4)))
        near = {cell for cell, row in full.items() if abs(row[2] - row[0]) < 3.5 * 8 and row[4] > 0.02}
        self.assertGreater(len(near), 20)
        self.assertGreater(len(near & band.keys()), 0.9 * len(near))
        for row in band.values():
            self.assertLess(abs(row[2] - row[0]), 8 * 8 + 8)

    def test_padding_changes_nothing(self) -> None:
        model = network()
        first, second = pair(64, 128)
        graph = MatchingGraph(model, GraphOptions(only_mutual=False, may_be_padded=True))
        with torch.no_grad():
            expected = model(first, second)
            self.assert_same(expected, graph(first, second))
            padded = [F.pad(image, (0, right, 0, below), value=-1.0) for image, right, below in ((first, 40, 24), (second, 64, 8))]
            self.assert_same(expected, graph(*padded))

    def test_a_backbone_in_half_precision_moves_matches_by_a_hundredth_of_a_pixel_at_most(self) -> None:
        """onnxruntime's processors take half-precision arithmetic back to float32: here every layer is rounded instead."""
        exact, rounded = network(), network()
        for parameter in rounded.parameters():
            parameter.data = parameter.data.half().float()
        rounded.backbone.register_forward_pre_hook(lambda _, inputs: (inputs[0].half().float(),))
        for layer in rounded.backbone.modules():
            if isinstance(layer, torch.nn.BatchNorm2d) or (isinstance(layer, torch.nn.Conv2d) and layer.bias is not None):
                layer.register_forward_hook(lambda _, __, output: output.half().float())
        first, second = pair(64, 128)
        with torch.no_grad():
            known, found = by_cell(exact(first, second)), by_cell(rounded(first, second))
        self.assertEqual({c for c, row in known.items() if row[4] > 0.05}, {c for c, row in found.items() if row[4] > 0.05})
        for cell in known.keys() & found.keys():
            if known[cell][4] > 0.05:
                np.testing.assert_allclose(found[cell][2:4], known[cell][2:4], atol=1e-2)

    def test_images_without_texture_give_no_sure_match(self) -> None:
        flat = torch.full((1, 1, 64, 96), 0.5)
        with torch.no_grad():
            table = MatchingGraph(network())(flat, flat)
        self.assertTrue(bool(torch.isfinite(table).all()))

    def test_the_training_code_of_another_kind_of_network_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            MatchingGraph(LoFTR(LoFTRConfig(similarity="product")))


class Calibration(unittest.TestCase):
    def matches(self, seed: int) -> confidence.Matches:
        rng = np.random.default_rng(seed)
        raw = rng.uniform(0.01, 0.999, 8000)
        spread = np.exp(rng.normal(-0.5, 0.4, 8000))
        right = rng.random(8000) < raw**2 / (1 + 0.5 * spread)
        error = np.where(right[:, None], rng.normal(0, 0.2, (8000, 2)), rng.uniform(2, 9, (8000, 2)))
        return confidence.Matches(raw, spread, error)

    def test_promises_what_it_keeps_on_matches_it_was_not_fitted_to(self) -> None:
        entry = confidence.fit(self.matches(1), 1.0)
        rows = confidence.reliability(entry, self.matches(2))
        self.assertLess(confidence.expected_error(rows), 0.02)
        self.assertGreater(confidence.expected_error(rows, "raw"), 0.1)

    def test_is_monotone_and_keeps_zero(self) -> None:
        entry = confidence.fit(self.matches(1), 1.0)
        raw = np.linspace(0, 1, 101)
        for spread in (0.2, 0.6, 2.0):
            calibrated = confidence.apply(entry, raw, np.full(101, spread))
            self.assertEqual(calibrated[0], 0)
            self.assertTrue((np.diff(calibrated) >= 0).all())
        falling = confidence.apply(entry, np.full(50, 0.8), np.linspace(0.1, 3, 50))
        self.assertTrue((np.diff(falling) <= 0).all())

    def test_isotonic_regression_pools_violators(self) -> None:
        np.testing.assert_allclose(confidence.isotonic(np.array([1.0, 3, 2, 4]), np.array([1.0, 1, 3, 1])), [1, 2.25, 2.25, 4])


if __name__ == "__main__":
    unittest.main()
