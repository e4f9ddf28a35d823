"""What core does when something happened."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from core.events import EventData, subscribe
from core.people.invitations import GOOD_FOR, link_for, password_reset_link
from core.people.models import User


@subscribe("user.invited")
def send_invitation(event: EventData) -> None:
    """Mails the link. It is made only now, so that no secret lies in the event."""
    user = User.objects.filter(pk=event.data["id"], is_active=True).first()
    if user is None or user.has_usable_password():
        return
    with translation.override(user.language or settings.LANGUAGE_CODE):
        context = {"user": user, "link": link_for(user), "days": GOOD_FOR.days}
        _mail(user, _("You are invited to FVStudios Dashboard"), "invitation", context)


@subscribe("user.password_reset_asked")
def send_password_reset(event: EventData) -> None:
    """Mails a link for a new password, also made only now."""
    user = User.objects.filter(pk=event.data["id"], is_active=True).first()
    if user is None:
        return
    if not user.has_usable_password():
        send_invitation(event)
        return
    with translation.override(user.language or settings.LANGUAGE_CODE):
        context = {
            "user": user,
            "link": password_reset_link(user),
            "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        }
        _mail(user, _("A new password for FVStudios Dashboard"), "password_reset", context)


def _mail(user: User, subject: str, template: str, context: dict[str, Any]) -> None:
    text = render_to_string(f"people/mail/{template}.txt", context)
    mail = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [user.email])
    mail.attach_alternative(render_to_string(f"people/mail/{template}.html", context), "text/html")
    mail.send()
