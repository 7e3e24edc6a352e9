#!/usr/bin/env python3
"""Measures simhost on a fixed set of runs and prints tables in Markdown: `make bench`.

CPU is user and system time of the whole process, from start to exit, the summary and the wide CSV written. Machines
differ, and so does one machine from minute to minute: the last column compares with the step-by-step engine, run on
10,000 requests just before, in CPU for each request. Options: --quick leaves out everything above 100,000 requests,
--bridge measures decisions in Lua alone, --mooncake FILE adds the conversation trace, --baseline BINARY adds a column
for another build.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from measure import run
from workloads import Workloads

SCAN = ["--policy", "Benchmarks/scan.lua"]
LOOP = ["--policy", "policies/least_kv.lua"]
NATIVE = [("native", [])]
POLICIES = NATIVE + [
    ("routing in Lua, by a scan in C", SCAN),
    ("routing in Lua, by a loop", LOOP),
    ("routing by a loop and batching in Lua", LOOP + ["--policy", "policies/batching/vllm.lua"]),
]
FOUR_BY_FOUR = "configs/cluster/single_node_4p4d.json"


class Bench:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.workloads = Workloads(arguments.simhost, arguments.cache or folder)
        self.reference = None

    def simulate(self, trace, cluster, more=(), csv=True, binary=None, repeats=1):
        """Runs a trace; returns cost, requests and iterations."""
        summary = os.path.join(self.folder, "summary.json")
        command = [
            binary or self.arguments.simhost, "--cluster-config", cluster, "--dataset", trace,
            "--log-level", "WARNING", "--summary", summary, *more,
        ]
        if csv:
            command += ["--output", os.path.join(self.folder, "run.csv"), "--output-format", "wide"]
        cost = run(command, repeats)
        with open(summary) as file:
            result = json.load(file)
        return cost, result["num_prompts"], result["run"]["iterations"]

    def calibrate(self):
        """CPU for each request of the step-by-step engine, which the last column compares with."""
        trace = self.workloads.chat(10_000, 20)
        cost, requests, _ = self.simulate(trace, FOUR_BY_FOUR, ["--step-by-step"])
        self.reference = cost.cpu / requests
        print(f"Step by step, 10,000 requests, 4P+4D: {cost.cpu:.2f} s CPU.\n")

    def row(self, name, trace, cluster, policies=POLICIES, csv=True, repeats=1):
        for policy, more in policies:
            cost, requests, iterations = self.simulate(trace, cluster, more, csv, repeats=repeats)
            cells = [
                name, policy, f"{requests:,}", f"{cost.cpu:.2f}", f"{cost.memory:.0f}",
                f"{requests / cost.cpu / 1000:,.0f}k", f"{iterations / cost.cpu / 1e6:.1f}M",
                f"{self.reference * requests / cost.cpu:.1f}x",
            ]
            if self.arguments.baseline:
                other, _, _ = self.simulate(trace, cluster, more, csv, self.arguments.baseline, repeats)
                cells.append(f"{other.cpu / cost.cpu:.1f}x")
            print("| " + " | ".join(cells) + " |", flush=True)

    def table(self):
        heads = ["run", "policy", "requests", "CPU s", "MB", "requests/s", "iterations/s", "step by step"]
        if self.arguments.baseline:
            heads.append("baseline")
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        small = self.workloads.poisson(10_000, 20, "256", "256")
        dense = self.workloads.poisson(10_000, 100, "256", "256")
        long = self.workloads.poisson(
            2_000, 0.5, "0.5*lognormal:mean=2000,sigma=1,max=100000|0.5*uniform:50000-100000", "300")
        self.row(
            "300 requests", "workloads/example_trace.jsonl",
            "configs/cluster/single_node_single_instance.json", repeats=3)
        self.row("4P+4D, 256/256, 20/s", small, FOUR_BY_FOUR, repeats=3)
        self.row("4P+4D, 256/256, 100/s", dense, FOUR_BY_FOUR, repeats=3)
        self.row("4P+4D, up to 100,000 tokens", long, FOUR_BY_FOUR)
        self.row("256P+256D", self.workloads.chat(100_000, 1000), self.workloads.cluster(512))
        if self.arguments.mooncake and not self.arguments.quick:
            self.row(
                "4P+4D, Mooncake repeated", self.workloads.repeated(self.arguments.mooncake, 1_000_000), FOUR_BY_FOUR,
                NATIVE)
        if not self.arguments.quick:
            for rate in [20, 8]:
                self.row(f"4P+4D, {rate}/s", self.workloads.chat(1_000_000, rate), FOUR_BY_FOUR)
            self.row("4P+4D, 20/s, no CSV", self.workloads.chat(1_000_000, 20), FOUR_BY_FOUR, NATIVE, csv=False)

    def growth(self):
        """How cost grows with requests and with instances; what a process costs that does nothing is taken off."""
        idle, _, _ = self.simulate(self.workloads.chat(1, 1), FOUR_BY_FOUR, repeats=5)
        print(f"\nAn idle process: {idle.cpu * 1000:.0f} ms. Less that:\n\n| requests, 4P+4D, 20/s | us of CPU each |\n|---|---|")
        sizes = [1_000, 10_000, 100_000] + ([] if self.arguments.quick else [1_000_000])
        for size in sizes:
            cost, _, _ = self.simulate(
                self.workloads.chat(size, 20), FOUR_BY_FOUR, repeats=5 if size < 100_000 else 1)
            print(f"| {size:,} | {(cost.cpu - idle.cpu) / size * 1e6:.2f} |", flush=True)
        print("\n| instances, 20,000 requests, 2 a second each | native | least_kv.lua | us a decision in Lua |\n|---|---|---|---|")
        for instances in [8, 64, 512]:
            trace = self.workloads.chat(20_000, 2 * instances)
            cluster = self.workloads.cluster(instances)
            native, _, _ = self.simulate(trace, cluster, repeats=2)
            lua, _, _ = self.simulate(trace, cluster, LOOP, repeats=2)
            each = (lua.cpu - native.cpu) / 40_000 * 1e6
            print(f"| {instances} | {native.cpu:.2f} s | {lua.cpu:.2f} s | {each:.1f} |", flush=True)

    def bridge(self):
        """What a routing decision costs in Lua over the native one: requests so small that routing is most of the work."""
        decisions = 100_000
        trace = self.workloads.poisson(decisions, 2000, "16", "2")
        policies = {
            "native": [],
            "scan in C": SCAN,
            "least_loaded.lua": ["--policy", "policies/least_loaded.lua"],
            "least_kv.lua": LOOP,
            "Lua's own loop": ["--policy", "Benchmarks/floor.lua"],
        }
        print(
            f"\nRouting {decisions:,} requests over mixed instances, ns of CPU for each decision beyond the native one:\n"
            "the median ratio to the native run beside it, of fifteen, times the least native run.\n")
        print("| instances | " + " | ".join(list(policies)[1:]) + " |\n|" + "---|" * len(policies))
        for instances in [8, 64, 512]:
            cluster = self.workloads.mixed(instances)
            # The machine is slow by half for minutes on end, so only what ran side by side compares.
            ratios, least = {name: [] for name in list(policies)[1:]}, None
            for _ in range(15):
                costs = {
                    name: self.simulate(trace, cluster, policy, csv=False)[0].cpu for name, policy in policies.items()
                }
                native = costs["native"]
                least = native if least is None else min(least, native)
                for name in ratios:
                    ratios[name].append(costs[name] / native)
            over = [(statistics.median(of_one) - 1) * least / decisions * 1e9 for of_one in ratios.values()]
            print(f"| {instances} | " + " | ".join(f"{ns:,.0f}" for ns in over) + " |", flush=True)
        print("\nThe bridge alone, beyond the same rule in C, the engine left out:\n", flush=True)
        subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "bridge.sh")], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simhost", default=".build/release/simhost")
    parser.add_argument("--baseline", help="another build of simhost to compare with")
    parser.add_argument("--mooncake", help="the conversation trace of Mooncake, JSONL")
    parser.add_argument("--cache", help="folder to keep the traces in")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bridge", action="store_true", help="only what a decision in Lua costs")
    arguments = parser.parse_args()
    if not os.access(arguments.simhost, os.X_OK):
        sys.exit(f"{arguments.simhost} is not there: make build")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        if arguments.bridge:
            return bench.bridge()
        bench.calibrate()
        bench.table()
        bench.growth()
        bench.bridge()


if __name__ == "__main__":
    main()
