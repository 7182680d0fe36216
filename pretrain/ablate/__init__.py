"""Two or more corpora, judged by the models that they make: same model, same seeds, same number of tokens.

texts        documents of files that hold text
token_files  token shards as `curate` leaves them, written
corpora      an arm: token shards, encoded first where it holds text
held_out     domains to score, less the documents that an arm was trained on
overlap      which documents those are, by n-grams of tokens
samples      what each seed of an arm trains on
jobs         a model for each arm and seed, trained and scored, several at a time
statistics   paired differences, intervals, verdicts
plan         what was asked for, checked and written down
findings     from scores to ablate.json
page         from ablate.json to ablate.html, README.md and the table of the terminal
study        all of it
"""

from pretrain.ablate.corpora import Named
from pretrain.ablate.plan import Options
from pretrain.ablate.study import ablate

__all__ = ["Named", "Options", "ablate"]
