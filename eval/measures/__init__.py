"""Metrics, each by its published definition: values in, figures out. Pure: no model, no store, no clock, no files."""
