"""The networks, built from shared layers."""
