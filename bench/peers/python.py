"""Python's subprocess, and asyncio's for more than one at a time: the tasks of operations.mjs.

Tasks come as a line of JSON each on standard input, answers go as a line of JSON each.
"""
import asyncio
import gc
import json
import signal
import subprocess
import sys
import time

NULL = subprocess.DEVNULL
SILENT = {"stdin": NULL, "stdout": NULL, "stderr": NULL}
held = []


def now():
    return time.perf_counter_ns() / 1000


def start(file, args=()):
    return subprocess.Popen([file, *args], **SILENT)


async def in_lanes(file, count, concurrency):
    left = count

    async def lane():
        nonlocal left
        while left > 0:
            left -= 1
            child = await asyncio.create_subprocess_exec(file, **SILENT)
            await child.wait()

    before = now()
    await asyncio.gather(*(lane() for _ in range(concurrency)))
    return [(now() - before) / count]


def chain(file, count, concurrency=1):
    if concurrency > 1:
        return asyncio.run(in_lanes(file, count, concurrency))
    samples = []
    for _ in range(count):
        before = now()
        start(file).wait()
        samples.append(now() - before)
    return samples


def capture(file, args, count, expected):
    samples = []
    for _ in range(count):
        before = now()
        done = subprocess.run([file, *args], stdin=NULL, capture_output=True, text=True)
        samples.append(now() - before)
        if done.stdout.rstrip() != expected:
            raise ValueError(done.stdout)
    return samples


def end(file, count):
    samples = []
    for _ in range(count):
        child = start(file)
        before = now()
        child.send_signal(signal.SIGTERM)
        child.wait()
        samples.append(now() - before)
    return samples


def hold(file, count):
    before = now()
    held.extend(start(file) for _ in range(count))
    return now() - before


def let_go():
    before = now()
    for child in held:
        child.kill()
    for child in held:
        child.wait()
    held.clear()
    return now() - before


def transfer(file, args, count, bytes=0, wanted=0):
    samples = []
    data = b"a" * bytes if bytes else None
    for _ in range(count):
        before = now()
        child = subprocess.Popen(
            [file, *args],
            stdin=subprocess.PIPE if bytes else NULL,
            stdout=subprocess.PIPE if wanted else NULL,
            stderr=NULL,
        )
        output, _ = child.communicate(data)
        samples.append(now() - before)
        if len(output or b"") != wanted:
            raise ValueError(len(output or b""))
    return samples


OPERATIONS = {
    "chain": chain,
    "capture": capture,
    "end": end,
    "hold": hold,
    "letGo": let_go,
    "transfer": transfer,
    "settle": gc.collect,
}

for line in sys.stdin:
    task = json.loads(line)
    try:
        answer = {"result": OPERATIONS[task.pop("op")](**task)}
    except Exception as error:  # whatever it is, the one who asked has to hear it
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
let_go()
