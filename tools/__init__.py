"""How the project builds and publishes itself."""
