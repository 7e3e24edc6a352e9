#!/usr/bin/env python3
"""Turns aiconfigurator-core's measured operator tables into profile bundles that simhost reads.

    make profiles GPU=h100_sxm

fetches the tables, makes a virtual environment to read them, and runs this. Exit codes: 0 done, 2
something to mend.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.errors import ToolError, run  # noqa: E402
from bundle.files import cache_folder  # noqa: E402
from bundle.hardware import Hardware  # noqa: E402
from bundle.model import ModelShape, models_below  # noqa: E402
from tables.convert import FILLED, MEASURED, Converter  # noqa: E402
from tables.example import write_example  # noqa: E402
from tables.sanity import speeds  # noqa: E402
from tables.source import OperatorTables  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent

#: Names of the tables' systems in `configs/hardware`.
NAMES = {
    "a100_sxm": "A100",
    "b200_sxm": "B200",
    "h100_sxm": "H100",
    "h200_sxm": "H200",
    "l40s": "L40S",
    "rtx_pro_6000_server": "RTXPRO6000",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Profile bundles from measured operator tables.")
    parser.add_argument("--gpu", required=True, help="system of the tables, such as h100_sxm")
    parser.add_argument("--hardware", help="its name in configs/hardware, such as H100")
    parser.add_argument(
        "--tables", type=Path, required=True, help="folder with a folder for each system"
    )
    parser.add_argument("--framework", default="vllm", help="vllm (default), sglang or trtllm")
    parser.add_argument("--model", action="append", help="as in configs/model; may be repeated")
    parser.add_argument("--model-dir", type=Path, default=ROOT / "configs/model")
    parser.add_argument("--hardware-dir", type=Path, default=ROOT / "configs/hardware")
    parser.add_argument(
        "--tp", type=int, action="append", help="tensor-parallel degree; may be repeated"
    )
    parser.add_argument(
        "--over-pcie",
        action="store_true",
        help="take all-reduces of accelerators without NVLink, too",
    )
    parser.add_argument("--output", type=Path, default=cache_folder(), help="folder of profiles")
    return parser.parse_args()


def chosen_models(options: argparse.Namespace) -> list[ModelShape]:
    """The models asked for, or all that are described and can be profiled."""
    known = dict(models_below(options.model_dir))
    names = options.model or list(known)
    models = []
    for name in names:
        if name not in known:
            raise ToolError(
                f"{options.model_dir}: has no {name}.json; "
                f"expected one of {', '.join(known) or 'no model'}"
            )
        try:
            models.append(ModelShape.read(known[name], name))
        except ToolError as error:
            if options.model:
                raise
            print(f"skipped {name}: {error}", file=sys.stderr)
    return models


def main() -> None:
    options = arguments()
    folder = options.tables / options.gpu
    if not folder.is_dir():
        present = sorted(path.name for path in folder.parent.glob("*") if path.is_dir())
        raise ToolError(
            f"{folder.parent}: has no {options.gpu}; "
            f"expected one of {', '.join(present) or 'no system'}"
        )
    name = options.hardware or NAMES.get(options.gpu)
    if name is None:
        raise ToolError(
            f"{options.gpu}: has no description here; write configs/hardware/NAME.json as "
            "docs/hardware.md shows, and add HARDWARE=NAME"
        )
    hardware = Hardware.read(options.hardware_dir, name)
    tables = OperatorTables(folder, options.framework)
    converter = Converter(tables, hardware, options.gpu, over_pcie=options.over_pcie)

    made: list[ModelShape] = []
    for model in chosen_models(options):
        degrees = options.tp or [
            d for d in (1, 2, 4, 8) if model.heads % d == 0 and model.inner % d == 0
        ]
        try:
            meta = converter.write(options.output, model, sorted({1, *degrees}))
        except ToolError as error:
            # One model of many that was not measured does not stop the others.
            if options.model:
                raise
            print(f"skipped {model.name}: {error}", file=sys.stderr)
            continue
        made.append(model)
        degrees = meta["tp_degrees"]  # type: ignore[assignment]
        versions = ", ".join(sorted({entry.split()[0] for entry in meta["tables"]}))  # type: ignore[union-attr]
        print(f"{name}/{model.name}/bf16 from {versions}")
        for degree in degrees:
            print(f"  tp{degree}: {speeds(options.output, hardware, model, degree)}")
            if degree > 1 and degree not in meta["all_reduce_measured"]:  # type: ignore[operator]
                print(f"  tp{degree}: all-reduces follow the cluster's link_bw and link_latency")
    if not made:
        raise ToolError(f"{folder}: no model's operators were measured with {options.framework}")
    example = write_example(options.output, hardware, made[0])
    print(f"measured: {MEASURED}")
    print(f"guess: {FILLED}")
    print(f"in {options.output}; try")
    flag = (
        "--cached-profiles"
        if options.output == cache_folder()
        else f"--profile-dir {options.output}"
    )
    print(f"  simhost --cluster-config {example} {flag}")


if __name__ == "__main__":
    run(main)
