"""Views: what follows from many events and can always be rebuilt, and the two drivers that run them."""
