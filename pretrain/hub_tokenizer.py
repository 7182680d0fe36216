"""The tokenizer as transformers reads it: what stands around a text, and which control tokens text may name.

    decoder     <|endoftext|> text                    as each document in the stream of training follows an end
    encoder     text <|endoftext|>                    as each document in it is followed by one
    seq2seq     text <|endoftext|>                    as inputs and targets of denoising end

A control token that is written in a text stays text (`split_special_tokens`), with two exceptions. An encoder's user
writes `<|mask|>`, and transformers can not tell it from the pad and the end of text, so these three are read as
control; `tokenizer(text, split_special_tokens=True)` reads them as text. A seq2seq model's user writes sentinels.
"""

from typing import Any

from pretrain.config import Family, Model
from pretrain.tokens import END_OF_TEXT

_END = "<|endoftext|>"


def files(tokenizer: dict[str, Any], model: Model) -> dict[str, dict[str, Any]]:
    """Name → content of the three files, from a tokenizer.json."""
    named = {"eos_token": _END, "pad_token": "<|pad|>"}
    if model.family == "decoder":
        named["bos_token"] = _END
    if model.family == "encoder":
        named |= {"mask_token": "<|mask|>", "sep_token": _END, "cls_token": "<|cls|>"}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.context,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": model.family != "encoder",
    }
    return {
        "tokenizer.json": _tokenizer(tokenizer, model.family),
        "tokenizer_config.json": settings | named,
        "special_tokens_map.json": named,
    }


def _tokenizer(tokenizer: dict[str, Any], family: Family) -> dict[str, Any]:
    added = [
        token | {"special": token["special"] and not (family == "seq2seq" and "sentinel" in token["content"])}
        for token in tokenizer["added_tokens"]
    ]
    changes = {"added_tokens": added, "truncation": None, "padding": None, "post_processor": _around(family)}
    return tokenizer | changes


def _around(family: Family) -> dict[str, Any]:
    """A template of `tokenizers` for one text and for a pair."""
    end = {"SpecialToken": {"id": _END, "type_id": 0}}
    one, two = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [end, one] if family == "decoder" else [one, end],
        "pair": [end, one, end, two] if family == "decoder" else [one, end, two, end],
        "special_tokens": {_END: {"id": _END, "ids": [END_OF_TEXT], "tokens": [_END]}},
    }
