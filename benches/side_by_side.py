#!/usr/bin/env python3
"""CPU per request of pointsman beside nginx and HAProxy, on one machine.

Needs nginx, haproxy, wrk and taskset. Builds nothing: give it a release binary.
    cargo build --release && benches/side_by_side.py target/release/pointsman

The proxy under test is alone on core 1; wrk and the backend (an nginx that answers a fixed
2.5 KB body) share core 0. One worker each, keep-alive, no access log, a POST of 1.4 KB. The
contenders take turns, round after round; the figure is user + system time of the proxy's process
over the answers that wrk counted. Everything stays on the loopback and stops by itself.
"""
import argparse, http.client, json, os, re, signal, socket, statistics, subprocess, tempfile, time

VECTOR = [round(0.001 * i, 3) for i in range(190)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def body(extra=None):
    query = {"query": VECTOR, "limit": 10, "with_payload": True}
    if extra is not None:
        query["score_threshold"] = extra
    return json.dumps(query)


def wrk_script(folder, turn):
    """Always the same request, or with a turn one that was never made before."""
    text = body("@@") if turn else body()
    head, _, tail = text.partition('"@@"')
    lua = f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local head, tail = [[{head}]], [[{tail}]]
local n = 0
request = function()
  if {turn} > 0 then
    n = n + 1
    return wrk.format(nil, nil, nil, head .. string.format("0.%d%08d", {turn}, n) .. tail)
  end
  return wrk.format(nil, nil, nil, head)
end
"""
    path = os.path.join(folder, f"post-{turn}.lua")
    open(path, "w").write(lua)
    return path


NGINX = """
worker_processes 1; pid {dir}/{name}.pid; error_log {dir}/{name}.err crit; daemon off; master_process off;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_buffer_size 64k;
  client_body_temp_path {dir}/{name}-b; proxy_temp_path {dir}/{name}-p; fastcgi_temp_path {dir}/{name}-f;
  uwsgi_temp_path {dir}/{name}-u; scgi_temp_path {dir}/{name}-s;
  {inside} }}
"""


def nginx(folder, name, inside):
    path = os.path.join(folder, f"{name}.conf")
    open(path, "w").write(NGINX.format(dir=folder, name=name, inside=inside))
    return ["nginx", "-c", path, "-p", folder, "-e", os.path.join(folder, f"{name}.err")]


def haproxy(folder, port, backend):
    path = os.path.join(folder, "haproxy.cfg")
    open(path, "w").write(f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  http-reuse always
listen it
  bind 127.0.0.1:{port}
  server s 127.0.0.1:{backend}
""")
    return ["haproxy", "-db", "-f", path]


def pointsman(binary, folder, name, port, backend, dialect, extra):
    path = os.path.join(folder, f"{name}.yaml")
    open(path, "w").write(f"""
services:
  it:
    dialect: {dialect}
    listen: 127.0.0.1:{port}
    endpoints: ["http://127.0.0.1:{backend}"]
admin: {{ listen: "127.0.0.1:{free_port()}" }}
process: {{ workers: 1 }}
observe: {{ log: "error" }}
{extra}
""")
    return [binary, "run", "-c", path]


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(port):
    for _ in range(200):
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            link.request("POST", "/collections/c/points/query", body(), {"Content-Type": "application/json"})
            if link.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def measure(port, pid, script, seconds, connections):
    before = cpu(pid)
    out = subprocess.run(["taskset", "-c", "0", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                          f"http://127.0.0.1:{port}/collections/c/points/query"], capture_output=True, text=True).stdout
    spent = cpu(pid) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = "Non-2xx" in out or re.search(r"Socket errors: connect [1-9]|read [1-9]|write [1-9]", out)
    if bad:
        raise SystemExit(f"errors under load:\n{out}")
    return 1e6 * spent / requests, requests / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answer = json.dumps({"result": {"points": [{"id": i, "version": 1, "score": 0.9, "payload": {"title": "x" * 180}}
                                                   for i in range(10)]}, "status": "ok", "time": 0.001})
        backend = free_port()
        port = {name: free_port() for name in ("nginx", "haproxy", "plain", "off", "miss", "hit")}
        running = [subprocess.Popen(["taskset", "-c", "0"] + nginx(folder, "backend",
            f"server {{ listen 127.0.0.1:{backend}; default_type application/json; location / {{ return 200 '{answer}'; }} }}"))]
        ahead = (f"upstream b {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 100000000; }} server {{ listen 127.0.0.1:{port['nginx']}; "
                 "location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host; } }")
        contenders = {
            "nginx": nginx(folder, "proxy", ahead),
            "haproxy": haproxy(folder, port["haproxy"], backend),
            "plain": pointsman(asked.binary, folder, "plain", port["plain"], backend, "http", "cache: { enabled: false }\nplanner: { enabled: false }"),
            "off": pointsman(asked.binary, folder, "off", port["off"], backend, "qdrant", "cache: { enabled: false }"),
            "miss": pointsman(asked.binary, folder, "miss", port["miss"], backend, "qdrant", ""),
            "hit": pointsman(asked.binary, folder, "hit", port["hit"], backend, "qdrant", ""),
        }
        pids = {}
        try:
            for name, command in contenders.items():
                process = subprocess.Popen(["taskset", "-c", "1"] + command)
                running.append(process)
                pids[name] = process.pid
                wait_for(port[name])
            figures = {name: [] for name in contenders}
            for turn in range(asked.rounds):
                for name in contenders:
                    script = wrk_script(folder, turn + 1 if name == "miss" else 0)
                    figures[name].append(measure(port[name], pids[name], script, asked.seconds, asked.connections))
                    print(f"round {turn + 1}: {name:8} {figures[name][-1][0]:6.1f} us  {figures[name][-1][1]:8.0f} /s", flush=True)
            report(figures)
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                process.wait(timeout=40)


def report(figures):
    base = statistics.median(f[0] for f in figures["nginx"])
    print("\n| proxy | CPU us per request, median (min..max) | ratio to nginx | requests per second |\n|---|---|---|---|")
    for name, rounds in figures.items():
        spent = sorted(f[0] for f in rounds)
        print(f"| {name} | {statistics.median(spent):.1f} ({spent[0]:.1f}..{spent[-1]:.1f}) | {statistics.median(spent) / base:.2f} | {statistics.median(f[1] for f in rounds):.0f} |")


if __name__ == "__main__":
    main()
