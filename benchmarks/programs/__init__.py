"""What is run in processes to be measured, by `program.py`."""
