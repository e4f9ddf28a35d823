"""Pages of core itself."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, path

from core.configuration import views as configuration
from core.pages import urls as pages
from core.people import views as people

urlpatterns: list[URLPattern | URLResolver] = [
    path("", people.home, name="home"),
    path("configuration", configuration.configuration, name="configuration"),
    path("configuration/agencies", configuration.agencies, name="agencies"),
    path("configuration/agencies/new", configuration.agency, name="agency-new"),
    path("configuration/agencies/<slug:slug>", configuration.agency, name="agency"),
    path("configuration/agencies/<slug:slug>/archive", configuration.archive, name="agency-archive"),
    path("configuration/people", people.people, name="people"),
    path("configuration/people/invite", people.invite, name="invite"),
    path("configuration/people/<int:user_id>", people.person, name="person"),
    path("configuration/people/<int:user_id>/details", people.change_person, name="person-details"),
    path("configuration/people/<int:user_id>/roles", people.change_roles, name="person-roles"),
    path(
        "configuration/people/<int:user_id>/tokens/<int:token_id>/revoke",
        people.revoke_token,
        name="person-token",
    ),
    path("configuration/people/<int:user_id>/reset-link", people.reset_link, name="person-reset-link"),
    path("configuration/people/<int:user_id>/<slug:what>", people.step, name="person-step"),
    path("invitation/<str:token>", people.invitation, name="invitation"),
    *pages.urlpatterns,
]
for _module in ("core.people.account_urls", "core.schedule.urls", "core.api.urls", "core.jobs.urls"):
    if find_spec(_module):
        urlpatterns += import_module(_module).urlpatterns
