"""The search for better settings, with Optuna."""
