"""How routes are made: street network, Problem, Plan, engines, checker. Pure: no database, no clock."""
