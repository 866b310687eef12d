#!/usr/bin/env python3
"""Prints a Markdown table of the results in JSON-lines files: table.py FILE...

Of repeated runs the one with the lowest median counts, as the one that was disturbed least. The factor in brackets is
the peer's time divided by wengert's: above 1, wengert is faster. Peaks of memory, if there are any, are a second table.
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


def size(n):
    return f"{n / 2**20:.1f} MiB"


def table(best, show):
    peers = sorted({peer for row in best.values() for peer in row}, key=lambda p: (not p.startswith(OURS), p))
    print("| workload | threads |", " | ".join(peers), "|")
    print("|---|--:|" + "--:|" * len(peers))
    for (workload, threads), row in sorted(best.items()):
        ours = min((value for peer, value in row.items() if peer.startswith(OURS)), default=None)
        cells = []
        for peer in peers:
            cell = show(row[peer]) if peer in row else "–"
            if peer in row and ours and not peer.startswith(OURS):
                cell += f" ({row[peer] / ours:.2f})"
            cells.append(cell)
        print(f"| {workload} | {threads} |", " | ".join(cells), "|")


times, peaks, errors = {}, {}, set()  # {(workload, threads): {peer: its lowest}}
for file in sys.argv[1:]:
    for result in map(json.loads, open(file)):
        if "error" in result:
            errors.add(f"{result['workload']}, {name(result)}: {result['error']}")
            continue
        best, key = (peaks, "peak_bytes") if "peak_bytes" in result else (times, "median_us")
        row = best.setdefault((result["workload"], result["threads"]), {})
        row[name(result)] = min(row.get(name(result), float("inf")), result[key])
tables = [(best, show) for best, show in ((times, duration), (peaks, size)) if best]
if not tables:
    sys.exit("no results; usage: table.py FILE...")
for i, (best, show) in enumerate(tables):
    if i:
        print()
    table(best, show)
if errors:
    print("\nNot measured:\n\n" + "\n".join(f"- {e}" for e in sorted(errors)))
