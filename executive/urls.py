from django.urls import path

from executive import views

urlpatterns = [
    path("executive", views.overview, name="executive"),
    path("executive/figures/<slug:name>", views.figure, name="executive_figure"),
]
