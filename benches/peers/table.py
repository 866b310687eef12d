#!/usr/bin/env python3
"""Prints a Markdown table of the results in JSON-lines files: table.py FILE...

Of repeated runs the one with the lowest median counts, as the one that was disturbed least. The factor in brackets is
the peer's time divided by wengert's: above 1, wengert is faster.
"""
import json
import sys

OURS = "wengert"


def name(result):
    plain = result["variant"] in ("", "default")
    return result["peer"] if plain else f"{result['peer']} {result['variant']}"


def duration(us):
    for unit, size in ("s", 1e6), ("ms", 1e3):
        if us >= size:
            return f"{us / size:.3g} {unit}"
    return f"{us:.3g} µs"


best, errors = {}, set()  # best: {(workload, threads): {peer: its lowest median}}
for file in sys.argv[1:]:
    for result in map(json.loads, open(file)):
        if "error" in result:
            errors.add(f"{result['workload']}, {name(result)}: {result['error']}")
            continue
        row = best.setdefault((result["workload"], result["threads"]), {})
        row[name(result)] = min(row.get(name(result), float("inf")), result["median_us"])
if not best:
    sys.exit("no results; usage: table.py FILE...")

peers = sorted({peer for row in best.values() for peer in row}, key=lambda p: (not p.startswith(OURS), p))
print("| workload | threads |", " | ".join(peers), "|")
print("|---|--:|" + "--:|" * len(peers))
for (workload, threads), row in sorted(best.items()):
    ours = min((us for peer, us in row.items() if peer.startswith(OURS)), default=None)
    cells = []
    for peer in peers:
        cell = duration(row[peer]) if peer in row else "–"
        if peer in row and ours and not peer.startswith(OURS):
            cell += f" ({row[peer] / ours:.2f})"
        cells.append(cell)
    print(f"| {workload} | {threads} |", " | ".join(cells), "|")
if errors:
    print("\nNot measured:\n\n" + "\n".join(f"- {e}" for e in sorted(errors)))
