"""An accelerator as simhost describes it: `configs/hardware/<name>.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError

#: Coefficients that a file without any stands for: those of simhost's `AnalyticCoefficients`.
#: Guess: rounded from kernel times in profiles of RTXPRO6000.
USUAL = {
    "prefill_attention_efficiency": 0.55,
    "prefill_attention_serial_fraction": 0.15,
    "decode_attention_efficiency": 0.9,
    "decode_attention_us": 10.0,
    "decode_attention_padding_tokens": 50.0,
    "mixed_tile_us": 3.0,
    "mixed_empty_tile_us": 0.4,
    "mixed_attention_efficiency": 0.5,
    "mixed_shared_caches": 8.0,
    "mixed_serial_fraction": 0.3,
    "sampler_us": 12.0,
    "sampler_bytes_per_logit": 7.0,
}


@dataclass(frozen=True)
class Hardware:
    """Data sheet and coefficients; FLOP/s, bytes and bytes/s."""

    name: str
    flops: float
    memory_rate: float
    memory_gib: float
    cache: float
    multiprocessors: float
    #: Whether accelerators of a node have links of their own, or PCIe, which depends on the server.
    direct_links: bool
    coefficients: dict[str, float]

    @staticmethod
    def read(folder: Path, name: str) -> Hardware:
        """Reads `<folder>/<name>.json`."""
        path = folder / f"{name}.json"
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            sheet = document["data_sheet"]
            given = document.get("coefficients", {})
            return Hardware(
                name=name,
                flops=sheet["dense_bf16_tflops"] * 1e12,
                memory_rate=sheet["memory_bandwidth_gb_per_s"] * 1e9,
                memory_gib=sheet["memory_gib"],
                cache=sheet["cache_mb"] * 1e6,
                multiprocessors=sheet["multiprocessors"],
                direct_links="nvlink_gb_per_s" in sheet,
                coefficients={key: float(given.get(key, usual)) for key, usual in USUAL.items()},
            )
        except FileNotFoundError:
            raise ToolError(
                f"{path}: there is no such file; write one with the accelerator's data sheet as "
                "docs/hardware.md shows: what was not measured is filled in from it"
            ) from None
        except KeyError as error:
            raise ToolError(f"{path}: data_sheet: {error} is missing") from None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, TypeError, ValueError) as error:
            raise ToolError(f"{path}: {error}") from None
