"""A file a format: a function here is a value of `--format`. TensorFlow is imported inside them."""
