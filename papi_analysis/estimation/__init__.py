"""Numbers on arrays, and the questions asked with them."""
