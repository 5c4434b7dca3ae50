"""The package as users get it: its models, its wheel, its types."""
