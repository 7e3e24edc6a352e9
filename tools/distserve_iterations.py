#!/usr/bin/env python3
"""Prints the iterations that DistServe measured, as `simhost calibrate iterations` reads them.

    tools/distserve_iterations.py profiler-a100-80g.distserve.json --model facebook/opt-13b --tp 1 2

Published are coefficients of its fits, in ms: a + b tokens + c tokens^2 for a prompt, and
a + b context tokens + c requests for decode requests, one set up to a number of requests and one
above. Printed is what they say of prompts of 64 to 2,048 tokens and of 1 to 220 decode requests,
where it measured. Source: https://github.com/LLMServe/DistServe, evaluation/0-test-single-forward-performance.
Exit codes: 0 done, 2 something to mend.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle.errors import ToolError, run  # noqa: E402

#: Prompts, decode requests, and tokens of context of each of those.
PROMPTS = tuple(range(64, 2049, 8))
REQUESTS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 94, 96, 112, 128, 160, 192, 220)
CONTEXTS = (64, 128, 256, 512, 1024)
#: Tokens that the KV cache of one accelerator holds: what is more was not measured.
MOST_CONTEXT = 100_000


def rows(coefficients: dict, degree: int) -> list[tuple]:
    """(tp, prompt tokens, decode requests, context tokens, µs)"""
    a, b, c = coefficients["prefill"]
    found: list[tuple] = [(degree, n, 0, 0, 1e3 * (a + b * n + c * n * n)) for n in PROMPTS]
    limit = coefficients["decoding_large_small_bs_threshold"]
    for count in REQUESTS:
        a, b, c = coefficients["decoding_smallbs" if count < limit else "decoding_largebs"]
        for context in CONTEXTS:
            total = count * context
            if total <= MOST_CONTEXT:
                found.append((degree, 0, count, total, 1e3 * (a + b * total + c * count)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="DistServe's iteration times as a table.")
    parser.add_argument("profile", type=Path, help="JSON of coefficients")
    parser.add_argument("--model", default="facebook/opt-13b")
    parser.add_argument("--tp", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    try:
        models = json.loads(options.profile.read_text(encoding="utf-8"))
        tables = [rows(models[options.model][str(degree)], degree) for degree in options.tp]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolError(f"{options.profile}: {error!r}: no coefficients of {options.model}") from None
    print("tp,prefill_tokens,decode_requests,context_tokens,time_us")
    for table in tables:
        for row in table:
            print(",".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row))


if __name__ == "__main__":
    run(main)
