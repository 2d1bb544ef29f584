"""Parts of the network against their definitions."""
import unittest

import numpy as np
import torch

from loftr import LoFTR, LoFTRConfig
from loftr.coarse_matching import CoarseMatching
from loftr.features import Features
from loftr.fine_matching import FineMatching
from loftr.fine_preprocess import FinePreprocess
from loftr.loftr import standardise
from loftr.losses import UNMATCHED, coarse_loss, fine_loss
from loftr.position_encoding import PositionEncoding
from loftr.resnet_fpn import upsample_aligned
from loftr.transformer import LinearAttention

CONFIG = LoFTRConfig()


class BackboneTest(unittest.TestCase):
    def test_upsampling_keeps_cells_and_averages_between_them(self):
        up = upsample_aligned(torch.tensor([[[[0.0, 2.0], [4.0, 8.0]]]]))[0, 0]
        self.assertEqual(up[0].tolist(), [0.0, 1.0, 2.0, 2.0])
        self.assertEqual(up[1].tolist(), [2.0, 3.5, 5.0, 5.0])

    def test_cells_are_centred_on_multiples_of_their_stride(self):
        """With symmetric kernels, an image symmetric about pixel 32 gives maps symmetric about 32/8 and 32/2."""
        torch.manual_seed(0)
        model = LoFTR(CONFIG).eval()
        for module in model.backbone.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.weight.data = (module.weight.data + module.weight.data.flip(3)) / 2
        half = torch.rand(1, 1, 64, 33)
        image = torch.cat([half, half[:, :, :, :-1].flip(3)], dim=3)  # 65 columns, symmetric about 32
        padded = torch.nn.functional.pad(image, (128, 135, 0, 0), mode="constant")
        with torch.no_grad():
            coarse, fine = model.backbone(padded)
        # Interior only: the image's own borders are far away.
        for maps, centre in ((coarse, 160 // 8), (fine, 160 // 2)):
            reach = 8
            left, right = maps[..., centre - reach : centre], maps[..., centre + 1 : centre + 1 + reach].flip(3)
            self.assertLess((left - right).abs().max().item(), 1e-4)

    def test_a_constant_image_is_standardised_to_zero(self):
        self.assertLess(standardise(torch.full((1, 1, 16, 16), 0.7)).abs().max().item(), 1e-3)


class PositionEncodingTest(unittest.TestCase):
    def test_moving_the_origin_moves_the_code(self):
        code = PositionEncoding(CONFIG)
        whole = code(10, 12).reshape(10, 12, 64)
        part = code(4, 5, (3, 2)).reshape(4, 5, 64)
        self.assertTrue(torch.equal(whole[3:7, 2:7], part))


class TransformerTest(unittest.TestCase):
    def test_linear_attention_is_the_normalised_kernel_sum(self):
        torch.manual_seed(1)
        layer = LinearAttention(16, 2)
        layer.merge.weight.data = torch.eye(16)
        x, source = torch.randn(1, 5, 16), torch.randn(1, 7, 16)
        phi = lambda v: torch.nn.functional.elu(v) + 1
        out = []
        for head in range(2):
            part = slice(head * 8, head * 8 + 8)
            weight = phi(layer.query(x)[0, :, part]) @ phi(layer.key(source)[0, :, part]).T
            out.append((weight / weight.sum(1, keepdim=True)) @ layer.value(source)[0, :, part])
        self.assertLess((layer(x, source)[0] - torch.cat(out, 1)).abs().max().item(), 1e-5)

    def test_without_attention_the_transformer_is_left_out(self):
        model = LoFTR(CONFIG).eval()
        image = torch.rand(1, 1, 32, 40)
        with torch.no_grad():
            with_attention = model.features(image, image).tokens0
            model.uses_attention = False
            without = model.features(image, image).tokens0
        self.assertGreater((with_attention - without).abs().max().item(), 1e-3)


class CoarseMatchingTest(unittest.TestCase):
    def test_confidence_is_the_product_of_both_softmaxes_and_zero_unless_mutual(self):
        torch.manual_seed(2)
        matching = CoarseMatching(CONFIG)
        matching.dustbin.weight.data.normal_()
        tokens0, tokens1 = torch.randn(1, 30, 64), torch.randn(1, 20, 64)
        tokens1[0, :10] = tokens0[0, 5:15] + 0.3 * torch.randn(10, 64)
        with torch.no_grad():
            partner, confidence = matching.match(tokens0, tokens1)
            scores = matching.scores(tokens0, tokens1)
            rows = torch.cat([scores.similarity, scores.dustbin0[:, :, None]], 2).softmax(2)[0, :, :-1]
            columns = torch.cat([scores.similarity, scores.dustbin1[:, None, :]], 1).softmax(1)[0, :-1]
        both = (rows * columns).numpy()
        is_mutual = both.argmax(0)[both.argmax(1)] == np.arange(30)
        np.testing.assert_array_equal(partner.numpy(), both.argmax(1))
        np.testing.assert_allclose(confidence.numpy(), both.max(1) * is_mutual, rtol=1e-4, atol=1e-7)
        self.assertTrue((confidence[5:15] > 0).all())


class FineMatchingTest(unittest.TestCase):
    def test_heat_map_is_the_squared_distance_over_the_contrast_but_for_a_constant(self):
        torch.manual_seed(3)
        preprocess, matching = FinePreprocess(CONFIG), FineMatching(CONFIG)
        fine0, fine1 = torch.randn(2, 24, 40, 40), torch.randn(2, 24, 40, 48)
        cells0, cells1 = torch.tensor([[1, 5, 4]]), torch.tensor([[1, 6, 5]])
        nothing = torch.zeros(2, 25, 64)
        features = Features(nothing, nothing, fine0, fine1, (5, 5), (5, 6))
        logits = matching.logits(*preprocess(features, cells0, cells1))[0].reshape(7, 7)
        template = fine0[1, :, 19:22, 15:18]
        along_x = (fine0[1, :, 19:22, 16:19] - fine0[1, :, 19:22, 14:17]) / 2
        along_y = (fine0[1, :, 20:23, 15:18] - fine0[1, :, 18:21, 15:18]) / 2
        contrast = ((along_x**2).sum() + (along_y**2).sum()) / 2
        expected = torch.zeros(7, 7)
        for dy in range(-3, 4):
            for dx in range(-3, 4):
                patch = fine1[1, :, 23 + dy : 26 + dy, 19 + dx : 22 + dx]
                expected[dy + 3, dx + 3] = -((template - patch) ** 2).sum()
        difference = logits * (contrast + matching.log_floor.exp()) / matching.log_scale.exp() - expected
        self.assertLess((difference - difference.mean()).abs().max().item(), 1e-3)

    def test_expectation_of_a_narrow_gaussian_is_its_centre(self):
        matching = FineMatching(CONFIG)
        centre = torch.tensor([[1.0, -0.6]])
        logits = -((matching.grid[None] - centre[:, None]) ** 2).sum(2) / (2 * 1.5**2)
        offset, spread = matching.expectation(logits)
        # 2 px cells sample a Gaussian of 1.2 px (after sharpening) finely enough for 0.05 px.
        self.assertLess((offset - centre).abs().max().item(), 0.05)
        self.assertAlmostEqual(spread.item(), 1.5 / 1.5**0.5, delta=0.1)

    def test_the_measured_ripple_is_inverted(self):
        matching = FineMatching(LoFTRConfig(readout_ripple_px=0.06))
        true = torch.linspace(-3, 3, 25)
        drawn = true - 0.06 * torch.sin(np.pi * true)
        # Two fixed-point steps of a contraction by 0.06 pi leave 0.06 (0.06 pi)^2.
        self.assertLess((matching._without_ripple(drawn) - true).abs().max().item(), 3e-3)

    def test_far_secondary_peak_does_not_move_the_expectation(self):
        matching = FineMatching(CONFIG)
        logits = torch.full((1, 49), -20.0)
        logits[0, 3 * 7 + 1], logits[0, 3 * 7 + 6] = 5.0, 4.5
        offset, _ = matching.expectation(logits)
        self.assertLess((offset - torch.tensor([[-4.0, 0.0]])).abs().max().item(), 1e-3)


class LossTest(unittest.TestCase):
    def test_coarse_loss_prefers_the_right_partner_and_the_dustbin(self):
        torch.manual_seed(4)
        matching = CoarseMatching(CONFIG)
        tokens = torch.randn(1, 12, 64)
        right = torch.arange(12)[None].clone()
        wrong = right.roll(1, 1)
        scores = matching.scores(tokens, tokens)
        self.assertLess(coarse_loss(scores, right, right, 0.5).item(), coarse_loss(scores, wrong, wrong, 0.5).item())
        nothing = torch.full((1, 12), UNMATCHED)
        self.assertTrue(torch.isfinite(coarse_loss(scores, nothing, nothing, 0.5)))

    def test_fine_loss_is_smallest_at_the_true_offset(self):
        matching = FineMatching(CONFIG)
        offset = torch.tensor([[2.0, 0.0]])
        peaked = lambda at: -((matching.grid[None] - torch.tensor([at])[:, None]) ** 2).sum(2)
        good, bad = (fine_loss(matching, peaked(at), offset) for at in ([2.0, 0.0], [0.0, 0.0]))
        self.assertLess(good.distance.item(), 1e-3)
        self.assertLess(good.cross_entropy.item(), bad.cross_entropy.item())


class WholeNetworkTest(unittest.TestCase):
    def test_sizes_may_differ_and_constant_images_give_no_nan(self):
        model = LoFTR(CONFIG).eval()
        with torch.no_grad():
            table = model(torch.rand(1, 1, 64, 104), torch.full((1, 1, 80, 48), 0.5))
        self.assertEqual(tuple(table.shape), (8 * 13, 6))
        self.assertTrue(torch.isfinite(table).all())
        self.assertEqual(table[14, :2].tolist(), [8.0, 8.0])

    def test_every_size_is_a_configuration(self):
        config = LoFTRConfig(stage_channels=(8, 16, 24), coarse_channels=32, fine_channels=8, attention_heads=4,
                             attention_pairs=1, fine_window=5, fine_template=1, readout_window=3)
        self.assertEqual(LoFTRConfig.from_dict(config.to_dict()), config)
        with torch.no_grad():
            table = LoFTR(config).eval()(torch.rand(1, 1, 32, 40), torch.rand(1, 1, 40, 32))
        self.assertEqual(tuple(table.shape), (20, 6))
