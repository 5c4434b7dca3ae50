"""The suites that all modules go through."""
