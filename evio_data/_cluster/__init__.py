"""One set of files for many machines: planned here, run and moved by Dask."""
