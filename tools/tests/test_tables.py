"""Operator tables whose times follow known laws become bundles that follow them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from bundle.errors import ToolError
from bundle.files import read_table
from bundle.grid import Grid
from bundle.hardware import Hardware
from bundle.model import ModelShape
from tables.attention import AttentionTimes
from tables.convert import Converter
from tables.curve import Curve
from tables.experts import all_reduce_times, expert_times
from tables.matrix import MatrixProducts
from tables.sanity import speeds
from tables.source import OperatorTables, version_key

from .fixtures import MIXTURE, NVLINK, PCIE, ROOT, SHARED, TINY, simhost, simulate, write_tables

GRID = Grid.standard(64, 16, 512)


class Lookups(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_tables(self.folder)
        self.tables = OperatorTables(self.folder)

    def test_versions_are_compared_as_numbers(self) -> None:
        self.assertEqual(
            sorted(["0.24.0", "1.3.0rc20", "0.9.1", "1.3.0"], key=version_key),
            ["0.9.1", "0.24.0", "1.3.0", "1.3.0rc20"],
        )

    def test_curves(self) -> None:
        curve = Curve.least([(10, 5.0), (20, 8.0), (20, 7.0)])
        # Below, between, at a point measured twice, and in proportion beyond.
        self.assertEqual([curve.at(x) for x in (1, 10, 15, 20, 40)], [5, 5, 6, 7, 14])

    def test_products_are_linear_between_sizes_and_proportional_beyond(self) -> None:
        products = MatrixProducts(self.tables)
        # 1 µs + 1 ns x m n k / 1000, here on, between and beyond measured sizes.
        for m, n, k in [(1, 32, 32), (33, 48, 100), (64, 512, 96)]:
            self.assertAlmostEqual(products.time(m, n, k), 1 + 1e-6 * m * n * k)
        self.assertAlmostEqual(products.time(64, 1024, 32), 2 * products.time(64, 512, 32))
        self.assertAlmostEqual(products.time(1 << 15, 32, 32), 2 * products.time(1 << 14, 32, 32))

    def test_attention_blends_head_counts_and_refuses_others(self) -> None:
        # 2 µs for each token and head, also with 6 heads, between 4 and 8.
        self.assertAlmostEqual(AttentionTimes(self.tables, 6, 2, 16).prompt(512), 2 * 512 * 6)
        self.assertAlmostEqual(AttentionTimes(self.tables, 4, 2, 16).decode(8, 511), 8 + 8 * 0.511)
        with self.assertRaisesRegex(ToolError, "with 1 key heads there are 2"):
            AttentionTimes(self.tables, 3, 1, 16)
        with self.assertRaisesRegex(ToolError, "there are none"):
            AttentionTimes(self.tables, 4, 2, 128)

    def test_all_reduces_are_the_faster_of_both_in_bytes(self) -> None:
        # Eager times do not count where there are graph times.
        self.assertEqual(all_reduce_times(self.tables, 2), {256: 4.0, 2048: 5.0})
        self.assertEqual(all_reduce_times(self.tables, 4), {})

    def test_experts_count_what_arrives_here(self) -> None:
        # Alone: 1 token activates 2, 8 tokens all 8. Among 4: 4 of 16 pairs on 2 experts; 8 x (1 -
        # (3/4)^2) = 3.5.
        self.assertEqual(
            expert_times(self.tables, MIXTURE), {(1, 2): 10.0, (8, 8): 20.0, (4, 2): 7.0}
        )

    def test_a_damaged_table_is_named(self) -> None:
        path = next(self.folder.glob("gemm/vllm/0.10.0/*"))
        path.write_bytes(path.read_bytes()[:100])
        with self.assertRaisesRegex(ToolError, "gemm_perf.csv.gz.*make profiles-clean"):
            MatrixProducts(self.tables)


class Bundles(unittest.TestCase):
    """Whole conversions on the tiny model."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_tables(self.folder / "tables")
        self.profiles = self.folder / "profiles"
        self.converter = Converter(OperatorTables(self.folder / "tables"), NVLINK, "toy", GRID)

    def test_measured_points_stay_and_filled_ones_only_add(self) -> None:
        meta = self.converter.write(self.profiles, TINY, [1, 2])
        self.assertEqual(meta["all_reduce_measured"], [2])
        self.assertIn("gemm/vllm/0.10.0 gemm_perf", meta["tables"])
        folder = self.profiles / "H100/toy/tiny/bf16"
        self.assertEqual(sorted(p.name for p in folder.iterdir()), ["meta.yaml", "tp1", "tp2"])
        times = read_table(folder / "tp1/attention.csv", "attention")
        self.assertEqual(times[16, 0, 0, 0], 2 * 16 * 4)
        for (chunk, before, count, context), time in times.items():
            self.assertGreater(time, 0)
            if before > 16:
                self.assertGreaterEqual(time, times[chunk, before // 2, count, context])
            if context > 16:
                self.assertGreaterEqual(time, times[chunk, before, count, context // 2])
            if chunk and count:
                self.assertGreaterEqual(time, times[chunk, before, 0, 0])
                self.assertGreaterEqual(time, times[0, 0, count, context])
        dense = read_table(folder / "tp2/dense.csv", "dense")
        # Two MLP inputs side by side of half the width each: 64 x 128.
        self.assertAlmostEqual(dense["gate_up_proj", 64], 1 + 1e-6 * 64 * 128 * 64, places=3)

    def test_all_reduces_over_pcie_are_those_of_another_server(self) -> None:
        for over_pcie in (False, True):
            converter = Converter(self.converter.tables, PCIE, "toy", GRID, over_pcie)
            meta = converter.write(self.profiles, TINY, [1, 2])
            self.assertEqual(meta["all_reduce_measured"], [2] if over_pcie else [])
            table = self.profiles / "RTXPRO6000/toy/tiny/bf16/tp2/all_reduce.csv"
            self.assertEqual(table.exists(), over_pcie)

    def test_what_fails_leaves_the_old_bundle_in_place(self) -> None:
        self.converter.write(self.profiles, TINY, [1])
        other = ModelShape(**{**vars(TINY), "head_dim": 128})
        with self.assertRaises(ToolError):
            self.converter.write(self.profiles, other, [1])
        self.assertTrue((self.profiles / "H100/toy/tiny/bf16/meta.yaml").exists())

    def test_the_bundle_loads_in_simhost(self) -> None:
        if simhost() is None:
            self.skipTest("simhost is not built")
        self.converter.write(self.profiles, TINY, [1, 2])
        for degree, remark in ((1, "tp1"), (2, "tp2, measured all-reduces")):
            run = simulate(self.folder, self.profiles, "H100", degree)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(remark, " ".join(run.stderr.split()))

    def test_the_program_reports_and_writes_an_example(self) -> None:
        models = self.folder / "models/toy"
        models.mkdir(parents=True)
        (models / "tiny.json").write_text((ROOT / "tools/tests/data/tiny.json").read_text())
        (self.folder / "all").mkdir()
        (self.folder / "tables").rename(self.folder / "all/toy_sxm")
        command = [
            sys.executable,
            str(ROOT / "tools/operator_tables.py"),
            "--tables",
            str(self.folder / "all"),
            "--hardware",
            "RTXPRO6000",
            "--model-dir",
            str(self.folder / "models"),
            "--tp",
            "1",
            "--output",
            str(self.profiles),
        ]
        run = subprocess.run(
            [*command, "--gpu", "toy_sxm"], capture_output=True, text=True, check=False
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        for text in (
            "toy/tiny/bf16 from attention/vllm/0.10.0",
            "measured: ",
            "guess: ",
            "simhost --cluster-config",
        ):
            self.assertIn(text, run.stdout)
        cluster = json.loads((self.profiles / "RTXPRO6000/example_1p1d.json").read_text())
        roles = [instance["pd_type"] for instance in cluster["nodes"][0]["instances"]]
        self.assertEqual(roles, ["prefill", "decode"])
        run = subprocess.run(
            [*command, "--gpu", "other"], capture_output=True, text=True, check=False
        )
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("has no other; expected one of toy_sxm", run.stderr)


class ClosedLoops(unittest.TestCase):
    """Users who each wait for their answer, on the tiny model."""

    def test_runs_are_simulated_and_compared(self) -> None:
        if simhost() is None:
            self.skipTest("simhost is not built")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_tables(folder / "tables")
            tables = OperatorTables(folder / "tables")
            Converter(tables, NVLINK, "toy", GRID).write(folder, TINY, [1])
            model = folder / "configs/model/toy/tiny.json"
            model.parent.mkdir(parents=True)
            model.write_text((ROOT / "tools/tests/data/tiny.json").read_text())
            columns = "model_path,backend,precision,mode,tp_size,isl,osl,batch_size,silicon_tpot_ms"
            (folder / "runs.csv").write_text(
                f"{columns}\ntoy/tiny,vllm,,agg,1,32,8,2,1.0\ntoy/tiny,vllm,,agg,1,32,8,2,9.0\n"
                "toy/tiny,vllm,fp8,agg,1,32,8,4,1.0\ntoy/tiny,vllm,,agg,1,32,9000,4,1.0\n"
            )
            command = [sys.executable, str(ROOT / "tools/compare_closed_loops.py"), "runs.csv"]
            command += ["--hardware", "H100", "--profile-dir", ".", "--simhost", str(simhost())]
            done = subprocess.run(
                [*command, "--model", "toy/tiny"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            # Each shape once, none of another precision, none too large.
            self.assertRegex(done.stdout, r"^tp1: 1 runs, TPOT off by [+-][0-9.]+%")
            done = subprocess.run(
                [*command, "--model", "x"], cwd=folder, capture_output=True, text=True, check=False
            )
            self.assertEqual(done.returncode, 2)
            self.assertIn("has no vllm runs of x", done.stderr)


class RealTables(unittest.TestCase):
    """On published tables of H100: nothing is faster than the data sheet allows."""

    def test_h100_is_slower_than_its_peak_but_not_by_much(self) -> None:
        folder = SHARED / "profiles/aiconfigurator-ops/h100_sxm"
        if not folder.is_dir():
            self.skipTest("the reference data is not here")
        hardware = Hardware.read(ROOT / "configs/hardware", "H100")
        name = "meta-llama/Llama-3.1-8B"
        model = ModelShape.read(ROOT / f"configs/model/{name}.json", name)
        with tempfile.TemporaryDirectory() as output:
            Converter(OperatorTables(folder), hardware, "h100_sxm").write(Path(output), model, [1])
            text = speeds(Path(output), hardware, model, 1)
        for share in (
            float(word.rstrip("%")) for word in text.replace(",", " ").split() if word.endswith("%")
        ):
            self.assertTrue(50 < share < 95, text)
