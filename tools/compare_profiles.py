#!/usr/bin/env python3
"""Prints how far a folder of profiles is from another that was measured, by layer and by kind of
iteration.

tools/compare_profiles.py MEASURED JUDGED --hardware RTXPRO6000 --model Qwen/Qwen3-32B --tp 1 --tp 2
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.compare import HEADER, Bundle, compare  # noqa: E402
from bundle.errors import run  # noqa: E402
from bundle.model import ModelShape  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Errors of one folder of profiles against another."
    )
    parser.add_argument("measured", type=Path, help="folder of profiles to trust")
    parser.add_argument("judged", type=Path, help="folder of profiles to judge")
    parser.add_argument("--hardware", required=True)
    parser.add_argument("--model", action="append", required=True, help="may be repeated")
    parser.add_argument("--tp", type=int, action="append", help="may be repeated; default 1")
    parser.add_argument("--variant", default="bf16")
    parser.add_argument("--brief", action="store_true", help="whole iterations only")
    parser.add_argument("--model-dir", type=Path, default=ROOT / "configs/model")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    for name in options.model:
        model = ModelShape.read(options.model_dir / f"{name}.json", name)
        for degree in options.tp or [1]:
            place = Path(options.hardware) / name / options.variant
            sections = compare(
                Bundle.read(options.measured / place, degree),
                Bundle.read(options.judged / place, degree),
                model,
            )
            print(f"{place} tp{degree}: relative errors, points that both have")
            for title, errors in sections[-1:] if options.brief else sections:
                print(f"{title:<26}" + HEADER[26:])
                for error in errors:
                    print(error.line())


if __name__ == "__main__":
    run(main)
