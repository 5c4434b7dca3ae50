"""Nearest neighbours: emlknn and emlmpy.knn."""
