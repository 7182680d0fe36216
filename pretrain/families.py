"""What each family of models is good for, and what holds of all of its models: text of the card, nothing measured."""

from typing import NamedTuple


class Family(NamedTuple):
    """How the card speaks of a family."""

    noun: str
    pipeline_tag: str
    """The hub's name of its task, as huggingface.co/tasks lists them."""
    auto_class: str
    """What opens its export in transformers."""
    uses: tuple[str, ...]
    limitations: tuple[str, ...]


_COMPARE = (
    "Made for: comparing corpora, recipes and settings under equal conditions, and learning how such models behave."
)

FAMILIES = {
    "decoder": Family(
        "a decoder",
        "text-generation",
        "AutoModelForCausalLM",
        (
            "Best for: continuing text in its corpus's style, scoring text by likelihood, zero-shot choice.",
            _COMPARE,
            "Fine-tune it before any task; to classify sentences or tokens, an encoder of the same size does better.",
            "Not for: facts, advice, decisions about people, or unattended publication of what it writes.",
        ),
        (
            "A model of this size writes fluent nonsense: its statements are not knowledge.",
            "Text that occurs often in the corpus may come out verbatim.",
        ),
    ),
    "encoder": Family(
        "an encoder",
        "fill-mask",
        "AutoModelForMaskedLM",
        (
            "Best for: sentence classification, token classification and retrieval, each after fine-tuning.",
            "As it stands it fills masks.",
            _COMPARE,
            "It writes no text: for continuations take a decoder, for text from text an encoder–decoder.",
            "Not for: decisions about people without a test of its errors by group on the task itself.",
        ),
        (
            "Its vectors reflect what stands together in the corpus, and a classifier on top inherits it.",
            "Untuned sentence vectors compare badly by cosine: fine-tune before using distances.",
        ),
    ),
    "seq2seq": Family(
        "an encoder–decoder",
        "text2text-generation",
        "AutoModelForSeq2SeqLM",
        (
            "Best for: translation, summarisation and question answering, each after fine-tuning on pairs of texts.",
            _COMPARE,
            "As it stands it fills gaps of a text and nothing else: it does not follow a prompt before fine-tuning.",
            "Not for: facts, advice, or unattended publication of what it writes.",
        ),
        (
            "After fine-tuning it may add what its source does not say.",
            "Text that occurs often in the corpus may come out verbatim.",
        ),
    ),
}
"""Family → words, by `Network.family`."""

OBJECTIVES = {
    "clm": "to predict the next token",
    "mlm": "to restore masked tokens",
    "span": "to write the spans that were cut out of a text",
    "prefix": "to continue a text from its first part",
    "ul2": "by a mixture of denoisers: short spans, long spans and continuations (UL2)",
}
"""`train.objective` → what the model was asked, as the end of "trained …"."""

LIMITATIONS = (
    "It repeats the biases, errors and gaps of its corpus; no alignment or safety training took place.",
    "Bits per byte are measured on the held-out part of the same corpus and say nothing of other domains.",
)
"""What holds of every model here."""

CAVEATS = {
    "winobias": (
        "WinoBias: whether a pronoun that fits an occupation's stereotype is the likelier; 0.5 is no preference. "
        "Couples swap the occupations, so a liking for one pronoun cancels. It covers forty occupations and two "
        "genders, in English."
    ),
    "crows_pairs": (
        "CrowS-Pairs: whether the more stereotypical of two sentences is the likelier; 0.5 is no preference. Many of "
        "its pairs are unsound (Blodgett et al. 2021), and a rarer group's name alone makes a sentence less likely."
    ),
    "toxicity": (
        "Toxicity: texts drawn from nothing, judged by word lists and a small screen that see wording, not intent; "
        "prompts can draw out more than this shows."
    ),
    "memorisation": (
        "Memorisation: likeliest continuations of training documents against held-out ones. What both reproduce is "
        "predictable text; the difference is memory. Longer prefixes and repeated documents give more."
    ),
}
"""Task → what its figure means, and what it does not."""
