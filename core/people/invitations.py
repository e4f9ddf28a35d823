"""Links of invitations: signed, for one person, single use, good for seven days.

Nothing of a link is stored. It carries the person's id and a mark of their present password; the first
password that is set changes the mark, and the link is worthless.
"""

from __future__ import annotations

import datetime as dt

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from core.people.models import User

SALT = "core.people.invitation"
GOOD_FOR = dt.timedelta(days=7)


def _mark(user: User) -> str:
    return salted_hmac(SALT, f"{user.pk}:{user.password}:{user.is_active}", algorithm="sha256").hexdigest()[:24]


def link_for(user: User) -> str:
    """The absolute address that lets the person choose a password."""
    token = signing.dumps([user.pk, _mark(user)], salt=SALT)
    return f"{settings.PUBLIC_URL}{reverse('invitation', args=[token])}"


def invited(token: str) -> User | None:
    """Whom the link is for; None when it is forged, too old, or was used."""
    try:
        pk, mark = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and mark == _mark(user) else None


def password_reset_link(user: User) -> str:
    """The absolute address that lets the person choose another password; used up by the first that does."""
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
    return f"{settings.PUBLIC_URL}{path}"
