"""From folders and tables to batches."""
