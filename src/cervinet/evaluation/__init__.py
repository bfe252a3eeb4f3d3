"""What predictions are worth: NumPy, pandas and scikit-learn only."""
