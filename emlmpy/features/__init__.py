"""Front ends: windows of samples and their features, as emlfeatures computes them."""
