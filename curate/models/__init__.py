"""Models that the project ships: their files, how they are made, and what reads them. See `README.md` here."""
