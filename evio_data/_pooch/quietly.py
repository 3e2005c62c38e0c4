"""Import pooch, without what tqdm says of that in a notebook that has no widgets."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="IProgress not found")
    import pooch  # noqa: F401
