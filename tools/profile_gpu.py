#!/usr/bin/env python3
"""Measures a model's layers on the GPU of this machine and writes a profile bundle that simhost
reads.

    tools/profile_gpu.py --model meta-llama/Llama-3.1-8B --hardware H100 --tp 1 2

Needs PyTorch with CUDA or ROCm; with vLLM installed, attention is vLLM's. No weights are
downloaded: times do not depend on their values. Stopped and started again it goes on where it was.
Exit codes: 0 done, 2 something to mend.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.errors import ToolError, run  # noqa: E402
from bundle.files import cache_folder  # noqa: E402
from bundle.grid import Grid  # noqa: E402
from bundle.model import ModelShape  # noqa: E402
from profiler.attention import choose_name  # noqa: E402
from profiler.bench import TorchBench  # noqa: E402
from profiler.collectives import all_reduce_times  # noqa: E402
from profiler.device import VARIANTS, Device  # noqa: E402
from profiler.session import MESSAGES, Instruments, Settings, profile  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure a profile bundle on the GPU of this machine."
    )
    parser.add_argument("--model", required=True, help="a config.json, or a name in configs/model")
    parser.add_argument(
        "--name", help="the model's name in the bundle; default: as in configs/model"
    )
    parser.add_argument(
        "--hardware", help="the accelerator's name in clusters; default: what the GPU calls itself"
    )
    parser.add_argument(
        "--tp", type=int, nargs="+", default=[1], help="tensor-parallel degrees; default 1"
    )
    parser.add_argument("--dtype", choices=sorted(VARIANTS), default="bfloat16")
    parser.add_argument(
        "--output", type=Path, default=cache_folder(), help="folder of profiles; default: the cache"
    )
    parser.add_argument(
        "--iterations", type=int, default=5, help="timed calls for each point; the median counts"
    )
    parser.add_argument("--max-tokens", type=int, default=2048, help="largest iteration, tokens")
    parser.add_argument("--max-sequences", type=int, default=256, help="largest batch, requests")
    parser.add_argument("--max-context", type=int, default=16384, help="longest context, tokens")
    parser.add_argument("--attention", choices=("auto", "vllm", "torch"), default="auto")
    parser.add_argument(
        "--eager", action="store_true", help="do not fuse element-wise layers with torch.compile"
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--tiny", action="store_true", help="a few small points, to try the program out"
    )
    parser.add_argument(
        "--restart", action="store_true", help="throw away what an unfinished run has measured"
    )
    options = parser.parse_args()
    if (
        options.iterations < 1
        or options.max_tokens < 16
        or options.max_context < 16
        or options.max_sequences < 1
    ):
        parser.error(
            "--iterations and --max-sequences are at least 1, --max-tokens and --max-context 16"
        )
    return options


def model_shape(options: argparse.Namespace) -> ModelShape:
    """The model from a file, or from the descriptions in the repository."""
    path, name = Path(options.model), options.name
    if path.suffix != ".json":
        path, name = ROOT / "configs/model" / f"{options.model}.json", name or options.model
    if name is None:
        raise ToolError(
            "--model is a file: say what the model is called in clusters, --name OWNER/MODEL"
        )
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name) or ".." in name:
        raise ToolError(f"--name: {name!r} is no name; expected such as meta-llama/Llama-3.1-8B")
    return ModelShape.read(path, name)


def main() -> None:
    options = arguments()
    model = model_shape(options)
    degrees = tuple(sorted({1, *options.tp}))
    for degree in degrees:
        model.shard(degree)
    device = Device(options.device, options.dtype, options.iterations)
    hardware = options.hardware or re.sub(r"[^\w.-]+", "-", device.name).strip("-")
    grid = (
        Grid.tiny()
        if options.tiny
        else Grid.standard(options.max_tokens, options.max_sequences, options.max_context)
    )
    compiled = options.device == "cuda" and not options.eager
    attention = choose_name(options.attention, device)
    description = {
        **device.description(),
        "attention_kernel": attention,
        "elementwise_layers": "torch.compile" if compiled else "eager",
        "clock": "device events, weights and KV cache cold" if options.device == "cuda" else "host",
    }
    if attention == "vllm":
        import vllm

        description["vllm_version"] = vllm.__version__
    instruments = Instruments(
        bench=lambda degree: TorchBench(device, model, degree, grid, attention, compiled),
        all_reduce=lambda degree: all_reduce_times(
            options.device, degree, options.iterations, MESSAGES[:3] if options.tiny else MESSAGES
        ),
        description=description,
    )
    settings = Settings(
        model=model,
        hardware=hardware,
        variant=VARIANTS[options.dtype],
        degrees=degrees,
        grid=grid,
        iterations=options.iterations,
    )
    folder, remarks = profile(settings, instruments, options.output, options.restart)
    for remark in remarks:
        print(remark, file=sys.stderr)
    print(f"wrote {folder}")
    flag = (
        "--cached-profiles"
        if options.output == cache_folder()
        else f"--profile-dir {options.output}"
    )
    print(f'use it with "hardware": "{hardware}" in a cluster file and simhost {flag}')


if __name__ == "__main__":
    run(main)
