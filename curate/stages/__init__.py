"""The table of contents: the name a recipe uses → where its class is. Nothing is imported until it is used."""

STAGES: dict[str, str] = {
    "extract": "curate.stages.extract:Extract",
    "url": "curate.stages.url:Url",
    "language": "curate.stages.language:Language",
    "gopher": "curate.stages.gopher:Gopher",
    "repetition": "curate.stages.repetition:Repetition",
    "exact": "curate.stages.exact:Exact",
    "minhash": "curate.stages.minhash:MinHash",
    "toxicity": "curate.stages.toxicity:Toxicity",
    "bias": "curate.stages.bias:Bias",
}
