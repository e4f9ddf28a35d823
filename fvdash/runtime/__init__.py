"""What starts and keeps an installation: embedded servers, the supervisor, and its state on disk."""
