"""The HTML documents: ``sphinx-build -W -n --keep-going -b html docs OUT``, without a network."""

from importlib.metadata import metadata

from docutils import nodes
from sphinx.application import Sphinx

package = metadata("evio-data")
project = "evio-data"
version = release = package["Version"]

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "screens"]
templates_path = ["_templates"]

# --- Markdown: the same files are read on a forge, so links are relative and anchors are its own.
myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# --- The copy button leaves out prompts, and what a command prints.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"

# --- The API, from the docstrings
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_mock_imports = ["distributed"]  # an extra
add_module_names = False
maximum_signature_line_length = 80
numpydoc_show_class_members = False
numpydoc_show_inherited_class_members = False

# What the API mentions and does not define.
nitpick_ignore_regex = [
    ("py:.*", r"(pathlib|os|ssl|time|typing|collections)\..*"),
    ("py:.*", r"pooch\..*|Client|RecordingHeader|State|HashState"),
    ("py:.*", r"evio_data(\.\w+)*\._\w+\..*"),  # types of ours that have no page
    ("py:.*", r"(Any|Path|Iterable|Sequence|Iterator|Callable|PathLike|Literal|Self|BinaryIO)"),
]

# --- The look
html_theme = "pydata_sphinx_theme"
html_title = "evio-data"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["tables.js"]
html_favicon = "_static/icon.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_sidebars = {"index": [], "**": ["nav-all"]}
html_theme_options = {
    "logo": {
        "text": "evio-data",
        "image_light": "_static/icon.svg",
        "image_dark": "_static/icon.svg",
    },
    "navbar_start": ["navbar-logo", "version"],
    "navbar_center": ["nav-header"],
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "benchmarks": [], "screens": []},
    "show_prev_next": True,
    "footer_start": [],
    "footer_end": [],
}

# The repository's link, as soon as pyproject.toml has one.
_links = dict(link.split(", ", 1) for link in package.get_all("Project-URL", []))
if "Repository" in _links:
    html_theme_options["icon_links"] = [
        {"name": "Repository", "url": _links["Repository"], "icon": "fa-brands fa-git-alt"}
    ]


def _strip_code(_app: object, doctree: nodes.document) -> None:
    """Leave out the empty line that a doctest in Markdown needs at its end."""
    for block in doctree.findall(nodes.literal_block):
        if not block.rawsource.startswith(" "):
            block.rawsource = block.rawsource.rstrip()
            block[:] = [nodes.Text(block.astext().rstrip())]


def setup(app: Sphinx) -> None:
    """Change what Sphinx has no option for."""
    app.connect("doctree-read", _strip_code)
