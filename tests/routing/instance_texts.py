"""One tiny file of each format, with a solution whose cost is worked out by hand."""

from __future__ import annotations

# Depot 1, node 3 required. Straight back from it is 6 + 10 (U-turn) + 6 = 22; round by 2 is 4 + 1 + 5 + 2 + 6 = 18;
# round the other way 6 + 7 + 5 + 0 + 4 = 22.
MCGRP_TP = """Name:\t\t\ttriangle
#Vehicles:\t\t2
Capacity:\t\t5
Depot:\t\t\t1
#Nodes:\t\t\t3
#Edges:\t\t\t3
#Arcs:\t\t\t0
#Required-N:\t1
#Required-E:\t0
#Required-A:\t0
#Nb-Turns:\t\t8

----------NODES----------
INDEX\tQTY\tIS-REQUIRED\tX\tY
1\t0\t0\t0\t0
2\t0\t0\t1\t0
3\t1\t1\t1\t1

----------EDGES----------
INDEX-I\tINDEX-J\tQTY\tIS-REQUIRED\tTR-COST
1\t2\t0\t0\t4
2\t3\t0\t0\t5
1\t3\t0\t0\t6

-----------ARCS----------
INDEX-I\tINDEX-J\tQTY\tIS-REQUIRED\tTR-COST

----------TURNS----------
INDEX-I\tINDEX-J\tINDEX-K\tCOST\tTYPE
1\t2\t3\t1\tF
1\t2\t1\t9\tU
3\t2\t1\t0\tF
3\t2\t3\t9\tU
2\t3\t1\t2\tL
2\t3\t2\t9\tU
1\t3\t2\t7\tL
1\t3\t1\t10\tU
"""
MCGRP_TP_SOL = "Route #1: n3\nCost 18\n"

# Depot 1 at 0 0, required arc to 2 at 1 0 (10.5 s to serve), then left (2 s) to the site 3 at 1 1 (3 s), 7 s to unload,
# 5 s home: 27.5 s.
CARP_IF_TP = """NAME\tcorner
NODES\t3
REQ_EDGES\t0
NOREQ_EDGES\t1
REQ_ARCS\t1
NOREQ_ARCS\t1
CAPACITY\t10\t2.5
DUMPING_COST\t7
MAX_DURATION\t30
DEPOT\t1
DUMPING_SITES\t3
TURN_PENALTY\t0\t1\t2\t4
LIST_NOREQ_EDGES :
2\t3\t0\t3.0\t0\t0\t1 0,1 1
LIST_REQ_ARCS :
1\t2\t10.5\t4\t2\t1.5\t0 0,1 0
LIST_NOREQ_ARCS :
3\t1\t0\t5\t0\t0\t1 1,0 0
"""
CARP_IF_TP_SOL = "Route #1: (1,2) f3\nCost 27.5\n"

# A square of two edges at the depot: 1-2 wanted twice (Trav 3, Col 5), 1-3 once (Trav 2, Col 2). Each day out and back:
# Monday (1,2) 5 + 3 and (1,3) 2 + 2, Thursday (1,2) 5 + 3: 20.
PCARP = """Name= square
nbnodes=3
nbarcs=5
nbtasks=2
nbnon_req=0
nbtrucks=1
capacity=15
total_cost=5
Depot=1
!List of internal arcs:
 arc=1, From=1, to=1, Qty=-1, Trav=0, Col= 0, inv=1,succ=1,2,4; freq= 5, minspac= 1, maxspac= 1
 arc=2, From=1, to=2, Qty=1, Trav=3, Col= 5, inv=3,succ=3; freq= 2, minspac= 1, maxspac= 1
 arc=3, From=2, to=1, Qty=1, Trav=3, Col= 5, inv=2,succ=1,2,4; freq= 2, minspac= 1, maxspac= 1
 arc=4, From=1, to=3, Qty=1, Trav=2, Col= 2, inv=5,succ=5; freq= 1, minspac= 1, maxspac= 1
 arc=5, From=3, to=1, Qty=1, Trav=2, Col= 2, inv=4,succ=1,2,4; freq= 1, minspac= 1, maxspac= 1
"""
PCARP_SOL = "Day 1\nRoute #1: (1,2) (1,3)\nDay 4\nRoute #1: (1,2)\nCost 20\n"

_TABLES = """NODE_COORD_SECTION
1 0 0
2 3 0
3 0 4
DEMAND_SECTION
1 0
2 1
3 1
"""
_END = "DEPOT_SECTION\n1\n-1\nEOF\n"

# Vehicle 2 takes both for 5.00 and 1.50 a unit of 3 + 5 + 4: 23.00. Vehicle 1 has room for one at 1.00 a unit: 6.00,
# and vehicle 2 for the other 5.00 + 12.00: 23.00 as well; with vehicle 1 on the far one 8.00 + 5.00 + 9.00 = 22.00.
HFVRP = f"""NAME: pair
TYPE: HFVRP
DIMENSION: 3
VEHICLES: 2
EDGE_WEIGHT_TYPE: EUC_2D
{_TABLES}CAPACITY_SECTION
1\t1
2\t2
VEHICLES_UNIT_DISTANCE_COST_SECTION
1\t100
2\t150
VEHICLES_FIXED_COST_SECTION
1\t0
2\t500
{_END}"""
HFVRP_SOL = "Route #1: 2\nRoute #2: 1\nCost: 22.00\n"

# One vehicle with room for one: two trips, (3 + 3 + 4 + 4) * 10. Customer 2 is released at 9, so reached at 13 of 13.
MTVRPTWR = f"""NAME: trips
TYPE: MTVRPTWR
EDGE_WEIGHT_TYPE: EUC_2D
DIMENSION: 3
VEHICLES: 1
CAPACITY: 1
SERVICE_TIME: 2
{_TABLES}TIME_WINDOW_SECTION
1 0 19
2 0 5
3 0 13
RELEASE_TIME_SECTION
1 0
2 0
3 9
VEHICLES_RELOAD_DEPOT_SECTION
1 1
{_END}"""
MTVRPTWR_SOL = "Route #1: 1 0 2\nCost: 140\nOptimal: True\n"

# Customer 1 pays its way (60 of distance, prize 70), customer 2 not (its window is open; 80, prize 50).
PCVRPTW = f"""NAME : prizes
TYPE : PCVRPTW
DIMENSION : 3
VEHICLES : 1
CAPACITY : 9
SERVICE_TIME : 1
EDGE_WEIGHT_TYPE : EUC_2D
{_TABLES}TIME_WINDOW_SECTION
1 0 50
2 0 50
3 0 50
PRIZE_SECTION
1 0
2 7
3 5
{_END}"""
PCVRPTW_SOL = "Route #1: 1\nCost: 110\n"

# One customer at 1 1: there and back is twice the root of 2.
SOLOMON = """tiny

VEHICLE
NUMBER     CAPACITY
  1         9

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0          0          0          0         20          0
    1      1          1          5          3          6          2
"""
SOLOMON_SOL = "Route #1: 1\nCost 2.83\n"

FILES = {
    "mcgrp_tp": (MCGRP_TP, MCGRP_TP_SOL, "18"),
    "carp_if_tp": (CARP_IF_TP, CARP_IF_TP_SOL, "27.500"),
    "pcarp": (PCARP, PCARP_SOL, "20"),
    "hfvrp": (HFVRP, HFVRP_SOL, "22.00000"),
    "mtvrptwr": (MTVRPTWR, MTVRPTWR_SOL, "140"),
    "pcvrptw": (PCVRPTW, PCVRPTW_SOL, "110"),
    "solomon": (SOLOMON, SOLOMON_SOL, "2.8284"),
}
"""Kind -> (text, solution, its cost in the file's unit). All but the periodic one are the best there is."""
