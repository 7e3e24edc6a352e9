"""The profiler: what it measures and keeps, with a bench that computes times instead of taking
them; and PyTorch on the processor, where it is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from bundle.errors import ToolError
from bundle.files import read_table
from bundle.grid import AttentionPoint, Grid
from profiler.plan import tables
from profiler.progress import duration
from profiler.session import Instruments, Settings, profile

from .fixtures import DATA, MIXTURE, ROOT, TINY, simhost, simulate

HAS_TORCH = importlib.util.find_spec("torch") is not None


class Stopped(Exception):
    """Stands for a power cut."""


class FakeBench:
    """Every point takes as many µs as its counts together; counts its calls."""

    calls = 0
    stop_after: int | None = None

    def layer(self, name: str, count: int) -> float:
        return self._count(float(count))

    def attention(self, point: AttentionPoint) -> float | None:
        # The largest point does not fit.
        return self._count(None if point[1:] == (32, 2, 32) else float(sum(point)))

    def experts(self, tokens: int, active: int) -> float:
        return self._count(float(tokens + active))

    @classmethod
    def _count(cls, time):  # noqa: ANN001, ANN206
        if cls.calls == cls.stop_after:
            raise Stopped
        cls.calls += 1
        return time


class Sessions(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        FakeBench.calls, FakeBench.stop_after = 0, None

    def profile(self, model=TINY, gpu: str = "fake", restart: bool = False) -> list[str]:  # noqa: ANN001
        settings = Settings(model, "Fake", "bf16", (1, 2), Grid.tiny(), iterations=3)
        instruments = Instruments(
            bench=lambda degree: FakeBench(),
            all_reduce=lambda degree: {1024: 5.0},
            description={"gpu": gpu},
        )
        with contextlib.redirect_stderr(io.StringIO()) as said:
            folder, remarks = profile(settings, instruments, self.folder, restart)
        self.assertIn("measured", said.getvalue())
        self.assertEqual(folder, self.folder / f"Fake/{model.name}/bf16")
        return remarks

    def files(self) -> dict[str, bytes]:
        """All tables; the description holds the date."""
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in self.folder.rglob("*.csv")}

    def test_every_point_of_the_plan_is_a_row(self) -> None:
        remarks = self.profile(MIXTURE)
        planned = sum(
            len(table.keys) for degree in (1, 2) for table in tables(MIXTURE, Grid.tiny(), degree)
        )
        self.assertEqual(FakeBench.calls, planned)
        folder = self.folder / f"Fake/{MIXTURE.name}/bf16"
        self.assertEqual(read_table(folder / "tp1/moe.csv", "moe")[4, 8], 12.0)
        self.assertFalse((folder / "tp2/moe.csv").exists())
        attention = read_table(folder / "tp1/attention.csv", "attention")
        self.assertEqual(attention[16, 32, 1, 16], 65.0)
        # Two chunks of two degrees did not fit.
        self.assertNotIn((16, 32, 2, 32), attention)
        self.assertEqual(remarks, ["4 points did not fit into memory and are left out"])

    def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(self) -> None:
        self.profile()
        whole, planned = self.files(), FakeBench.calls
        for stop in (0, 1, 25, 60, planned - 1):
            with self.subTest(stop=stop):
                FakeBench.calls, FakeBench.stop_after = 0, stop
                with self.assertRaises(Stopped):
                    self.profile(restart=True)
                # The old bundle is there until the new one is whole.
                self.assertTrue((self.folder / "Fake/toy/tiny/bf16/meta.yaml").exists())
                partial = self.folder / "Fake/toy/tiny/bf16.partial"
                for table in partial.rglob("*.csv"):
                    # What a power cut can leave behind.
                    with table.open("a") as file:
                        file.write("16,3")
                FakeBench.stop_after = None
                self.profile()
                self.assertEqual(FakeBench.calls, planned)
                self.assertFalse(partial.exists())
                self.assertEqual(self.files(), whole)

    def test_rows_of_two_machines_do_not_mix(self) -> None:
        FakeBench.stop_after = 10
        with self.assertRaises(Stopped):
            self.profile()
        FakeBench.stop_after = None
        with self.assertRaisesRegex(ToolError, "begun.txt.*--restart"):
            self.profile(gpu="another")
        self.profile(gpu="another", restart=True)

    def test_simhost_loads_the_bundle_and_names_an_unfinished_one(self) -> None:
        if simhost() is None:
            self.skipTest("simhost is not built")
        FakeBench.stop_after = 10
        with self.assertRaises(Stopped):
            self.profile()
        run = simulate(self.folder, self.folder, "Fake")
        self.assertEqual(run.returncode, 2)
        self.assertIn(
            "bf16.partial: is a profile that was not finished", " ".join(run.stderr.split())
        )
        FakeBench.stop_after = None
        self.profile()
        run = simulate(self.folder, self.folder, "Fake", degree=2)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_durations(self) -> None:
        self.assertEqual([duration(s) for s in (5, 300, 7200)], ["5 s", "5 min", "2 h 0 min"])


class Program(unittest.TestCase):
    """`profile_gpu.py` as a user runs it."""

    def run_tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "tools/profile_gpu.py"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def test_mistakes_end_with_one_line_and_exit_code_2(self) -> None:
        for arguments, expected in [
            (("--model", "no/such"), "there is no such file"),
            (("--model", str(DATA / "tiny.json")), "--name"),
            (("--model", str(DATA / "tiny.json"), "--name", "../x"), "is no name"),
            (("--model", "Qwen/Qwen3-32B", "--tp", "3"), "tensor parallelism 3"),
            (("--model", "Qwen/Qwen3-32B"), "PyTorch"),
            (("--model", "x", "--iterations", "0"), "at least 1"),
        ]:
            with self.subTest(arguments=arguments):
                if expected == "PyTorch" and HAS_TORCH and self.has_gpu():
                    continue
                run = self.run_tool(*arguments)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn(expected, run.stderr)
                self.assertNotIn("Traceback", run.stderr)

    @staticmethod
    def has_gpu() -> bool:
        import torch

        return torch.cuda.is_available()

    def test_tiny_models_on_the_processor(self) -> None:
        if not HAS_TORCH:
            self.skipTest("PyTorch is not installed")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for model in ("tiny", "tiny_mixture"):
                run = self.run_tool(
                    "--model",
                    str(DATA / f"{model}.json"),
                    "--name",
                    f"toy/{model}",
                    "--device",
                    "cpu",
                    "--tiny",
                    "--hardware",
                    "Here",
                    "--tp",
                    "1",
                    "2",
                    "--output",
                    name,
                )
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("--profile-dir", run.stdout)
            meta = (folder / "Here/toy/tiny/bf16/meta.yaml").read_text()
            for key in (
                "gpu:",
                "driver:",
                "torch_version:",
                "profiled_at:",
                "measurement_iterations: 5",
                "n_decode:",
            ):
                self.assertIn(key, meta)
            self.assertTrue((folder / "Here/toy/tiny/bf16/tp2/all_reduce.csv").exists())
            self.assertTrue(read_table(folder / "Here/toy/tiny_mixture/bf16/tp1/moe.csv", "moe"))
            if simhost() is not None:
                run = simulate(folder, folder, "Here", degree=2)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("measured all-reduces", " ".join(run.stderr.split()))
