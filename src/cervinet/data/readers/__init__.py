"""One file a layout on disk; each returns a manifest."""
