"""What both tools stand on: shapes, grids, files, comparison."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from bundle.compare import Bundle, compare
from bundle.errors import ToolError
from bundle.files import read_table, write_table, yaml_text
from bundle.grid import Grid
from bundle.hardware import Hardware
from bundle.model import DENSE, MIXTURES, ModelShape, dense_layers, models_below

from .fixtures import DATA, MIXTURE, ROOT, TINY


class Shapes(unittest.TestCase):
    def test_a_shard_divides_heads_but_keeps_one_key_head(self) -> None:
        shard = TINY.shard(4)
        self.assertEqual(
            (shard.heads, shard.kv_heads, shard.inner, shard.vocabulary), (1, 1, 32, 125)
        )
        with self.assertRaisesRegex(ToolError, "tensor parallelism 3"):
            TINY.shard(3)

    def test_layers_follow_the_architecture(self) -> None:
        self.assertIn("qk_norm", dense_layers(TINY))
        self.assertNotIn("gate_up_proj", dense_layers(MIXTURE))
        self.assertEqual((MIXTURE.inner, MIXTURE.experts, MIXTURE.experts_per_token), (32, 8, 2))

    def test_all_models_in_the_repository_are_read(self) -> None:
        known = models_below(ROOT / "configs/model")
        self.assertIn("meta-llama/Llama-3.1-8B", dict(known))
        for name, path in known:
            if json.loads(path.read_text()).get("model_type") not in DENSE + MIXTURES:
                # Simulated with measured coefficients, not profiled.
                with self.assertRaisesRegex(ToolError, "cannot be profiled"):
                    ModelShape.read(path, name)
                continue
            self.assertGreater(ModelShape.read(path, name).shard(1).heads, 0)

    def test_mistakes_name_file_and_key(self) -> None:
        good = json.loads((DATA / "tiny.json").read_text())
        for key, value, expected in [
            ("model_type", "gpt2", "model_type"),
            ("hidden_size", None, "hidden_size: is missing"),
            ("vocab_size", -1, "vocab_size: is -1"),
            ("num_hidden_layers", True, "num_hidden_layers"),
            ("num_key_value_heads", 3, "num_key_value_heads"),
            ("intermediate_size", "9", "intermediate_size"),
        ]:
            with self.subTest(key=key), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "config.json"
                path.write_text(json.dumps({**good, key: value}))
                with self.assertRaisesRegex(ToolError, f"config.json: {expected}"):
                    ModelShape.read(path, "x")
        for text in ("", "[]", "{", "\udcff"):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "config.json"
                path.write_bytes(text.encode("utf-8", "surrogateescape"))
                with self.assertRaisesRegex(ToolError, "config.json"):
                    ModelShape.read(path, "x")

    def test_hardware_without_coefficients_takes_the_usual_ones(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sheet = {
                "dense_bf16_tflops": 100,
                "memory_bandwidth_gb_per_s": 1000,
                "memory_gib": 24,
                "cache_mb": 40,
                "multiprocessors": 80,
            }
            path = Path(folder) / "Mine.json"
            path.write_text(json.dumps({"name": "Mine", "data_sheet": sheet}))
            hardware = Hardware.read(Path(folder), "Mine")
            self.assertEqual((hardware.flops, hardware.coefficients["sampler_us"]), (1e14, 12.0))
            path.write_text(json.dumps({"name": "Mine", "data_sheet": {}}))
            with self.assertRaisesRegex(ToolError, "dense_bf16_tflops"):
                Hardware.read(Path(folder), "Mine")
            with self.assertRaisesRegex(ToolError, "docs/hardware.md"):
                Hardware.read(Path(folder), "Other")


class Grids(unittest.TestCase):
    def test_the_standard_grid_has_the_points_of_public_bundles(self) -> None:
        grid = Grid.standard()
        # 1 to 16, then 20 to 64 by 4, then 80 to 2,048 by 16.
        self.assertEqual((len(grid.tokens), grid.tokens[-1]), (16 + 12 + 124, 2048))
        # 8 chunks x 12 contexts x (1 + 8 counts x 11 contexts), and 9 counts x 11 contexts without
        # a chunk.
        self.assertEqual(len(list(grid.attention())), 8 * 12 * 89 + 99)

    def test_axes_rise_without_repeats_and_end_where_asked(self) -> None:
        for most in (16, 100, 2048, 5000, 16384):
            grid = Grid.standard(max_tokens=most, max_sequences=most, max_context=most)
            for axis in (grid.tokens, grid.sequences, grid.chunks, grid.counts, grid.contexts):
                self.assertEqual(list(axis), sorted(set(axis)))
            self.assertEqual((grid.tokens[-1], grid.sequences[-1]), (most, most))
            # More values on an axis are refused by simhost.
            self.assertLess(max(len(grid.chunks), len(grid.counts)), 128)

    def test_experts_are_never_more_than_tokens_choose(self) -> None:
        for tokens, active in Grid.standard().experts(8, 128):
            self.assertTrue(8 <= active <= min(128, 8 * tokens))


class Files(unittest.TestCase):
    def test_a_table_reads_back_to_the_nanosecond(self) -> None:
        rows = [("embedding", 1, 2.0004), ("embedding", 2, 3.25)]
        with tempfile.TemporaryDirectory() as folder:
            write_table(Path(folder), "dense", rows)
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["dense.csv"])
            self.assertEqual(
                read_table(Path(folder) / "dense.csv", "dense"),
                {("embedding", 1): 2.0, ("embedding", 2): 3.25},
            )

    def test_damage_is_named_with_its_line(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dense.csv"
            for text, expected in [
                ("", ":1: layer"),
                ("layer,tokens,time_us\na,1,2\nb,", ":3: "),
                ("layer,tokens,time_us\na,x,2\n", ":2: "),
            ]:
                path.write_text(text)
                with self.assertRaisesRegex(ToolError, f"dense.csv{expected}"):
                    read_table(path, "dense")

    def test_descriptions_are_the_plain_part_of_yaml(self) -> None:
        text = yaml_text({"a": {"b": [1, 2], "c": True}, "d": "it's:\n x", "e": 1.5})
        self.assertEqual(text, "a:\n  b: [1, 2]\n  c: true\nd: 'it\u2019s: x'\ne: 1.5\n")


class Comparisons(unittest.TestCase):
    @staticmethod
    def bundle(scale: float) -> Bundle:
        grid = Grid.tiny()
        return Bundle(
            dense={
                (name, count): scale * (10 + count)
                for name in dense_layers(TINY)
                for count in grid.tokens
            },
            head={
                (name, count): scale * 5.0
                for name in ("lm_head", "sampler")
                for count in grid.sequences
            },
            attention={point: scale * (1.0 + sum(point)) for point in grid.attention()},
        )

    def test_a_bundle_ten_per_cent_slower_is_ten_per_cent_off_everywhere(self) -> None:
        for scale in (1.0, 1.1):
            for _, errors in compare(self.bundle(1.0), self.bundle(scale), TINY):
                self.assertTrue(errors)
                for error in errors:
                    self.assertAlmostEqual(max(map(abs, error.values)), scale - 1)
                    self.assertIn(f"{100 * (scale - 1):.1f}", error.line())


if __name__ == "__main__":
    unittest.main()
