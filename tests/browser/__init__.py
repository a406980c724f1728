"""The plugin's pages in a real browser."""
