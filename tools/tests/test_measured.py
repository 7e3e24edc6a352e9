"""What is made of workloads and of what vLLM and DistServe say of themselves."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import distserve_iterations
import measure_vllm
from bundle.errors import ToolError

from .fixtures import ROOT


class Workloads(unittest.TestCase):
    def test_arrivals_come_faster_by_the_speed(self) -> None:
        path = ROOT / "workloads/example_trace.jsonl"
        slow, fast = (measure_vllm.read_workload(path, speed) for speed in (1.0, 4.0))
        self.assertEqual(len(slow), 300)
        self.assertEqual([row[1:] for row in slow], [row[1:] for row in fast])
        self.assertAlmostEqual(slow[-1][0], 4 * fast[-1][0])

    def test_what_is_no_workload_is_one_error_with_its_line(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "w.jsonl"
            whole = '{"input_toks":1,"output_toks":1,"arrival_time_ns":0}\n'
            path.write_text(whole + '{"input_toks":1}\n')
            with self.assertRaisesRegex(ToolError, r"w\.jsonl:2: .*output_toks"):
                measure_vllm.read_workload(path, 1)
            path.write_text("")
            with self.assertRaisesRegex(ToolError, "holds no request"):
                measure_vllm.read_workload(path, 1)

    def test_a_second_without_iterations_keeps_the_counters(self) -> None:
        samples = [(10.2, 3, 4, 5, 6, 0.5), (10.9, 1, 1, 7, 0, 0.6), (12.4, 0, 2, 1, 0, 0.1)]
        self.assertEqual(
            measure_vllm.series_rows(samples, 10.0),
            [(1.0, 4, 5, 7, 0, 60.0), (2.0, 0, 0, 7, 0, 60.0), (3.0, 0, 2, 1, 0, 10.0)],
        )

    def test_runs_in_the_repository_are_of_the_workloads_in_it(self) -> None:
        for folder in sorted((ROOT / "measured/runs").iterdir()):
            meta = json.loads((folder / "meta.json").read_text())
            rows = [
                json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()
            ]
            asked = measure_vllm.read_workload(ROOT / meta["dataset_path"], meta["speed"])
            self.assertEqual(
                [(row["input_toks"], row["output_toks"]) for row in rows],
                [row[1:] for row in asked],
                folder.name,
            )


class DistServe(unittest.TestCase):
    COEFFICIENTS = {
        "decoding_large_small_bs_threshold": 95,
        "prefill": [10.0, 0.1, 1e-6],
        "decoding_smallbs": [20.0, 0.001, 0.5],
        "decoding_largebs": [5.0, 0.001, 0.7],
    }

    def test_times_are_what_the_coefficients_say(self) -> None:
        rows = distserve_iterations.rows(self.COEFFICIENTS, 2)
        times = {row[:4]: row[4] for row in rows}
        self.assertAlmostEqual(times[2, 1000, 0, 0], 1e3 * (10 + 100 + 1))
        self.assertAlmostEqual(times[2, 0, 8, 8 * 128], 1e3 * (20 + 1.024 + 4))
        self.assertAlmostEqual(times[2, 0, 96, 96 * 128], 1e3 * (5 + 12.288 + 67.2))
        self.assertEqual(len(times), len(rows))

    def test_a_model_without_coefficients_is_one_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "c.json"
            path.write_text(json.dumps({"facebook/opt-13b": {"1": self.COEFFICIENTS}}))
            tool = ROOT / "tools/distserve_iterations.py"
            done = subprocess.run(
                [sys.executable, tool, path, "--tp", "4"],
                capture_output=True,
                text=True,
                check=False,
            )
        self.assertEqual(done.returncode, 2)
        self.assertIn("no coefficients of facebook/opt-13b", done.stderr)


if __name__ == "__main__":
    unittest.main()
