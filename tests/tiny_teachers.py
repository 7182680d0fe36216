"""Detoxify's three architectures as tiny real checkpoints, in its own layout: config, tokenizer's files, weights."""

import json
from functools import cache
from pathlib import Path

from tests.conftest import document
from tests.tiny_models import ABUSE, folder

ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
UNBIASED = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
KINDS = {
    "original": ("BertForSequenceClassification", "BertTokenizer", ORIGINAL, 6),
    "unbiased": ("RobertaForSequenceClassification", "RobertaTokenizer", UNBIASED, 16),
    "multilingual": ("XLMRobertaForSequenceClassification", "XLMRobertaTokenizer", UNBIASED, 7),
}
"""Kind → architecture, tokenizer, labels, outputs; `unbiased` has nine outputs of identities behind its labels."""


def lines():
    """What tokenizers are trained on: prose, insults, and other scripts."""
    return [*(document(10_000 + i) for i in range(60)), *ABUSE, "한국어 문장은 띄어쓰기를 합니다.", "Çok güzel é ñ ü"]


def words(place):
    """BERT's `vocab.txt`: control tokens, letters, letters within words, whole words."""
    known = sorted({word for text in lines() for word in text.lower().replace(".", " ").split() if word.isascii()})
    letters = [chr(i) for i in range(33, 127)]
    control = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = dict.fromkeys([*control, *letters, *("##" + letter for letter in letters), *known])
    (place / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    return len(vocabulary), 0


def byte_pairs(place):
    """RoBERTa's `vocab.json` and `merges.txt`."""
    from tokenizers import ByteLevelBPETokenizer

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(
        lines(), vocab_size=500, show_progress=False, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    )
    made.save_model(str(place))
    return made.get_vocab_size(), 1


def pieces(place):
    """XLM-RoBERTa's SentencePiece model, as the `tokenizer.json` that transformers makes of it."""
    from tokenizers import SentencePieceUnigramTokenizer
    from transformers import XLMRobertaTokenizerFast

    made = SentencePieceUnigramTokenizer()
    made.train_from_iterator(
        lines(),
        vocab_size=400,
        show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
    )
    made.save(str(place / "tokenizer.json"))
    again = XLMRobertaTokenizerFast.from_pretrained(place, local_files_only=True).backend_tokenizer
    again.save(str(place / "tokenizer.json"))
    return again.get_vocab_size(), 1


VOCABULARIES = {"original": words, "unbiased": byte_pairs, "multilingual": pieces}


def architecture(kind, size, padding):
    """The network, with random weights of a fixed seed."""
    import torch
    import transformers

    name, _, _, outputs = KINDS[kind]
    cls = getattr(transformers, name)
    config = cls.config_class(
        vocab_size=size, pad_token_id=padding, num_labels=outputs, max_position_embeddings=66, **SIZES
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = cls(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@cache
def checkpoint(kind):
    """A folder in Detoxify's layout with `teacher.ckpt`."""
    import torch

    place = Path(folder()) / f"teacher-{kind}"
    place.mkdir()
    size, padding = VOCABULARIES[kind](place)
    model = architecture(kind, size, padding)
    save(place, kind, model)
    torch.save(pickled(kind, place, model), place / "teacher.ckpt")
    return place


def save(place, kind, model):
    """`config.json` and `tokenizer_config.json`, as Detoxify needs them offline."""
    (place / "config.json").write_text(model.config.to_json_string(use_diff=False), "utf-8")
    (place / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 64, "do_lower_case": True}))


def pickled(kind, place, model):
    """What Detoxify's training leaves."""
    name, tokenizer, classes, outputs = KINDS[kind]
    args = {"model_type": str(place), "model_name": name, "tokenizer_name": tokenizer, "num_classes": outputs}
    config = {"arch": {"type": "x", "args": args}, "dataset": {"type": "x", "args": {"classes": classes}}}
    return {"config": config, "state_dict": model.state_dict()}
