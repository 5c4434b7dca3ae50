"""What is between a module and any board."""
