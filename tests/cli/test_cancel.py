"""A cancel where the network to the warehouse lets the session live and no new one through."""

import os
import signal
import socket
import threading
import time

import psycopg
import pytest

import stack as stacks


class Way:
    """Passes each session on until hold(); what connects after that is taken and never answered."""

    def __init__(self, to):
        self.to = to
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.holding, self.held, self.open = False, [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            if self.holding:
                self.held.append(client)
                continue
            there = socket.socket(socket.AF_UNIX)
            there.connect(self.to)
            self.open += [client, there]
            for a, b in ((client, there), (there, client)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def end(self):
        for one in [self.server, *self.held, *self.open]:
            one.close()


@pytest.fixture
def way(session_stack, small):
    session_stack.run("setup", "--recreate", "--dataset", small).quiet()
    session_stack.run("run", "full").quiet()
    at = psycopg.conninfo.conninfo_to_dict(session_stack.dsn["BIKEOPS_WAREHOUSE_DSN"])
    way = Way(f"{at['host']}/.s.PGSQL.{at['port']}")
    way.dsn = psycopg.conninfo.make_conninfo(**{**at, "host": "127.0.0.1", "port": way.port})
    yield way
    way.end()


def change(stack):
    with stack.connect("source") as conn:
        conn.execute("UPDATE store.orders SET required_date = required_date + 1 WHERE order_id = '1'")


def keepalives(port):
    """The seconds until each session to this port asks whether the other side is still there."""
    lines = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    return [int(timer[3:], 16) / os.sysconf("SC_CLK_TCK") for _, _, far, state, _, timer, *_ in lines
            if far.endswith(f":{port:04X}") and state == "01" and timer.startswith("02:")]


def test_server_that_vanishes(stack, way):
    """A session whose server is gone without a word is found out in two minutes, not in two hours."""
    change(stack)
    with stack.locked("bikeops.watermark"):
        child = stack.start("run", "incremental", env={"BIKEOPS_WAREHOUSE_DSN": way.dsn})
        try:
            stacks.wait_until(stack.waiting, 20)
            stacks.wait_until(lambda: keepalives(way.port), 5)
            assert max(keepalives(way.port)) <= 61
        finally:
            child.kill()
            child.communicate()
    stack.run("run", "incremental").quiet()


def test_cancel_that_is_not_taken(stack, way):
    """The run goes on after three seconds, and ends as its session does."""
    change(stack)
    with stack.locked("bikeops.watermark") as conn:
        child = stack.start("run", "incremental", env={"BIKEOPS_WAREHOUSE_DSN": way.dsn})
        try:
            stacks.wait_until(stack.waiting, 20)
            way.holding = True
            child.send_signal(signal.SIGINT)
            stacks.wait_until(lambda: way.held, 5)
            time.sleep(3.5)
            conn.execute("ROLLBACK")
            out, err = child.communicate(timeout=10)
        finally:
            child.kill()
            child.wait()
    assert child.returncode == 130, (out, err)
    assert stack.json("runs")["runs"][0]["state"] == "cancelled"
    stack.run("run", "incremental").quiet()
