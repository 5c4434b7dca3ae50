"""emlarray."""
