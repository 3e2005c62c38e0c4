"""The HTML documents: ``sphinx-build -W -n --keep-going -b html docs OUT``, without a network."""

from importlib.metadata import version as version_of

project = "evio-data"
version = release = version_of("evio-data")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "screens"]

# --- Markdown: the same files are read on a forge, so links are relative and anchors are its own.
myst_heading_anchors = 3
myst_links_external_new_tab = False

# --- The API, from the docstrings
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
add_module_names = False
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False

# What the API mentions and does not define.
nitpick_ignore_regex = [
    ("py:.*", r"(pathlib|os|ssl|time|typing|collections)\..*"),
    ("py:.*", r"pooch\..*"),
    ("py:.*", r"evio_data(\.\w+)*\._\w+\..*"),  # types of ours that have no page
    ("py:.*", r"(Any|Path|Iterable|Sequence|Iterator|Callable|PathLike|Literal|Self|BinaryIO)"),
]

# --- The look
html_theme = "pydata_sphinx_theme"
html_title = "evio-data"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}
