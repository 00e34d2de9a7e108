"""Ways through the network: the expanded graph where turns are links, searches, tables of distances."""
