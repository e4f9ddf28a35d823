"""What the documents promise is what the code reads."""

from __future__ import annotations

import re

import pytest

from core.configuration.environment import VARIABLES
from fvdash.runtime.installation import REPOSITORY


def test_every_variable_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (REPOSITORY / "docs/configure.md").read_text(), re.M)
    assert sorted(documented) == sorted(variable.name for variable in VARIABLES)


def test_compose_hands_every_variable_on() -> None:
    # Where it listens and where its files are is the image's business; there is no demo and no debugging in it.
    of_the_image = {"PORT", "FVDASH_DATA_DIR", "FVDASH_DEMO", "FVDASH_DEBUG"}
    instead = {"UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"}
    text = (REPOSITORY / "docker-compose.yml").read_text()
    handed = set(re.findall(r"^ +([A-Z_]+): ", text, re.M))
    assert {variable.name for variable in VARIABLES} - handed == of_the_image | instead


def test_every_direct_dependency_is_explained() -> None:
    names = re.findall(r"^([a-z][\w-]*)", (REPOSITORY / "requirements/base.in").read_text(), re.M)
    explained = (REPOSITORY / "docs/dependencies.md").read_text()
    assert [name for name in names if not re.search(rf"^\|.*\b{name}\b.*\|", explained, re.M)] == []


@pytest.mark.parametrize("name", ["base", "dev"])
def test_pinned_requirements_carry_hashes_and_name_no_host(name: str) -> None:
    text = (REPOSITORY / f"requirements/{name}.txt").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    pins = re.findall(r"^[\w.\[\],-]+==[^\n]*\n(\s+--hash=sha256:)?", text, re.M)
    assert pins
    assert all(pins)
