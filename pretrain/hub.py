"""A network in the words of transformers: the content of config.json, and weights under their names there."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pretrain.config import Model
from pretrain.models import Network
from pretrain.tokens import CLS, END_OF_TEXT, MASK, PAD, SENTINELS, Vocabulary

CLASSES = {
    "nanochat": "NanoChatForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "llama": "LlamaForCausalLM",
    "modernbert": "ModernBertForMaskedLM",
    "t5": "T5ForConditionalGeneration",
}

Names = Iterator[tuple[str, list[str]]]
"""A weight's name there, and the weights here that it is made of, one under the other."""


def settings(model: Model) -> dict[str, Any]:
    """config.json of a resolved model.

    Keys of transformers 4 and of 5 where they differ (`rope_theta` and `rope_parameters`, `torch_dtype` and `dtype`);
    each reads its own.
    """
    kind = {"architectures": [CLASSES[model.architecture]], "model_type": model.architecture}
    shared = {
        "vocab_size": model.vocabulary,
        "tie_word_embeddings": model.tied,
        "pad_token_id": PAD,
        "eos_token_id": END_OF_TEXT,
    }
    family = {"decoder": _decoder, "encoder": _modernbert, "seq2seq": _t5}[model.family]
    return kind | shared | family(model)


def _decoder(model: Model) -> dict[str, Any]:
    shape = _rotary(model) | {
        "bos_token_id": END_OF_TEXT,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.width // model.heads,
        "rms_norm_eps": model.norm_epsilon,
        "hidden_act": "relu2" if model.architecture == "nanochat" else "silu",
        "rope_theta": model.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": model.rope_theta},
    }
    return shape | ({"final_logit_softcapping": model.logit_cap or None} if model.architecture == "nanochat" else {})


def _modernbert(model: Model) -> dict[str, Any]:
    turn = {"rope_type": "default", "rope_theta": model.rope_theta}
    return _rotary(model) | {
        "bos_token_id": None,
        "cls_token_id": CLS,
        "sep_token_id": END_OF_TEXT,
        "mask_token_id": MASK,
        "norm_eps": model.norm_epsilon,
        "hidden_activation": "gelu",
        "classifier_activation": "gelu",
        "classifier_pooling": "mean",
        "decoder_bias": False,
        "global_attn_every_n_layers": 1,
        "layer_types": ["full_attention"] * model.layers,
        "global_rope_theta": model.rope_theta,
        "local_rope_theta": model.rope_theta,
        "rope_parameters": {"full_attention": turn, "sliding_attention": turn},
    }


def _rotary(model: Model) -> dict[str, Any]:
    return {
        "hidden_size": model.width,
        "intermediate_size": model.feedforward,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "max_position_embeddings": model.context,
        "attention_bias": False,
        "attention_dropout": 0.0,
    }


def _t5(model: Model) -> dict[str, Any]:
    return {
        "decoder_start_token_id": PAD,
        "is_encoder_decoder": True,
        "d_model": model.width,
        "d_ff": model.feedforward,
        "d_kv": model.width // model.heads,
        "num_heads": model.heads,
        "num_layers": model.layers,
        "num_decoder_layers": model.decoder_layers,
        "relative_attention_num_buckets": model.relative_buckets,
        "relative_attention_max_distance": model.relative_distance,
        "layer_norm_epsilon": model.norm_epsilon,
        "feed_forward_proj": "gated-gelu",
        "dropout_rate": 0.0,
        "n_positions": model.context,
    }


def writing(model: Model, vocabulary: Vocabulary) -> dict[str, Any]:
    """generation_config.json: where writing begins and ends, and which control tokens are never written."""
    silent = vocabulary.control.copy()
    silent[END_OF_TEXT] = False
    if model.family == "seq2seq":
        silent[-SENTINELS:] = False
    begins = {"decoder_start_token_id": PAD} if model.family == "seq2seq" else {"bos_token_id": END_OF_TEXT}
    ends = {"eos_token_id": END_OF_TEXT, "pad_token_id": PAD}
    return begins | ends | {"suppress_tokens": np.flatnonzero(silent).tolist()}


def weights(network: Network) -> dict[str, Tensor]:
    """Every weight once, by its name in transformers, on the CPU; a tied head is left out, as it is there."""
    model = network.config
    mine = {name.removesuffix(".weight"): weight.detach().cpu() for name, weight in network.named_parameters()}
    family = {"decoder": _decoder_names, "encoder": _modernbert_names, "seq2seq": _t5_names}[model.family]
    found = {}
    for theirs, parts in family(model):
        taken = [mine.pop(part) for part in parts if part in mine]
        if taken:
            found[f"{theirs}.weight"] = torch.cat(taken).contiguous()
    if mine:
        raise ValueError(f"{', '.join(mine)}: no such weight in transformers' {model.architecture}")
    return found


def _decoder_names(model: Model) -> Names:
    yield from (("model.embed_tokens", ["embedding"]), ("model.norm", ["norm"]), ("lm_head", ["head"]))
    up, down = ("fc1", "fc2") if model.architecture == "nanochat" else ("up_proj", "down_proj")
    parts = {
        "input_layernorm": "attention_norm",
        "post_attention_layernorm": "feedforward_norm",
        "self_attn.q_proj": "attention.query",
        "self_attn.k_proj": "attention.key",
        "self_attn.v_proj": "attention.value",
        "self_attn.o_proj": "attention.output",
        "self_attn.q_norm": "attention.query_norm",
        "self_attn.k_norm": "attention.key_norm",
        "mlp.gate_proj": "feedforward.gate",
        f"mlp.{up}": "feedforward.up",
        f"mlp.{down}": "feedforward.down",
    }
    for layer in range(model.layers):
        for theirs, mine in parts.items():
            yield f"model.layers.{layer}.{theirs}", [f"blocks.{layer}.{mine}"]


def _modernbert_names(model: Model) -> Names:
    yield from (
        ("model.embeddings.tok_embeddings", ["embedding"]),
        ("model.embeddings.norm", ["embedding_norm"]),
        ("model.final_norm", ["norm"]),
        ("head.dense", ["transform"]),
        ("head.norm", ["transform_norm"]),
        ("decoder", ["head"]),
    )
    parts = {
        "attn_norm": ["attention_norm"],
        "attn.Wqkv": ["attention.query", "attention.key", "attention.value"],
        "attn.Wo": ["attention.output"],
        "mlp_norm": ["feedforward_norm"],
        "mlp.Wi": ["feedforward.gate", "feedforward.up"],
        "mlp.Wo": ["feedforward.down"],
    }
    for layer in range(model.layers):
        for theirs, mine in parts.items():
            yield f"model.layers.{layer}.{theirs}", [f"blocks.{layer}.{part}" for part in mine]


def _t5_names(model: Model) -> Names:
    yield from (("shared", ["embedding"]), ("lm_head", ["head"]))
    for side, layers in (("encoder", model.layers), ("decoder", model.decoder_layers)):
        first = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias"
        yield from ((first, [f"{side}.positions"]), (f"{side}.final_layer_norm", [f"{side}.norm"]))
        parts = ["attention", "feedforward"] if side == "encoder" else ["attention", "cross_attention", "feedforward"]
        for layer in range(layers):
            for place, part in enumerate(parts):
                mine, theirs = f"{side}.blocks.{layer}.{part}", f"{side}.block.{layer}.layer.{place}"
                yield f"{theirs}.layer_norm", [f"{mine.removesuffix('_attention')}_norm"]
                for name, inner in _T5_PARTS[part].items():
                    yield f"{theirs}.{name}", [f"{mine}.{inner}"]


_INNER = ("query", "key", "value", "output")
_T5_PARTS = {
    "attention": {f"SelfAttention.{inner[0]}": inner for inner in _INNER},
    "cross_attention": {f"EncDecAttention.{inner[0]}": inner for inner in _INNER},
    "feedforward": {"DenseReluDense.wi_0": "gate", "DenseReluDense.wi_1": "up", "DenseReluDense.wo": "down"},
}
"""Part of a block here → names there → names here; q, k, v and o are the first letters."""
