"""Tables of opinions and rows, as people and programs write them."""
