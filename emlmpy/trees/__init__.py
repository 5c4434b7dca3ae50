"""Tree models for emltrees: from the estimator to the file, and the device's answers."""
