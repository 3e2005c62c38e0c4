"""Registries of a few words, and what they are refused with."""

import pytest

from evio_data._registry.parser import parse
from evio_data._registry.registry import RegistryIndex
from evio_data.errors import RegistryError

HASH = "0123456789abcdef" * 4
URL = "https://drive.google.com/uc?export=download&id=1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"


def registry_of(*names: str) -> RegistryIndex:
    """Return a registry with these names."""
    return parse("".join(f"'{name}' {HASH} {URL}\n" for name in names))


def refusal(data: bytes | str) -> RegistryError:
    """Return the error that a registry text is refused with."""
    with pytest.raises(RegistryError) as caught:
        parse(data)
    return caught.value
