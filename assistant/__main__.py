"""``python -m assistant`` is the command ``footnoted``."""

from assistant.cli import main

if __name__ == "__main__":
    main()
