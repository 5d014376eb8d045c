#!/usr/bin/env python3
"""How good pointsman's estimates are: predicted against measured, as an SVG.

    cargo build --release
    python3 benches/calibration.py docs/calibration.svg [path of the binary]

Three Qdrant-shaped replicas of four workers each, one of them half as fast as the others, serve five kinds of
requests whose times differ forty-fold, open loop for 20 s, through `adaptive` without a cache. What is drawn is what a
running process tells: `GET /api/coordination/history` and the metric `pointsman_service_time_ratio`. Only the
standard library is needed.
"""

import asyncio
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import urllib.request

SECONDS, PER_SECOND, WORKERS, SPEEDS = 20, 60, 4, (1.0, 1.0, 0.5)
SEARCH = "/collections/docs/points/query"
FILTER = {"must": [{"key": "kind", "match": {"value": "a"}}]}
# Share of the requests, method, path, body, and milliseconds of work in the mean.
KINDS = (
    (0.35, "GET", "/collections/docs/points/7", None, 2),
    (0.30, "POST", SEARCH, {"query": [0.1, 0.2], "limit": 10}, 8),
    (0.20, "POST", SEARCH, {"query": [0.1, 0.2], "limit": 100}, 16),
    (0.10, "POST", SEARCH, {"query": [0.1, 0.2], "limit": 100, "filter": FILTER}, 30),
    (0.05, "POST", SEARCH, {"query": [0.1, 0.2], "limit": 900, "filter": FILTER}, 80),
)
OK = b'{"result":[],"status":"ok","time":0.001}'


async def read_message(reader):
    """Head and body of a request or a response."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head, await reader.readexactly(int(found[1]) if found else 0)


def work(head, body, dice):
    """Seconds that a request takes at a replica of speed 1: log-normal around the mean of its kind."""
    asked = json.loads(body) if body else {}
    for _, method, path, wanted, millis in KINDS:
        is_it = (wanted or {}).get("limit") == asked.get("limit") and ("filter" in (wanted or {})) == ("filter" in asked)
        if head.startswith(f"{method} {path} ".encode()) and is_it:
            return millis / 1000 * dice.lognormvariate(-0.045, 0.3)
    return 0


async def replica(speed, dice):
    """A server with a few workers, first come, first served. Returns its address."""
    workers = asyncio.Semaphore(WORKERS)

    async def serve(reader, writer):
        try:
            while True:
                head, body = await read_message(reader)
                async with workers:
                    await asyncio.sleep(work(head, body, dice) / speed)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(OK), OK))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return "%s:%d" % server.sockets[0].getsockname()[:2]


async def request(address, kind):
    _, method, path, body, _ = kind
    text = json.dumps(body).encode() if body else b""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{method} {path} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\nconnection: close\r\n\r\n"
    writer.write(head.encode() + text)
    await read_message(reader)
    writer.close()


def start(binary, replicas, folder):
    """The process, with the addresses of its service and of its admin API from its log."""
    endpoints = ", ".join(f"'http://{one}'" for one in replicas)
    config = os.path.join(folder, "pointsman.yaml")
    with open(config, "w") as file:
        file.write(
            f"services: {{db: {{dialect: qdrant, cache: false, listen: '127.0.0.1:0', endpoints: [{endpoints}]}}}}\n"
            "admin: {listen: '127.0.0.1:0'}\nhealth: {enabled: false}\n"
        )
    log = open(os.path.join(folder, "log"), "w+")
    process = subprocess.Popen([binary, "run", "--config", config], stdout=log, stderr=log)
    return process, log.name


async def addresses(log):
    for _ in range(300):
        text = re.sub(r"\x1b\[[0-9;]*m", "", open(log).read())
        service = re.search(r"listening.*?(127\.0\.0\.1:\d+)", "\n".join(l for l in text.splitlines() if "admin" not in l))
        admin = re.search(r"admin API listening.*?(127\.0\.0\.1:\d+)", text)
        if service and admin:
            return service[1], admin[1]
        await asyncio.sleep(0.1)
    raise SystemExit(f"pointsman did not start:\n{open(log).read()}")


def get(admin, path):
    return urllib.request.urlopen(f"http://{admin}{path}").read().decode()


async def measure(binary):
    dice = random.Random(1)
    replicas = [await replica(speed, random.Random(n)) for n, speed in enumerate(SPEEDS)]
    with tempfile.TemporaryDirectory() as folder:
        process, log = start(binary, replicas, folder)
        try:
            service, admin = await addresses(log)
            running = []
            for _ in range(SECONDS * PER_SECOND):
                kind = dice.choices(KINDS, [one[0] for one in KINDS])[0]
                running.append(asyncio.create_task(request(service, kind)))
                await asyncio.sleep(dice.expovariate(PER_SECOND))
            await asyncio.gather(*running)
            await asyncio.sleep(0.2)
            read = asyncio.to_thread
            return json.loads(await read(get, admin, "/api/coordination/history?limit=1000")), await read(get, admin, "/metrics")
        finally:
            process.terminate()
            process.wait()


def pairs(history, what):
    keys = history["data"]["services"]["db"]["keys"]
    records = (record for key in keys for record in key["records"] if record["success"])
    found = ((one[f"estimated_{what}"], one[f"actual_{what}"]) for one in records)
    return [(estimated, actual) for estimated, actual in found if estimated and actual]


def buckets(metrics):
    """Requests by the ratio of measured to expected, as the metric counts them."""
    rows = re.findall(r'pointsman_service_time_ratio_bucket\{(?=[^}]*expected_by="strategy")[^}]*le="([^"]+)"[^}]*\} (\d+)', metrics)
    rows = sorted((float("inf") if edge == "+Inf" else float(edge), int(count)) for edge, count in rows)
    counts = [count - before for (_, count), before in zip(rows, [0] + [count for _, count in rows])]
    return [edge for edge, _ in rows], counts


SIZE, LEFT, TOP = 260, 60, 50
# Of the points of a plot, about so many are drawn.
DRAWN = 400


def frame(title, under, column):
    x = LEFT + column * (SIZE + 70)
    text = f'<text x="{x}" y="{TOP - 26}" font-weight="bold">{title}</text><text x="{x}" y="{TOP - 10}">{under}</text>'
    return x, text + f'<rect x="{x}" y="{TOP}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#888"/>'


def scatter(title, axis, found, column):
    ratios = sorted(actual / estimated for estimated, actual in found)
    near = sum(0.5 <= ratio <= 2 for ratio in ratios) / len(ratios)
    under = f"measured over predicted: median {ratios[len(ratios) // 2]:.2f}, {near:.0%} within a factor of 2"
    x0, text = frame(title, under, column)
    values = [value for pair in found for value in pair]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    at = lambda value: (math.log10(value) - low) / (high - low) * SIZE
    text += f'<path d="M{x0} {TOP + SIZE}L{x0 + SIZE} {TOP}" stroke="#2ca02c"/>'
    for power in range(low, high + 1):
        d, label = at(10**power), f"{10.0**power:g}"
        text += f'<text x="{x0 + d}" y="{TOP + SIZE + 14}" text-anchor="middle">{label}</text>'
        text += f'<text x="{x0 - 4}" y="{TOP + SIZE - d + 4}" text-anchor="end">{label}</text>'
    for estimated, actual in found[:: max(1, len(found) // DRAWN)]:
        text += f'<circle cx="{x0 + at(estimated):.1f}" cy="{TOP + SIZE - at(actual):.1f}" r="2" fill="#1f77b4" fill-opacity="0.25"/>'
    return text + f'<text x="{x0 + SIZE / 2}" y="{TOP + SIZE + 32}" text-anchor="middle">predicted {axis} (across), measured (up)</text>'


def bars(title, edges, counts, column):
    x0, text = frame(title, f"{sum(counts)} requests, by measured over expected time", column)
    width, most = SIZE / len(counts), max(counts) or 1
    for place, (edge, count) in enumerate(zip(edges, counts)):
        height, x = count / most * (SIZE - 10), x0 + place * width
        text += f'<rect x="{x + 1:.1f}" y="{TOP + SIZE - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}" fill="#d62728"/>'
        label = "more" if math.isinf(edge) else f"{edge:g}"
        text += f'<text x="{x + width / 2:.1f}" y="{TOP + SIZE + 14}" text-anchor="middle" font-size="9">{label}</text>'
    return text + f'<text x="{x0 + SIZE / 2}" y="{TOP + SIZE + 32}" text-anchor="middle">up to this ratio (1 is exact)</text>'


def draw(history, metrics):
    width, height = LEFT + 3 * (SIZE + 70), TOP + SIZE + 50
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        + scatter("Cost of the plan", "cost units", pairs(history, "cost"), 0) + "\n"
        + scatter("Time of the plan", "seconds", pairs(history, "time"), 1) + "\n"
        + bars("Time expected by adaptive", *buckets(metrics), 2) + "\n</svg>\n"
    )


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    binary = sys.argv[2] if len(sys.argv) > 2 else "target/release/pointsman"
    svg = draw(*asyncio.run(measure(binary)))
    with open(sys.argv[1], "w") as file:
        file.write(svg)


if __name__ == "__main__":
    main()
