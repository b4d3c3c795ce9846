"""``python -m servicefx.cli``: the command line without its installed script."""

from servicefx.cli import main

if __name__ == "__main__":
    main()
