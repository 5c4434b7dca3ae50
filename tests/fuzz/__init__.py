"""Programs that use each kernel in all ways that they find, under sanitizers."""
