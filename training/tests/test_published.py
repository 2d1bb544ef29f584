"""The stock configuration and the conversion against the published names, shapes and formulas."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import convert_loftr
from export_onnx import stored_array
from loftr import CONFIGURATIONS, STOCK, LoFTR, LoFTRConfig
from loftr.coarse_matching import ProductMatching
from loftr.position_encoding import PositionEncoding
from loftr.resnet_fpn import upsample_between_corners
from loftr.transformer import EncoderLayer
from published_names import CheckpointError, published_name, read_state_dict, renamed

from .published import layer, position_code, published_matches, published_shapes, published_state, write_checkpoint
from .reproducible import reproducible_state, shifted_pair

ROOT = Path(__file__).resolve().parents[2]
NAMES_FILE = ROOT.parent / "shared" / "design" / "loftr-state-dict.txt"
RUNTIME = ROOT / "node_modules" / "onnxruntime-node"
PAIR = shifted_pair(3, 64, 96, (16, 8))


def stock_model(state, is_older=True):
    model = LoFTR(STOCK if is_older else LoFTRConfig.from_dict({**STOCK.to_dict(), "position_divisor": "power"}))
    model.load_state_dict(renamed(state, model.state_dict()))
    return model.eval()


class NamesTest(unittest.TestCase):
    def test_the_stock_configuration_has_the_published_tensors(self):
        model = LoFTR(STOCK)
        ours = {published_name(name): tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        self.assertEqual(ours, published_shapes())
        self.assertEqual(len(ours), 211)
        self.assertEqual(sum(p.numel() for p in model.parameters()), 11_561_456)

    @unittest.skipUnless(NAMES_FILE.exists(), "[needs ../shared/design]")
    def test_they_are_those_of_the_published_files(self):
        lines = [line.split("\t") for line in NAMES_FILE.read_text().splitlines() if line and not line.startswith("#")]
        published = {f"matcher.{name}": "x".join(map(str, shape)) or "scalar" for name, shape in published_shapes().items()}
        self.assertEqual({name: shape for name, shape, _ in lines}, published)


class FormulasTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.state = published_state(5)

    def test_the_older_position_code_falls_by_e_squared_and_the_newer_spans_10000(self):
        for divisor, is_older in (("floored", True), ("power", False)):
            config = LoFTRConfig.from_dict({**STOCK.to_dict(), "position_divisor": divisor})
            code = PositionEncoding(config)(7, 9).reshape(7, 9, 256).permute(2, 0, 1)
            self.assertLess((code - position_code(7, 9, is_older)).abs().max().item(), 1e-6)
        # x = 3 (the third cell), channel 4: the second frequency.
        second = lambda divisor: PositionEncoding(LoFTRConfig.from_dict({**STOCK.to_dict(), "position_divisor": divisor}))(1, 3)[0, 2, 4]
        self.assertAlmostEqual(second("floored").item(), np.sin(3 * np.exp(-2)), places=6)
        self.assertAlmostEqual(second("power").item(), np.sin(3 * 10000 ** (-2 / 128)), places=6)

    def test_an_attention_layer_is_the_published_sum(self):
        for part, d in (("loftr_coarse", 256), ("loftr_fine", 128)):
            own = EncoderLayer(d, 8, 1.0)
            prefix = f"{part}.layers.1."
            state = {published_name(f"transformer.layers.0.{name}")[len("loftr_coarse.layers.0.") :]: name for name in own.state_dict()}
            own.load_state_dict({ours: self.state[prefix + theirs] for theirs, ours in state.items()})
            x, source = torch.randn(11, d), torch.randn(17, d)
            with torch.no_grad():
                difference = own(x[None], source[None])[0] - layer(self.state, prefix[:-1], x, source)
            self.assertLess(difference.abs().max().item(), 2e-5)

    def test_confidence_is_the_product_of_both_softmaxes_of_the_scaled_product(self):
        tokens0, tokens1 = torch.randn(1, 20, 256), torch.randn(1, 30, 256)
        tokens1[0, 4:14] = tokens0[0, :10] + 0.4 * torch.randn(10, 256)
        partner, confidence = ProductMatching(STOCK).match(tokens0, tokens1)
        similarity = (tokens0[0] @ tokens1[0].T / 25.6).double().numpy()
        exponent = np.exp(similarity)
        both = exponent / exponent.sum(0) * exponent / exponent.sum(1, keepdims=True)
        is_mutual = both.argmax(0)[both.argmax(1)] == np.arange(20)
        np.testing.assert_array_equal(partner.numpy(), both.argmax(1))
        np.testing.assert_allclose(confidence.numpy(), both.max(1) * is_mutual, atol=1e-5)
        self.assertGreater(confidence[:10].min().item(), 0.1)

    def test_the_whole_network_is_the_published_one_with_either_position_code(self):
        for is_older in (True, False):
            with self.subTest(is_older=is_older), torch.no_grad():
                model = stock_model(self.state, is_older)
                expected = published_matches(self.state, *PAIR, is_older)
                coarse, fine = model.backbone(PAIR[0])
                self.assertLess((coarse[0] - expected.coarse0).abs().max().item(), 1e-4)
                self.assertLess((fine[0] - expected.fine0).abs().max().item(), 1e-4)
                table = model(*PAIR)
                kept = expected.table[:, 4] > 0
                np.testing.assert_array_equal(table[:, 4] > 0, kept)
                self.assertGreater(int(kept.sum()), 8)
                self.assertLess((table - expected.table)[kept].abs().max().item(), 1e-3)
                self.assertLess((table - expected.table)[:, 4].abs().max().item(), 1e-4)

    def test_no_match_starts_or_ends_in_the_border(self):
        with torch.no_grad():
            table = stock_model(self.state)(*PAIR).numpy()
        rows, columns = np.divmod(np.arange(8 * 12), 12)
        kept = table[:, 4] > 0
        self.assertTrue(((rows >= 2) & (rows < 6) & (columns >= 2) & (columns < 10))[kept].all())
        # Image 1's cells 2 to 9 and 2 to 5, and up to 4 px more of the fine stage.
        self.assertTrue(((table[kept, 2:4] >= 12) & (table[kept, 2:4] <= [9 * 8 + 4, 5 * 8 + 4])).all())


class GeometryTest(unittest.TestCase):
    """Coarse cell k is pixel 8 k: every kernel is odd and padded by k // 2."""

    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.model = stock_model(published_state(6))

    def test_a_shift_by_whole_cells_shifts_coarse_features_and_stages(self):
        first, second = shifted_pair(7, 160, 176, (16, 8))
        with torch.no_grad():
            coarse = [self.model.backbone(image)[0] for image in (first, second)]
            stages = [self.model.backbone.stages(image) for image in (first, second)]
        # What the zeros beyond the border reach is left out: 7 coarse cells.
        self.assertLess((coarse[0][..., 8:-7, 9:-7] - coarse[1][..., 7:-8, 7:-9]).abs().max().item(), 1e-4)
        for maps, cells in zip(zip(*stages), (4, 2, 1)):
            reach = 7 * cells
            a = maps[0][..., reach + cells : -reach, reach + 2 * cells : -reach]
            b = maps[1][..., reach : -reach - cells, reach : -reach - 2 * cells]
            self.assertLess((a - b).abs().max().item(), 1e-4)

    def test_cells_are_centred_on_multiples_of_their_stride(self):
        """With symmetric kernels, an image symmetric about pixel 96 gives maps symmetric about 96 / stride."""
        model = stock_model(published_state(6))
        for module in model.backbone.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.weight.data = (module.weight.data + module.weight.data.flip(3)) / 2
        half = torch.rand(1, 1, 32, 97)
        image = torch.nn.functional.pad(torch.cat([half, half[..., :-1].flip(3)], dim=3), (0, 7))
        with torch.no_grad():
            stages = model.backbone.stages(image)
        for maps, stride in zip(stages, (2, 4, 8)):
            centre, reach = 96 // stride, 32 // stride
            left, right = maps[..., centre - reach : centre], maps[..., centre + 1 : centre + 1 + reach].flip(3)
            self.assertLess((left - right).abs().max().item(), 1e-4)

    def test_the_published_upsampling_keeps_the_corners_and_stretches_between(self):
        ramp = torch.arange(10.0).expand(1, 1, 10, 10)
        up = upsample_between_corners(ramp)[0, 0, 0]
        np.testing.assert_allclose(up.numpy(), np.arange(20) * 9 / 19, atol=1e-5)


class CheckpointTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.state = published_state(5)
        cls.model = LoFTR(STOCK)

    def refusal(self, state):
        with self.assertRaises(CheckpointError) as caught:
            renamed(state, self.model.state_dict())
        return str(caught.exception)

    def test_missing_unknown_misshapen_and_broken_tensors_are_named(self):
        state = dict(self.state)
        del state["loftr_fine.layers.1.q_proj.weight"]
        state["bin_score"] = torch.tensor(1.0)
        state["fine_preprocess.down_proj.bias"] = torch.zeros(64)
        state["backbone.bn1.bias"] = torch.full((128,), float("nan"))
        text = self.refusal(state)
        self.assertIn("loftr_fine.layers.1.q_proj.weight is missing", text)
        self.assertIn("bin_score is unknown", text)
        self.assertIn("fine_preprocess.down_proj.bias (64 instead of 128) has another shape", text)
        self.assertIn("backbone.bn1.bias is not finite", text)
        self.assertIn("and 205 more is missing", self.refusal({}))

    def test_the_prefix_and_the_key_are_optional_and_the_old_file_format_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            small = {"matcher.a": torch.rand(2, 3).t(), "b": torch.tensor(7)}
            for number, options in enumerate(({}, {"_use_new_zipfile_serialization": False})):
                for content in (small, {"state_dict": small, "epoch": 4}):
                    path = Path(folder) / f"{number}.ckpt"
                    torch.save(content, path, **options)
                    read = read_state_dict(path)
                    self.assertEqual(sorted(read), ["a", "b"])
                    self.assertTrue(torch.equal(read["a"], small["matcher.a"]))
                    self.assertEqual(read["b"].item(), 7)

    def test_nothing_that_a_pickle_names_is_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path, mark = Path(folder) / "evil.ckpt", Path(folder) / "mark"

            class Evil:
                def __reduce__(self):
                    return os.mkdir, (str(mark),)

            write_checkpoint(path, {"a": torch.ones(2)}, hyper_parameters=Evil())
            self.assertEqual(read_state_dict(path)["a"].tolist(), [1.0, 1.0])
            self.assertFalse(mark.exists())
            torch.save({"state_dict": {"a": Evil()}}, path)
            with self.assertRaisesRegex(CheckpointError, "a, which is no tensor"):
                read_state_dict(path)
            self.assertFalse(mark.exists())

    def test_what_is_no_checkpoint_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "no.ckpt"
            path.write_bytes(b"not a checkpoint")
            with self.assertRaisesRegex(CheckpointError, "no.ckpt cannot be read"):
                read_state_dict(path)
            torch.save([1, 2], path)
            with self.assertRaisesRegex(CheckpointError, "holds no state_dict"):
                read_state_dict(path)


class ConversionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.state = published_state(5)
        cls.checkpoint = cls.folder / "outdoor_ds.ckpt"
        write_checkpoint(cls.checkpoint, cls.state)
        cls.bundle = cls.folder / "bundle"
        cls._convert(cls.checkpoint, "--out", str(cls.bundle), "--licence", "Apache-2.0")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @staticmethod
    def _convert(*words):
        with mock.patch.object(sys, "argv", ["convert_loftr.py", *map(str, words)]), mock.patch("builtins.print"):
            convert_loftr.main()

    def test_the_manifest_tells_what_matching_depends_on(self):
        manifest = json.loads((self.bundle / "manifest.json").read_text())
        entry = manifest["files"][0]
        content = (self.bundle / entry["path"]).read_bytes()
        self.assertEqual((entry["sha256"], entry["bytes"]), (hashlib.sha256(content).hexdigest(), len(content)))
        self.assertEqual((manifest["name"], manifest["licence"]), ("loftr-outdoor-ds", "Apache-2.0"))
        self.assertEqual((manifest["input"]["scale"], manifest["input"]["normalisation"]), (0.5, "unit"))
        self.assertEqual((manifest["defaultConfidence"], manifest["window"]), (0.2, 5))
        self.assertEqual(manifest["positionEncoding"]["divisor"], "older")
        self.assertEqual(manifest["architecture"]["parameters"], 11_561_456)
        self.assertEqual(manifest["output"]["columns"], ["x0", "y0", "x1", "y1", "confidence", "spread"])

    def test_a_foreign_checkpoint_ends_with_a_sentence_and_no_bundle(self):
        path = self.folder / "foreign.ckpt"
        write_checkpoint(path, {"a": torch.ones(2)})
        with self.assertRaisesRegex(SystemExit, "a is unknown"):
            self._convert(path, "--out", self.folder / "nothing")
        self.assertFalse((self.folder / "nothing").exists())

    @unittest.skipUnless(RUNTIME.exists() and shutil.which("node"), "[needs node and onnxruntime-node]")
    def test_the_bundle_gives_the_matches_of_pytorch(self):
        # Sizes that the graph was not traced with, and unequal ones.
        image0, image1 = shifted_pair(3, 88, 136, (16, 8))
        images = (image0, image1[..., :72, :120].contiguous())
        pair = self.folder / "pair.json"
        pair.write_text(json.dumps({f"image{n}": stored_array(image.numpy()) for n, image in enumerate(images)}))
        command = ["node", "training/tests/run_onnx.mjs", str(self.bundle / "loftr-outdoor-ds.onnx"), str(pair)]
        printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
        found = np.frombuffer(base64.b64decode(printed), "<f4").reshape(-1, 6)
        with torch.no_grad():
            expected = convert_loftr.load_published(self.checkpoint, "older")(*images).numpy()
        mutual = expected[:, 4] > 0
        np.testing.assert_array_equal(found[:, 4] > 0, mutual)
        self.assertGreater(mutual.sum(), 8)
        self.assertLess(np.abs(found - expected)[mutual, :4].max(), 1e-3)
        self.assertLess(np.abs(found - expected)[mutual, 4].max(), 1e-4)


class CompactTest(unittest.TestCase):
    """The compact network, its checkpoints and its numbers stay what they were."""

    STORED = json.loads((Path(__file__).parent / "compact.json").read_text())

    def test_names_shapes_and_order_of_its_tensors_are_fixed(self):
        state = LoFTR(CONFIGURATIONS["compact"]).state_dict()
        self.assertEqual([[name, list(tensor.shape)] for name, tensor in state.items()], self.STORED["tensors"])

    def test_drawn_weights_give_the_stored_matches(self):
        model = LoFTR().eval()
        model.load_state_dict(reproducible_state(model.state_dict(), 11))
        with torch.no_grad():
            table = model(*PAIR).numpy()
        np.testing.assert_allclose(table, np.array(self.STORED["matches"], np.float32), atol=1e-4)

    def test_a_configuration_stored_before_a_field_existed_means_its_default(self):
        self.assertEqual(LoFTRConfig.from_dict(self.STORED["oldConfig"]), CONFIGURATIONS["compact"])
        with self.assertRaisesRegex(ValueError, "pyramid must be one of narrow, wide"):
            LoFTRConfig(pyramid="steep")
