"""The shape of a decoder-only transformer, read from Hugging Face's `config.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError

#: `model_type` of what can be profiled: pre-norm decoders with rotary embeddings, grouped-query
#: attention, and a gated MLP or a mixture of such experts.
DENSE = ("llama", "mistral", "qwen2", "qwen3")
MIXTURES = ("mixtral", "phimoe", "qwen3_moe")


@dataclass(frozen=True)
class ModelShape:
    """Sizes that decide how long a layer takes. `experts` is 0 for a dense model."""

    name: str
    architecture: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    experts: int = 0
    experts_per_token: int = 0

    @property
    def normalises_queries(self) -> bool:
        """Whether queries and keys pass a norm of their own (Qwen 3)."""
        return self.architecture.startswith("qwen3")

    def shard(self, degree: int) -> Shard:
        """What one of `degree` accelerators computes; refuses a degree that does not divide the
        heads."""
        if degree < 1 or self.heads % degree or self.inner % degree:
            raise ToolError(
                f"{self.name}: tensor parallelism {degree} does not divide {self.heads} heads "
                f"and {self.inner} columns of the MLP"
            )
        return Shard(
            heads=self.heads // degree,
            kv_heads=max(1, self.kv_heads // degree),
            inner=self.inner // degree,
            vocabulary=-(-self.vocabulary // degree),
        )

    @staticmethod
    def read(path: Path, name: str) -> ModelShape:
        """Reads `config.json`; whatever is missing or senseless is a `ToolError` that names the
        key."""
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ToolError(f"{path}: there is no such file; give a model's config.json") from None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ToolError(f"{path}: {error}; expected Hugging Face's config.json") from None
        if not isinstance(config, dict):
            raise ToolError(f"{path}: is no object; expected Hugging Face's config.json")

        def size(*keys: str, default: int | None = None) -> int:
            value = next((config[key] for key in keys if config.get(key) is not None), default)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 24:
                found = "is missing" if value is None else f"is {value!r}"
                raise ToolError(
                    f"{path}: {keys[0]}: {found}; expected a whole number, 1 to 2^24 - 1"
                )
            return value

        architecture = config.get("model_type")
        if architecture not in DENSE + MIXTURES:
            raise ToolError(
                f"{path}: model_type: {architecture!r} cannot be profiled; "
                f"expected one of {', '.join(DENSE + MIXTURES)}"
            )
        mixture = architecture in MIXTURES
        hidden, heads = size("hidden_size"), size("num_attention_heads")
        kv_heads = size("num_key_value_heads", default=heads)
        if heads % kv_heads:
            raise ToolError(
                f"{path}: num_key_value_heads: {kv_heads} does not divide {heads} heads"
            )
        if config.get("head_dim") is None and hidden % heads:
            raise ToolError(
                f"{path}: head_dim: is missing, and {heads} heads do not divide {hidden}"
            )
        inner_keys = ("moe_intermediate_size",) if mixture else ()
        return ModelShape(
            name=name,
            architecture=architecture,
            hidden=hidden,
            layers=size("num_hidden_layers"),
            heads=heads,
            kv_heads=kv_heads,
            head_dim=size("head_dim", default=hidden // heads),
            inner=size(*inner_keys, "intermediate_size"),
            vocabulary=size("vocab_size"),
            experts=size("num_local_experts", "num_experts") if mixture else 0,
            experts_per_token=size("num_experts_per_tok") if mixture else 0,
        )


@dataclass(frozen=True)
class Shard:
    """The part of a model's layers that one accelerator of a tensor-parallel group computes."""

    heads: int
    kv_heads: int
    inner: int
    vocabulary: int


def dense_layers(model: ModelShape) -> tuple[str, ...]:
    """Layers timed by tokens, in the order in which they run."""
    norm = ("qk_norm",) if model.normalises_queries else ()
    mlp = () if model.experts else ("gate_up_proj", "act_fn", "down_proj")
    return (
        "embedding",
        "layernorm",
        "qkv_proj",
        *norm,
        "rotary_emb",
        "o_proj",
        *mlp,
        "final_layernorm",
    )


#: Layers timed by sequences.
HEAD_LAYERS = ("lm_head", "sampler")

#: Layers whose work does not shrink with tensor parallelism.
UNSHARDED = frozenset(("layernorm", "qk_norm", "final_layernorm", "sampler"))


def models_below(folder: Path) -> list[tuple[str, Path]]:
    """Name and file of every model description below a folder such as `configs/model`, sorted."""
    return sorted(
        (str(path.relative_to(folder).with_suffix("")), path) for path in folder.rglob("*.json")
    )
