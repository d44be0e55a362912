"""``python -m luthier``: the command line."""

from luthier.cli.main import main

main()
