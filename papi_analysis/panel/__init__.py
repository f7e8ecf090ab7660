"""Measuring: a register becomes completion, scores become a panel, years become changes and eras."""
