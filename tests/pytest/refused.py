"""A file that is refused, and a test that asks for it."""

QUOTA = "bad.raw: Drive's download quota for this file is used up."
CALLS = """
def test_it(evio_data_fetch):
    evio_data_fetch("bad.raw")
    raise SystemExit("it went on")
"""
