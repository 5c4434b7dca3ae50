"""What is normal and what is not: thresholds, and the models that judge by them."""
