"""Teachers of toxicity: Detoxify's transformers, loaded without executing what they bring, asked in fixed batches."""
