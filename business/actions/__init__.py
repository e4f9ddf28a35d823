"""The only writers of the business. Each opens one transaction, and tells what happened as one domain event;
the audit trail is written by the tables' triggers. All raise Denied without the role, Http404 for a row that
is not there for the viewer, ValidationError for values, and LostUpdate when a `version` is no longer true."""
