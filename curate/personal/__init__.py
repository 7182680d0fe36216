"""Personal data and secrets in texts: recognised by patterns, confirmed by check digits, rules, words nearby."""
