"""Microsoft Presidio's pattern recognisers as another way to find personal data (the extra `pii`).

Only what goes by patterns, check digits and words nearby: names and places need a language model, which Presidio would
fetch. Words nearby are compared as they stand, in English. No network: the list of public suffixes is the one that
`tldextract` comes with.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.personal.found import LABELS, Finding

PACKAGES = ("phonenumbers", "presidio-analyzer", "spacy", "tldextract")
"""Packages whose versions decide what is found."""
GENERIC = {
    "email": ("EmailRecognizer",),
    "ip": ("IpRecognizer",),
    "phone": ("PhoneRecognizer",),
    "iban": ("IbanRecognizer",),
    "credit_card": ("CreditCardRecognizer",),
    "wallet": ("CryptoRecognizer",),
}
NATIONAL = {
    "au": ("AuTfnRecognizer",),
    "ca": ("CaSinRecognizer",),
    "de": ("DeTaxIdRecognizer",),
    "es": ("EsNifRecognizer", "EsNieRecognizer"),
    "fi": ("FiPersonalIdentityCodeRecognizer",),
    "gb": ("NhsRecognizer", "UkNinoRecognizer"),
    "in": ("InAadhaarRecognizer", "InPanRecognizer"),
    "it": ("ItFiscalCodeRecognizer",),
    "kr": ("KrRrnRecognizer", "KrFrnRecognizer"),
    "pl": ("PlPeselRecognizer",),
    "se": ("SePersonnummerRecognizer",),
    "sg": ("SgFinRecognizer",),
    "th": ("ThTninRecognizer",),
    "tr": ("TrNationalIdRecognizer",),
    "us": ("UsSsnRecognizer", "UsItinRecognizer"),
    "za": ("ZaIdNumberRecognizer",),
}
"""Label, or state → Presidio's classes."""
MIN_SCORE = 0.4
"""Presidio's score of a phone number without a word beside it; what scores less is a guess by its authors' word."""


def versions() -> dict[str, str]:
    """Package → version; empty for one that is not there."""
    return {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class PresidioFinder:
    """Looks for some labels with Presidio, text by text; raises `AssetError` where it is not installed."""

    def __init__(self, labels: Sequence[str], countries: Sequence[str], score: float = MIN_SCORE) -> None:
        self._wanted = [(label, name) for label in labels for name in GENERIC.get(label, ())]
        if "national_id" in labels:
            self._wanted += [("national_id", name) for country in countries for name in NATIONAL.get(country, ())]
        self._score = score
        try:
            import_module("presidio_analyzer")
        except ImportError:
            raise AssetError("pii: Presidio is not installed: pip install 'sluice-corpus[pii]'") from None

    def find(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> list[Finding]:
        """By row and place, without overlap: of two findings the one with the higher score, then the longer."""
        analyzer, labels = self._analyzer
        found: list[Finding] = []
        for row in range(len(offsets) - 1):
            text = data[offsets[row] : offsets[row + 1]].tobytes().decode()
            results = analyzer.analyze(text, "en", score_threshold=self._score) if text else []
            results.sort(key=lambda one: (-one.score, one.start - one.end, one.start, one.entity_type))
            taken: list[tuple[int, int, int]] = []
            for one in results:
                if all(one.end <= start or one.start >= stop for start, stop, _ in taken):
                    taken.append((one.start, one.end, LABELS.index(labels[one.entity_type])))
            for start, stop, label in sorted(taken):
                found.append(Finding(row, len(text[:start].encode()), len(text[:stop].encode()), label))
        return found

    @cached_property
    def _analyzer(self) -> tuple[Any, dict[str, str]]:
        """Presidio's engine, and its names of entities → ours."""
        presidio = import_module("presidio_analyzer")
        suffixes: Any = import_module("tldextract.tldextract")
        suffixes.TLD_EXTRACTOR = suffixes.TLDExtract(suffix_list_urls=(), cache_dir=None)
        classes = import_module("presidio_analyzer.predefined_recognizers")
        registry = presidio.RecognizerRegistry(supported_languages=["en"])
        labels: dict[str, str] = {}
        for label, name in self._wanted:
            recogniser = getattr(classes, name)(supported_language="en")
            labels |= dict.fromkeys(recogniser.supported_entities, label)
            registry.add_recognizer(recogniser)
        engine = presidio.AnalyzerEngine(registry=registry, nlp_engine=_words(), supported_languages=["en"])
        return engine, labels


def _words() -> Any:
    """What Presidio asks of a language: here words alone, as they stand."""
    nlp = import_module("presidio_analyzer.nlp_engine")
    blank = import_module("spacy").blank("en")
    blank.max_length = 2**31

    class Words(nlp.NlpEngine):  # type: ignore[misc, name-defined]
        def load(self) -> None:
            """Nothing to load."""

        def is_loaded(self) -> bool:
            return True

        def process_text(self, text: str, language: str) -> Any:
            doc = blank(text)
            lemmas = [token.text.lower() for token in doc]
            return nlp.NlpArtifacts([], doc, [token.idx for token in doc], lemmas, self, language)

        def process_batch(self, texts: Any, language: str, **_: Any) -> Any:
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002
            return bool(blank.vocab[word].is_stop)

        def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002
            return bool(blank.vocab[word].is_punct)

        def get_supported_entities(self) -> list[str]:
            return []

        def get_supported_languages(self) -> list[str]:
            return ["en"]

    return Words()
