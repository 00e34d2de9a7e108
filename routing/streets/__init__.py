"""Real streets: OpenStreetMap extracts, stable segments, what turning costs, streets as map matching needs them."""
