"""What a trained network is worth: held-out text, pairs of sentences, choices, classification, text to text."""

from pretrain.evaluation.documents import document_nats
from pretrain.evaluation.held_out import Score, score

__all__ = ["Score", "document_nats", "score"]
