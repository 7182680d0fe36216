"""How harmful a text is, in three steps, each for what the one before it leaves open: lists, screen, teacher."""
