"""Documents in, ranked passages out. Knows nothing of questions, answers or language models that write."""
