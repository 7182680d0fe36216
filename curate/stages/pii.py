"""Take personal data and secrets out of texts."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from curate.errors import AssetError, nearest
from curate.personal import presidio
from curate.personal.found import LABELS, Finder, Finding
from curate.personal.national import COUNTRIES
from curate.personal.pseudonyms import pseudonym
from curate.stage import Asset, Edited, Rewrite, buffers

Label = Literal["email", "ip", "phone", "iban", "credit_card", "national_id", "api_key", "private_key", "wallet"]


def _ordered(values: tuple[Label, ...]) -> tuple[Label, ...]:
    return tuple(sorted(set(values), key=LABELS.index))


SECRET_BYTES = 16
"""Below this a secret can be found by trying, and by it every address."""


class Pii(Rewrite):
    """E-mail addresses, public IP addresses, telephone, account, card and identity numbers, keys and wallets.

    What FineWeb (Penedo et al. 2024, e-mail and public IP) and Dolma (Soldaini et al. 2024, e-mail, IP, phone) take out
    by patterns, and more, each confirmed where it can be: RFC 5321 and IANA's registries of special addresses; E.164;
    ISO 13616 with mod 97; issuers' prefixes with Luhn; the identity numbers of 41 states by dates and check digits,
    those whose check is weak only beside a word that names them; keys by published prefixes; Base58Check, Bech32 and
    EIP-55. Versions, dates, ISBNs, prices, private and documentation addresses stay. Names and addresses of houses
    are not looked for.

    Signals (int32): how many of each type were replaced, `email`, `ip`, `phone`, `iban`, `credit_card`, `national_id`,
    `api_key`, `private_key`, `wallet`, and `total`.
    """

    use = "pii"

    types: Annotated[tuple[Label, ...], AfterValidator(_ordered)] = Field(default=get_args(Label), min_length=1)
    """What is looked for."""
    countries: tuple[str, ...] = COUNTRIES
    """Whose identity numbers are looked for, by ISO 3166 codes in lower case."""
    replace: Literal["placeholder", "pseudonym"] = "placeholder"
    """`placeholder` says what stood there; `pseudonym` puts one made-up value for one value, valid in form."""
    placeholder: str = "<{type}>"
    """`{type}` stands for the type in capitals; empty takes the data out without a trace."""
    backend: Literal["sluice", "presidio"] = "sluice"
    """Who looks: Sluice, or Presidio's patterns, a thousand times slower (the extra `pii`; no keys among its types)."""
    secret: Asset | None = None
    """A file whose bytes pseudonyms depend on, so that nobody without it can find values by trying."""

    def missing(self) -> list[str]:
        """The secret, where pseudonyms are asked for."""
        why = "pseudonyms need one, or anybody could find out what they stand for: name a file of random bytes"
        return [f"{self.name}.secret: {why}"] if self.replace == "pseudonym" and self.secret is None else []

    def prepare(self) -> None:
        """Refuse states whose numbers are not known; compile the patterns."""
        for country in self.countries:
            if country not in COUNTRIES:
                raise AssetError(f"{self.name}.countries: no numbers of {country!r}{nearest(country, COUNTRIES)}")
        if self.replace == "pseudonym" and len(self._key) < SECRET_BYTES:
            raise AssetError(
                f"{self.name}.secret: {self.secret}: {SECRET_BYTES} bytes at least, or values can be tried"
            )
        _ = self._finder

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """Texts with what was found replaced."""
        text = batch.column("text")
        offsets, data = buffers(text)
        found = self._finder.find(offsets, data)
        counts = np.zeros((len(LABELS), batch.num_rows), np.int32)
        np.add.at(counts, ([one.label for one in found], [one.row for one in found]), 1)
        signals = dict(zip(LABELS, counts, strict=True)) | {"total": counts.sum(axis=0, dtype=np.int32)}
        edited = {
            row: self._edited(data[offsets[row] : offsets[row + 1]].tobytes(), mine)
            for row, mine in groupby(found, attrgetter("row"))
        }
        return Edited(_with(text, edited), signals)

    @cached_property
    def _finder(self) -> Finder | presidio.PresidioFinder:
        made = presidio.PresidioFinder if self.backend == "presidio" else Finder
        return made(self.types, self.countries)

    def identity(self) -> dict[str, Any]:
        """The fields, and the versions of what finds by choice."""
        made = super().identity()
        return {**made, "packages": presidio.versions()} if self.backend == "presidio" else made

    @cached_property
    def _key(self) -> bytes:
        if self.secret is None:
            raise AssetError(self.missing()[0])
        return self.secret.read_bytes()

    def _edited(self, text: bytes, found: Iterable[Finding]) -> str:
        pieces, last = list[bytes](), 0
        for one in found:
            pieces += [text[last : one.start], self._instead(one, text).encode()]
            last = one.stop
        return b"".join([*pieces, text[last:]]).decode()

    def _instead(self, one: Finding, text: bytes) -> str:
        label = LABELS[one.label]
        if self.replace == "placeholder":
            return self.placeholder.replace("{type}", label.upper())
        return pseudonym(label, text[one.start : one.stop].decode(), self._key)


def _with(text: pa.StringArray, edited: Mapping[int, str]) -> pa.StringArray:
    """The texts, those of some rows replaced."""
    mask = np.zeros(len(text), np.bool_)
    mask[list(edited)] = True
    return pc.replace_with_mask(text, pa.array(mask), pa.array(edited.values(), pa.string())) if edited else text
