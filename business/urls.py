"""Pages of the business."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from business.views import clients, contracts, leads, overview, payments, projects, satisfaction

urlpatterns: list[URLPattern | URLResolver] = [
    path("business/", overview.overview, name="business"),
    path("business", RedirectView.as_view(pattern_name="business", query_string=True)),
    path("business/options/<slug:kind>", overview.options, name="business-options"),
    path("business/clients", clients.listing, name="clients"),
    path("business/clients/new", clients.new, name="client-new"),
    path("business/clients/<int:pk>", clients.detail, name="client"),
    path("business/clients/<int:pk>/edit", clients.edit, name="client-edit"),
    path("business/clients/<int:pk>/archive", clients.archive, name="client-archive"),
    path("business/clients/<int:pk>/unarchive", clients.unarchive, name="client-unarchive"),
    path("business/projects", projects.listing, name="projects"),
    path("business/projects/new", projects.new, name="project-new"),
    path("business/projects/<int:pk>", projects.detail, name="project"),
    path("business/projects/<int:pk>/edit", projects.edit, name="project-edit"),
    path("business/projects/<int:pk>/status", projects.status, name="project-status"),
    path("business/contracts", contracts.listing, name="contracts"),
    path("business/contracts/new", contracts.new, name="contract-new"),
    path("business/contracts/<int:pk>", contracts.detail, name="contract"),
    path("business/contracts/<int:pk>/edit", contracts.edit, name="contract-edit"),
    path("business/contracts/<int:pk>/amount", contracts.change_amount, name="contract-amount"),
    path("business/contracts/<int:pk>/amount/<int:change_id>", contracts.edit_change, name="contract-change"),
    path(
        "business/contracts/<int:pk>/amount/<int:change_id>/remove",
        contracts.remove_change,
        name="contract-change-remove",
    ),
    path("business/contracts/<int:pk>/end", contracts.end, name="contract-end"),
    path("business/payments", payments.listing, name="payments"),
    path("business/payments/new", payments.new, name="payment-new"),
    path("business/payments/<int:pk>", payments.detail, name="payment"),
    path("business/payments/<int:pk>/edit", payments.edit, name="payment-edit"),
    path("business/payments/<int:pk>/paid", payments.paid, name="payment-paid"),
    path("business/payments/<int:pk>/refund", payments.refund, name="payment-refund"),
    path("business/payments/<int:pk>/delete", payments.delete, name="payment-delete"),
    path("business/leads", leads.listing, name="leads"),
    path("business/leads/new", leads.new, name="lead-new"),
    path("business/leads/<int:pk>", leads.detail, name="lead"),
    path("business/leads/<int:pk>/edit", leads.edit, name="lead-edit"),
    path("business/leads/<int:pk>/won", leads.won, name="lead-won"),
    path("business/leads/<int:pk>/lost", leads.lost, name="lead-lost"),
    path("business/leads/<int:pk>/reopen", leads.reopen, name="lead-reopen"),
    path("business/satisfaction", satisfaction.listing, name="satisfaction"),
    path("business/satisfaction/new", satisfaction.new, name="satisfaction-new"),
    path("business/satisfaction/<int:pk>", satisfaction.detail, name="satisfaction-answer"),
    path("business/satisfaction/<int:pk>/edit", satisfaction.edit, name="satisfaction-edit"),
]
for _module in ("business.importing.urls",):
    if find_spec(_module):
        urlpatterns += import_module(_module).urlpatterns
