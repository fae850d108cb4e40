"""Suites of gold questions and answers in, scores out."""
