"""The command line, the timing loop and the measure of memory that both Python benchmarks use."""
import argparse
import ctypes
import json
import statistics
import subprocess
import sys
import time
from functools import partial


def main(peer, variants, benchmarks):
    """Runs the wanted benchmarks, printing one JSON line for each.

    `benchmarks(options)` returns {workload: setup}; `setup()` returns the step to be timed, a function
    without arguments that comes back only when its work is done.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", choices=variants, default=variants[0])
    parser.add_argument("--filter", default="", help="parts of workload names, separated by commas; default: all")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds of timing per workload")
    parser.add_argument("--memory", action="store_true", help="peak memory, each workload in a process of its own")
    parser.add_argument("--alone", metavar="WORKLOAD", help="the peak memory of one workload in this process")
    options = parser.parse_args()
    parts = options.filter.split(",")
    for workload, setup in benchmarks(options).items():
        line = dict(peer=peer, variant=options.variant, threads=options.threads, workload=workload)
        if options.alone:
            if workload != options.alone:
                continue
        elif not any(part in workload for part in parts):
            continue
        elif options.memory:
            # An error in it is printed by it, but not how it was ended.
            if subprocess.run([sys.executable, *sys.argv, "--alone", workload]).returncode != 0:
                print(json.dumps(line | dict(error="its process failed")), flush=True)
            continue
        try:
            line.update(peak(setup()) if options.alone else measure(setup(), options.budget))
        except Exception as e:  # one workload that fails must not hide the others
            line.update(error=(str(e) or repr(e)).splitlines()[0])
        print(json.dumps(line), flush=True)


def measure(step, budget):
    """Median and minimum time of one step, in microseconds."""
    now = time.perf_counter
    step()  # compiles
    # Warm-up: a quarter of the budget. Its pace tells how many steps last 50 µs or more: below that, the clock
    # itself would be a part of what is measured, so that short steps are timed in groups.
    start, steps = now(), 0
    while steps < 1 or now() - start < budget / 4:
        step()
        steps += 1
    group = int(50e-6 * steps / (now() - start)) + 1
    start, samples = now(), []
    while len(samples) < 3 or now() - start < budget:
        begin = now()
        for _ in range(group):
            step()
        samples.append((now() - begin) / group * 1e6)
    return dict(median_us=round(statistics.median(samples), 3), min_us=round(min(samples), 3), reps=len(samples))


def peak(step):
    """The most memory that a step and what it keeps take beside the data and the model, in bytes."""
    give_back = partial(ctypes.CDLL(None).malloc_trim, 0)  # what was freed on the way
    give_back()
    before = resident()["RssAnon"]
    step()  # compiles
    give_back()
    # The highest mark begins here.
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    for _ in range(5):
        step()
    after = resident()
    # Pages of files are code, which is there once for all programs.
    return dict(peak_bytes=after["VmHWM"] - after["RssFile"] - after["RssShmem"] - before)


def resident():
    """The sizes of this process, in bytes, by the names that proc(5) gives them."""
    with open("/proc/self/status") as file:
        fields = (line.split() for line in file)
        return {name[:-1]: int(rest[0]) * 1024 for name, *rest in fields if rest[1:] == ["kB"]}
