"""Raw text to token shards, with books that balance."""
