"""What a dispatcher sees: HTTP API, live push, the page, sign-in."""
