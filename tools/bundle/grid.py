"""The shapes at which layers are timed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: (prefill tokens, their context, decode requests, their context)
AttentionPoint = tuple[int, int, int, int]


def doublings(first: int, last: int) -> tuple[int, ...]:
    """first, 2·first, 4·first … up to last."""
    values = []
    while first <= last:
        values.append(first)
        first *= 2
    return tuple(values)


@dataclass(frozen=True)
class Grid:
    """Axes of a bundle. Contexts apply to prefill and decode alike."""

    tokens: tuple[int, ...]
    sequences: tuple[int, ...]
    chunks: tuple[int, ...]
    counts: tuple[int, ...]
    contexts: tuple[int, ...]

    @staticmethod
    def standard(
        max_tokens: int = 2048, max_sequences: int = 256, max_context: int = 16384
    ) -> Grid:
        """As public bundles: dense near the start, where kernels change, then steps of 16 tokens up
        to 2,048 and of an eighth of the last doubling beyond; attention at doublings from 16."""
        tokens = [
            t for t in (*range(1, 17), *range(20, 65, 4), *range(80, 2049, 16)) if t <= max_tokens
        ]
        while tokens[-1] < max_tokens:
            step = max(16, (1 << (tokens[-1].bit_length() - 1)) // 8)
            tokens.append(min(max_tokens, tokens[-1] + step))
        sequences = {
            *range(1, min(16, max_sequences) + 1),
            *range(24, min(256, max_sequences) + 1, 8),
            *doublings(1, max_sequences),
            max_sequences,
        }
        return Grid(
            tokens=tuple(tokens),
            sequences=tuple(sorted(sequences)),
            chunks=doublings(16, max_tokens),
            counts=doublings(1, max_sequences),
            contexts=doublings(16, max_context),
        )

    @staticmethod
    def tiny() -> Grid:
        """Enough rows to load, few enough for a processor."""
        return Grid(
            tokens=(1, 2, 4, 16, 32),
            sequences=(1, 2, 4),
            chunks=(16, 32),
            counts=(1, 2, 4),
            contexts=(16, 32),
        )

    def attention(self) -> Iterator[AttentionPoint]:
        """Every combination in which something is computed; no context where there is nobody to
        have it.

        Prefill with the largest decode count is left out, as a batch of that many requests is full.
        """
        for chunk in (0, *self.chunks):
            for count in (0, *self.counts):
                if chunk == count == 0 or chunk and count == self.counts[-1] and count > 1:
                    continue
                for before in (0, *self.contexts) if chunk else (0,):
                    for context in self.contexts if count else (0,):
                        yield chunk, before, count, context

    def experts(self, per_token: int, experts: int) -> Iterator[tuple[int, int]]:
        """(tokens, activated experts): doublings of what one token activates, as far as tokens
        reach."""
        for tokens in doublings(1, self.tokens[-1]):
            for active in sorted({*doublings(per_token, experts), experts}):
                if active <= tokens * per_token:
                    yield tokens, active

    def describe(self) -> dict[str, object]:
        """For `meta.yaml`."""
        return {
            "chunks": list(self.chunks),
            "n_decode": list(self.counts),
            "kv": list(self.contexts),
            "tokens": f"{len(self.tokens)} from {self.tokens[0]} to {self.tokens[-1]}",
            "sequences": f"{len(self.sequences)} from {self.sequences[0]} to {self.sequences[-1]}",
        }
