"""A Qwen2 model of a GGUF file in PyTorch, one sequence at a time, with what training a LoRA adapter for it needs.

The weights are those that llama.cpp computes with, quantised and all, so that what is trained here fits there.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


class KeyValues(NamedTuple):
    """What later tokens attend to of earlier ones in a layer: keys and values of shape (heads, tokens, dimensions)."""

    keys: Tensor
    values: Tensor

    def then(self, later: "KeyValues") -> "KeyValues":
        """These and then those of later tokens."""
        return KeyValues(*(torch.cat([a, b.to(a.dtype)], 1) for a, b in zip(self, later, strict=True)))


class Lora(torch.nn.Module):
    """Low-rank changes to the projections of the layers from one on (Hu et al. 2021), none to begin with."""

    def __init__(self, model: "Qwen2", first: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.a, self.b = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        for layer in range(first, model.layers):
            for name in PROJECTIONS:
                rows, columns = model.weights[f"blk.{layer}.{name}.weight"].shape
                self.a[f"{layer}_{name}"] = torch.nn.Parameter(torch.randn(rank, columns) / math.sqrt(columns))
                self.b[f"{layer}_{name}"] = torch.nn.Parameter(torch.zeros(rows, rank))

    def change(self, layer: int, name: str, x: Tensor) -> Tensor:
        """What it adds to a projection of x."""
        key = f"{layer}_{name}"
        return (x @ self.a[key].T) @ self.b[key].T * (self.alpha / self.rank)

    def read(self, path: Path) -> None:
        """Go on from one that was written, of the same layers and rank."""
        found = {one.name: _tensor(one) for one in gguf.GGUFReader(path).tensors}
        with torch.no_grad():
            for name, values in self._named():
                values.copy_(found[name])

    def write(self, path: Path, invocation: Sequence[int], about: str) -> None:
        """Write it as llama.cpp reads it: activated by those tokens, in half precision."""
        part = path.with_suffix(".part")
        writer = gguf.GGUFWriter(part, "qwen2")
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_description(about)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, self.alpha)
        kind = gguf.GGUFValueType
        writer.add_key_value(gguf.Keys.Adapter.ALORA_INVOCATION_TOKENS, list(invocation), kind.ARRAY, kind.UINT32)
        for name, values in self._named():
            writer.add_tensor(name, values.detach().half().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(path)

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        """The numbers, by the names that llama.cpp knows them by."""
        for key in self.a:
            layer, _, name = key.partition("_")
            for end, of in (("a", self.a), ("b", self.b)):
                yield f"blk.{layer}.{name}.weight.lora_{end}", of[key]


class Qwen2:
    """The model.

    Args:
        path: The GGUF file.
    """

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.weights = {one.name: _tensor(one) for one in reader.tensors}

        def field(name: str) -> Any:
            return reader.fields[f"qwen2.{name}"].contents()

        self.layers = int(field("block_count"))
        self.heads, self.shared = int(field("attention.head_count")), int(field("attention.head_count_kv"))
        self.epsilon = float(field("attention.layer_norm_rms_epsilon"))
        self._frequency = float(field("rope.freq_base"))
        self._embedding = self.weights["token_embd.weight"]
        self._output = self.weights.get("output.weight", self._embedding)
        self._wide = self._embedding.shape[1] // self.heads

    def embed(self, tokens: Tensor) -> Tensor:
        """The state of tokens, shape (tokens, dimensions), before the first layer."""
        return self._embedding[tokens]

    def logits(self, state: Tensor) -> Tensor:
        """Scores of all tokens that may follow, from states after the last layer."""
        return self._normed(state, "output_norm") @ self._output.T

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """What tells a layer where tokens stand."""
        inverse = 1.0 / (self._frequency ** (torch.arange(0, self._wide, 2).float() / self._wide))
        angles = positions.float()[:, None] * inverse
        angles = torch.cat([angles, angles], -1)
        return angles.cos(), angles.sin()

    def layer(  # noqa: PLR0917 - what a layer computes with
        self,
        number: int,
        state: Tensor,
        rotation: tuple[Tensor, Tensor],
        mask: Tensor,
        past: KeyValues | None = None,
        lora: Lora | None = None,
    ) -> tuple[Tensor, KeyValues]:
        """The state after a layer, and what later tokens attend to.

        Args:
            number: Which layer.
            state: Shape (tokens, dimensions).
            rotation: Of their positions.
            mask: Shape (tokens, earlier + tokens); what each may attend to.
            past: Of the earlier tokens.
            lora: Changes of the projections.
        """
        count = state.shape[0]
        x = self._normed(state, f"blk.{number}.attn_norm")
        queries, keys, values = (
            self._projected(number, name, x, lora).view(count, -1, self._wide).transpose(0, 1)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        own = KeyValues(_rotated(keys, rotation), values)
        seen = own if past is None else past.then(own)
        group = self.heads // self.shared
        attended = functional.scaled_dot_product_attention(
            _rotated(queries, rotation)[None],
            seen.keys.repeat_interleave(group, 0)[None],
            seen.values.repeat_interleave(group, 0)[None],
            attn_mask=mask,
        )[0]
        state = state + self._projected(number, "attn_output", attended.transpose(0, 1).reshape(count, -1), lora)
        x = self._normed(state, f"blk.{number}.ffn_norm")
        gated = functional.silu(self._projected(number, "ffn_gate", x, lora)) * self._projected(
            number, "ffn_up", x, lora
        )
        return state + self._projected(number, "ffn_down", gated, lora), own

    def _projected(self, number: int, name: str, x: Tensor, lora: Lora | None) -> Tensor:
        y = functional.linear(
            x, self.weights[f"blk.{number}.{name}.weight"], self.weights.get(f"blk.{number}.{name}.bias")
        )
        return y if lora is None else y + lora.change(number, name, x)

    def _normed(self, x: Tensor, name: str) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weights[f"{name}.weight"]


def causal(count: int) -> Tensor:
    """The mask of tokens each of which sees itself and those before it."""
    return torch.ones(count, count, dtype=torch.bool).tril()


def _rotated(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    cosine, sine = rotation
    half = x.shape[-1] // 2
    return x * cosine + torch.cat([-x[..., half:], x[..., :half]], -1) * sine


def _tensor(one: Any) -> Tensor:
    values = np.ascontiguousarray(gguf.dequantize(one.data, one.tensor_type), dtype=np.float32)
    return torch.from_numpy(values.copy()).reshape(*reversed([int(size) for size in one.shape]))
