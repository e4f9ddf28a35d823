"""What an action on people refuses, in words for the person who asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _


class PeopleError(Exception):
    """Refused for a reason that the person can act on; `str` of it is shown."""


class LastAdmin(PeopleError):
    def __init__(self) -> None:
        super().__init__(_("This is the last admin of the whole group: give somebody else that role first."))


class OnYourself(PeopleError):
    def __init__(self) -> None:
        super().__init__(_("You would lock yourself out: ask another admin to do this."))
