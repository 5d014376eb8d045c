#!/usr/bin/env python3
"""Resident memory per idle connection of pointsman beside nginx and HAProxy, and what is given back.

Builds nothing: give it a release binary. nginx and haproxy are measured where they are installed.
    cargo build --release && benches/idle_connections.py target/release/pointsman

Two crowds, each against a fresh process: connections that made one request each and stay open, and
connections that never sent anything. The figure is the growth of the process's resident memory over
the number of connections. Memory is read again when the crowd has left, and after 200 more requests.
Everything stays on the loopback and stops by itself; no run takes longer than two minutes.
"""
import argparse, http.server, os, resource, shutil, signal, socket, subprocess, tempfile, threading, time

DEADLINE = 120
BODY = b'{"result":{"status":"green"},"status":"ok","time":0.0}'
REQUEST = b"GET /collections/a/points/1 HTTP/1.1\r\nhost: test\r\n\r\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Proxies reset connections when they stop."""


def backend():
    server = Server(("127.0.0.1", 0), Backend)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


NGINX = """worker_processes 1; daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/nginx.err crit;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_timeout 300; client_header_timeout 300;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u;
  scgi_temp_path {dir}/s;
  upstream db {{ server 127.0.0.1:{db}; keepalive 16; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://db; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""
HAPROXY = """global
  maxconn 6000
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 300s
  timeout server 60s
  timeout http-request 300s
  timeout http-keep-alive 300s
frontend f
  bind 127.0.0.1:{port} backlog 4096
  default_backend b
backend b
  server s 127.0.0.1:{db}
"""
POINTSMAN = """services:
  vectors: {{dialect: qdrant, listen: '127.0.0.1:{port}', endpoints: ['http://127.0.0.1:{db}']}}
admin: {{listen: '127.0.0.1:0'}}
path: {{client_first_byte_timeout: 5m, client_keepalive: 5m}}
observe: {{log: warn}}
"""


def command(name, binary, folder, port, db):
    text = {"pointsman": POINTSMAN, "nginx": NGINX, "haproxy": HAPROXY}[name]
    path = os.path.join(folder, f"{name}.conf")
    with open(path, "w") as file:
        file.write(text.format(dir=folder, port=port, db=db))
    return {
        "pointsman": [binary, "run", "-c", path],
        "nginx": [binary, "-c", path, "-p", folder],
        "haproxy": [binary, "-db", "-f", path],
    }[name]


def resident(pid):
    """KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def settled(pid):
    """The resident memory once it stays the same for a second."""
    last, until = resident(pid), time.time() + 15
    while time.time() < until:
        time.sleep(1)
        now = resident(pid)
        if abs(now - last) < 64:
            break
        last = now
    return resident(pid)


def ask(client):
    client.sendall(REQUEST)
    received = b""
    while BODY not in received:
        part = client.recv(4096)
        if not part:
            raise SystemExit("a connection was closed")
        received += part


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def wait_for(port):
    until = time.time() + 20
    while time.time() < until:
        try:
            with connect(port) as client:
                ask(client)
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("it does not serve")


def run(name, binary, count, requests):
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = subprocess.Popen(command(name, binary, folder, port, backend()), stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            before = settled(process.pid)
            clients = []
            for _ in range(count):
                clients.append(connect(port))
                if requests:
                    ask(clients[-1])
            during = settled(process.pid)
            for client in clients:
                client.close()
            left = settled(process.pid)
            for _ in range(200):
                with connect(port) as client:
                    ask(client)
            after = settled(process.pid)
            crowd = "one request each" if requests else "nothing sent"
            print(
                f"{name:10} {crowd:17} before {before:7} KiB  during {during:7} KiB  left {left:7} KiB  after 200 requests {after:7} KiB  "
                f"{(during - before) / count:6.2f} KiB each",
                flush=True,
            )
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--connections", type=int, default=2000)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(SystemExit("too long")))
    contenders = {"pointsman": options.binary, "nginx": shutil.which("nginx"), "haproxy": shutil.which("haproxy")}
    for name, binary in contenders.items():
        for requests in (True, False):
            if binary:
                signal.alarm(DEADLINE)
                run(name, binary, options.connections, requests)


if __name__ == "__main__":
    main()
