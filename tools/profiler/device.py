"""The device that is measured: its clock, and what it is."""

from __future__ import annotations

import functools
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from types import ModuleType

from bundle.errors import ToolError

#: Cycles in a second for which the device is kept busy while the host issues a call: a clock faster
#: than any, so that it is never too short.
CYCLES = 3e9

#: Names of folders of profiles for the formats of weights.
VARIANTS = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


def load_torch() -> ModuleType:
    """PyTorch, or what to do without it."""
    try:
        import torch
    except ImportError as error:
        raise ToolError(
            f"PyTorch cannot be loaded ({error}); pip install torch, "
            "or use make profiles, which needs none"
        ) from None
    return torch


class Device:
    """A GPU, or the processor for trying out the program."""

    def __init__(self, kind: str, dtype: str, iterations: int) -> None:
        self.torch = load_torch()
        if kind == "cuda" and not self.torch.cuda.is_available():
            raise ToolError(
                "PyTorch sees no GPU; check nvidia-smi and that torch is not a CPU build, "
                "or use make profiles GPU=…, which needs none "
                "(--device cpu --tiny only tries the program out)"
            )
        self.kind = kind
        self.dtype = getattr(self.torch, dtype)
        self.iterations = iterations
        self.name = (
            self.torch.cuda.get_device_name()
            if kind == "cuda"
            else platform.processor() or "processor"
        )
        self._scratch = None
        if kind == "cuda":
            properties = self.torch.cuda.get_device_properties(0)
            # Larger than the cache.
            size = max(256 << 20, 2 * getattr(properties, "L2_cache_size", 0))
            self._scratch = self.torch.zeros(size // 4, dtype=self.torch.int32, device="cuda")

    @property
    def width(self) -> int:
        """Bytes of an element."""
        return self.torch.empty((), dtype=self.dtype).element_size()

    def random(self, *shape: int):  # noqa: ANN201 - a tensor of a module that may be absent
        """Normal numbers, small enough that sums of many stay finite."""
        return self.torch.randn(*shape, device=self.kind, dtype=self.dtype).mul_(0.02)

    def free_bytes(self) -> int:
        """Memory that is left."""
        if self.kind == "cuda":
            self.torch.cuda.empty_cache()
            return self.torch.cuda.mem_get_info()[0]
        return 1 << 30

    def median(
        self, prepare: Callable[[], Callable[[], object]], cold: bool = True
    ) -> float | None:
        """Median time in µs of the call that `prepare` makes; None where it does not fit into
        memory.

        `cold`: with nothing of it in the cache, as what is read once an iteration, weights and KV
        cache; else what the layer before has just written is there.
        """
        try:
            with self.torch.inference_mode():
                call = prepare()
                call()
                if self.kind == "cuda":
                    return max(0.0, self._between_events(call, cold) - self.events_alone)
                return self._host(call)
        except self.torch.cuda.OutOfMemoryError:
            self.torch.cuda.empty_cache()
            return None

    @functools.cached_property
    def events_alone(self) -> float:
        """What the two events add, µs: the time of one small kernel between them, less what each of
        more kernels adds."""
        number = self.torch.zeros(1, device=self.kind)
        one = self._between_events(lambda: number.add_(1), False)
        many = self._between_events(lambda: [number.add_(1) for _ in range(11)], False)
        return max(0.0, one - (many - one) / 10)

    def _between_events(self, call: Callable[[], object], cold: bool) -> float:
        """On the device's clock. The device waits until the host has issued everything: in a server
        kernels come from a graph, or the host is far ahead."""
        begun = time.perf_counter()
        call()
        issue = time.perf_counter() - begun
        events = [
            (self.torch.cuda.Event(enable_timing=True), self.torch.cuda.Event(enable_timing=True))
            for _ in range(self.iterations)
        ]
        for start, end in events:
            if cold:
                # Read, not written: what is written would be in the way when it leaves the cache.
                self._scratch.sum()
            self.torch.cuda._sleep(int((2 * issue + 50e-6) * CYCLES))
            start.record()
            call()
            end.record()
        self.torch.cuda.synchronize()
        return statistics.median(start.elapsed_time(end) for start, end in events) * 1000

    def _host(self, call: Callable[[], object]) -> float:
        times = []
        for _ in range(self.iterations):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e6

    def description(self) -> dict[str, object]:
        """For `meta.yaml`."""
        versions = self.torch.version
        return {
            "gpu": self.name,
            "driver": driver_version() if self.kind == "cuda" else "none",
            "cuda_version": versions.cuda or getattr(versions, "hip", None) or "none",
            "torch_version": self.torch.__version__,
            "python_version": platform.python_version(),
        }


def driver_version() -> str:
    """The GPU driver's, as nvidia-smi says it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "unknown"
    found = subprocess.run(
        [program, "--query-gpu=driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return (found.stdout.splitlines() or ["unknown"])[0].strip()
