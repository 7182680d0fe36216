"""Texts as the ids that a teacher reads: whole, in as many chunks as it takes, and never as control."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import AssetError

CONTROL = {
    "albert": ("[CLS]", "[SEP]", "<pad>", "<unk>"),
    "bert": ("[CLS]", "[SEP]", "[PAD]", "[UNK]"),
    "roberta": ("<s>", "</s>", "<pad>", "<unk>"),
}
"""What stands before and behind a text, what fills a batch, and what stands for the unknown, by family."""

CLASSES = {
    "AlbertForSequenceClassification": ("AlbertTokenizerFast", ("spiece.model",)),
    "BertForSequenceClassification": ("BertTokenizerFast", ("vocab.txt",)),
    "RobertaForSequenceClassification": ("RobertaTokenizerFast", ("vocab.json", "merges.txt")),
    "XLMRobertaForSequenceClassification": ("XLMRobertaTokenizerFast", ("sentencepiece.bpe.model",)),
}
"""What transformers calls an architecture's tokenizer, and the files of its vocabulary, without which that is empty."""


class Chunk(NamedTuple):
    """A part of a text, or all of it."""

    text: int
    ids: tuple[int, ...]


class Tokenizer:
    """A model's tokenizer: `tokenizer.json` where the folder has one, else what transformers makes of its vocabulary.

    `longest` is how many ids the model reads at once, those around the text included. Names of control tokens that a
    text spells out ("</s>", "[SEP]") are read as the letters that they are, or as unknown.
    """

    def __init__(self, folder: Path, architecture: str, family: str, longest: int, field: str) -> None:
        self._backend = _backend(folder, architecture, field)
        self._backend.no_truncation()
        self._backend.no_padding()
        self._backend.encode_special_tokens = True
        found = [self._backend.token_to_id(token) for token in CONTROL[family]]
        if None in found:
            raise AssetError(f"{field}: the tokenizer in {folder} lacks one of {', '.join(CONTROL[family])}")
        self._first, self._last, self.padding, self._unknown = found
        self._room = longest - 2

    @property
    def size(self) -> int:
        """One more than the highest id."""
        return int(self._backend.get_vocab_size(with_added_tokens=True))

    def chunks(self, texts: Sequence[str]) -> list[Chunk]:
        """Each text in order as chunks that the model can read, one at least; nothing is cut away."""
        encoded = (self._plain(one.ids) for one in self._backend.encode_batch(list(texts), add_special_tokens=False))
        return [
            Chunk(number, (self._first, *ids[start : start + self._room], self._last))
            for number, ids in enumerate(encoded)
            for start in range(0, max(1, len(ids)), self._room)
        ]

    def _plain(self, ids: list[int]) -> list[int]:
        """SentencePiece's models hold control tokens among their pieces: what a text spells so is unknown to them."""
        control = {self._first, self._last, self.padding}
        return [self._unknown if one in control else one for one in ids]


def _backend(folder: Path, architecture: str, field: str) -> Any:
    import tokenizers

    name, vocabulary = CLASSES[architecture]
    whole = (folder / "tokenizer.json").is_file()
    for lacking in () if whole else (file for file in vocabulary if not (folder / file).is_file()):
        raise AssetError(f"{field}: {folder} holds no tokenizer: neither tokenizer.json nor {lacking}")
    try:
        if whole:
            return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        import transformers

        made = getattr(transformers, name).from_pretrained(folder, local_files_only=True)
    except Exception as error:  # noqa: BLE001 - Rust's errors have no class of their own
        why = " ".join(str(error).split())[:200]
        raise AssetError(f"{field}: {folder} holds no tokenizer that can be read: {why}") from None
    return made.backend_tokenizer
