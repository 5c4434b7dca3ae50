"""What builds, sets up and documents the project."""
