"""What is handed to kernels, on the processor: shapes, masks, block tables. Needs PyTorch."""

from __future__ import annotations

import importlib.util
import sys
import types
import unittest
from unittest import mock

from bundle.grid import Grid

from .fixtures import MIXTURE, TINY

HAS_TORCH = importlib.util.find_spec("torch") is not None


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class Kernels(unittest.TestCase):
    def setUp(self) -> None:
        from profiler.attention import Pool
        from profiler.device import Device

        self.device = Device("cpu", "float32", iterations=1)
        self.torch = self.device.torch
        self.torch.manual_seed(0)
        self.shard = TINY.shard(1)
        self.points = list(Grid.standard(32, 4, 64).attention())
        self.pool = Pool(self.device, self.shard, TINY.head_dim, self.points)

    def test_the_clock_is_the_median_of_device_events_with_the_host_ahead(self) -> None:
        made: list[mock.Mock] = []

        def event(enable_timing: bool) -> mock.Mock:
            self.assertTrue(enable_timing)
            made.append(mock.Mock())
            # The calls took 3, 1 and 2 ms.
            made[-1].elapsed_time.return_value = {0: 3.0, 2: 1.0, 4: 2.0}.get(len(made) - 1)
            return made[-1]

        call = mock.Mock()
        self.device.kind, self.device.iterations = "cuda", 3
        self.device._scratch, self.device.events_alone = mock.Mock(), 5.0
        sleep = mock.Mock()
        with mock.patch.multiple(
            self.torch.cuda, Event=event, synchronize=mock.Mock(), _sleep=sleep
        ):
            self.assertEqual(self.device.median(lambda: call), 1995)
            self.assertEqual((call.call_count, self.device._scratch.sum.call_count), (5, 3))
            made.clear()
            self.device.median(lambda: call, cold=False)
        self.assertEqual(self.device._scratch.sum.call_count, 3)
        # At least 50 µs of a clock of 3 GHz.
        self.assertTrue(all(wait.args[0] >= 150_000 for wait in sleep.call_args_list))
        self.assertEqual(sleep.call_count, 6)

    def test_what_events_add_is_what_one_kernel_takes_more_than_another_of_many(self) -> None:
        # 2 µs for the events, 3 for each kernel.
        def between(call, cold: bool) -> float:  # noqa: ANN001
            result = call()
            return 2 + 3 * (len(result) if isinstance(result, list) else 1)

        with mock.patch.object(self.device, "_between_events", between):
            self.assertAlmostEqual(self.device.events_alone, 2)

    def test_what_does_not_fit_is_no_time(self) -> None:
        def call() -> None:
            raise self.torch.cuda.OutOfMemoryError

        self.assertIsNone(self.device.median(lambda: call))

    def test_the_pool_holds_every_point_or_says_so(self) -> None:
        from profiler.attention import Pool

        self.assertTrue(all(map(self.pool.fits, self.points)))
        with mock.patch.object(self.device, "free_bytes", return_value=100_000):
            small = Pool(self.device, self.shard, TINY.head_dim, self.points)
        self.assertFalse(all(map(small.fits, self.points)))
        self.assertTrue(any(map(small.fits, self.points)))

    def test_a_chunk_sees_its_context_and_itself_up_to_each_token(self) -> None:
        from profiler.attention import TorchAttention

        attention = TorchAttention(self.device, self.shard, TINY.head_dim, self.pool)
        whole, chunk, before = 48, 16, 32
        for point in [(chunk, before, 0, 0), (whole, 0, 0, 0)]:
            query = self.torch.randn(1, self.shard.heads, point[0], TINY.head_dim)
            with mock.patch.object(self.device, "random", return_value=query):
                found = attention.call(point)()[0]
            keys, values = (
                part[:whole].transpose(0, 1).repeat_interleave(2, dim=0)
                for part in (self.pool.keys, self.pool.values)
            )
            scores = query[0] @ keys.transpose(1, 2) / TINY.head_dim**0.5
            sees = self.torch.ones(whole, whole).tril()[-point[0] :].bool()
            expected = scores.masked_fill(~sees, float("-inf")).softmax(dim=-1) @ values
            self.assertTrue(self.torch.allclose(found[0], expected, atol=1e-5))

    def test_vllm_gets_every_request_once_and_blocks_of_its_own(self) -> None:
        from profiler.attention import BLOCK, VLLMAttention

        calls: list[dict] = []
        kernels = types.ModuleType("vllm.vllm_flash_attn")
        kernels.flash_attn_varlen_func = lambda **options: calls.append(options)
        kernels.is_fa_version_supported = lambda version: True
        kernels.get_scheduler_metadata = lambda **options: options
        operations = types.ModuleType("vllm._custom_ops")
        written: list[list[int]] = []

        def write(key, value, keys, values, slots, kind, *scales) -> None:  # noqa: ANN001
            self.assertEqual(key.shape, (len(slots), 2, 16))
            self.assertEqual(kind, "auto")
            written.append(slots.tolist())

        operations.reshape_and_cache_flash = write
        package = types.ModuleType("vllm")
        package.vllm_flash_attn, package._custom_ops = kernels, operations
        modules = {
            "vllm": package,
            "vllm.vllm_flash_attn": kernels,
            "vllm._custom_ops": operations,
        }
        hopper = mock.patch.object(self.torch.cuda, "get_device_capability", return_value=(9, 0))
        with mock.patch.dict(sys.modules, modules), hopper:
            attention = VLLMAttention(self.device, self.shard, TINY.head_dim, self.pool)
            for point in self.points:
                attention.call(point)()
        self.assertEqual(len(calls), len(self.points))
        for (chunk, before, count, context), call, slots in zip(self.points, calls, written):
            self.assertEqual(call["fa_version"], 3)
            self.assertEqual(call["scheduler_metadata"]["batch_size"], count + bool(chunk))
            last = call["block_table"][-1].tolist()
            length = call["seqused_k"].tolist()[-1]
            self.assertEqual(slots[-1], last[(length - 1) // BLOCK] * BLOCK + (length - 1) % BLOCK)
            self.assertEqual(len(slots), len(set(slots)))
            starts, used = call["cu_seqlens_q"].tolist(), call["seqused_k"].tolist()
            queries = [b - a for a, b in zip(starts, starts[1:])]
            self.assertEqual(queries, [1] * count + ([chunk] if chunk else []))
            self.assertEqual(used, [context + 1] * count + ([before + chunk] if chunk else []))
            self.assertEqual(call["q"].shape, (sum(queries), 4, 16))
            self.assertEqual(
                (call["max_seqlen_q"], call["max_seqlen_k"]), (max(queries), max(used))
            )
            blocks = [
                row[: -(-length // BLOCK)]
                for row, length in zip(call["block_table"].tolist(), used)
            ]
            flat = [block for row in blocks for block in row]
            self.assertEqual(len(flat), len(set(flat)))
            self.assertLess(max(flat), call["k"].shape[0])

    def test_every_layer_has_the_shape_that_the_next_one_takes(self) -> None:
        from bundle.model import dense_layers
        from profiler.layers import Layers

        layers = Layers(self.device, TINY, self.shard, compiled=False)
        shapes = {
            "embedding": (3, 64),
            "qkv_proj": (3, 128),
            "qk_norm": (3, 6, 16),
            "o_proj": (3, 64),
            "gate_up_proj": (3, 256),
            "act_fn": (3, 128),
            "down_proj": (3, 64),
            "lm_head": (3, 500),
            "sampler": (3,),
        }
        for name in (*dense_layers(TINY), "lm_head", "sampler"):
            result = layers.call(name, 3)()
            first = result[0] if isinstance(result, tuple) else result
            default = (3, 6, 8) if name == "rotary_emb" else (3, 64)
            self.assertEqual(tuple(first.shape), shapes.get(name, default), name)

    def test_experts_return_a_row_for_each_token(self) -> None:
        from profiler.experts import experts_call

        for tokens, active in Grid.tiny().experts(MIXTURE.experts_per_token, MIXTURE.experts):
            result = experts_call(self.device, MIXTURE, tokens, active)()
            self.assertEqual(tuple(result.shape), (tokens, MIXTURE.hidden))
            self.assertTrue(bool(result.isfinite().all()))


if __name__ == "__main__":
    unittest.main()
