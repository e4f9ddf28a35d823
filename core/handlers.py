"""What core does when something happened."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from core.events import EventData, subscribe
from core.people.invitations import GOOD_FOR, link_for
from core.people.models import User


@subscribe("user.invited")
def send_invitation(event: EventData) -> None:
    """Mails the link. It is made only now, so that no secret lies in the event."""
    user = User.objects.filter(pk=event.data["id"], is_active=True).first()
    if user is None or user.has_usable_password():
        return
    with translation.override(user.language or settings.LANGUAGE_CODE):
        context = {"user": user, "link": link_for(user), "days": GOOD_FOR.days}
        mail = EmailMultiAlternatives(
            _("You are invited to FVStudios Dashboard"),
            render_to_string("people/mail/invitation.txt", context),
            settings.DEFAULT_FROM_EMAIL,
            [user.email],
        )
        mail.attach_alternative(render_to_string("people/mail/invitation.html", context), "text/html")
        mail.send()
