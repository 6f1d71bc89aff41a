"""Orders, catalogue and payments as the merchants' shops reported them."""
