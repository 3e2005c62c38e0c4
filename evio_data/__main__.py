"""``python -m evio_data``: the same program as ``evio-data``."""

from ._cli.main import main

if __name__ == "__main__":
    main()
