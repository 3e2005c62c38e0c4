"""The projects beside this file are run by tests of ours, not by our pytest itself."""

collect_ignore_glob = ["*/*"]
