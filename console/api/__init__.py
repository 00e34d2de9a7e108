"""Routes: each translates one request into a reading model or a handed-over command, and back."""
