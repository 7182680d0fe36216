"""Token shards to a compact model."""
