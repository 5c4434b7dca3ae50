"""Reports of models: what they are worth, and what they cost."""
