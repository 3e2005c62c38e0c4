"""Google Drive as pure functions: links, pages, folder listings."""
