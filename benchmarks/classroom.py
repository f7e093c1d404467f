"""Thirty sessions on the Compare page, one rerun a second each, while a run trains.

Must hold: 95 % of answers under 200 ms; memory of the server flat after the sessions end.

    python benchmarks/classroom.py [--sessions 30] [--seconds 20]
"""

import argparse
import asyncio
import os
import time
from statistics import quantiles

import psutil
from _dashboard import served, start_run
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect


async def rerun(socket: WebSocketClientConnection, query: str, page: str) -> float:
    """Ask for one run of the Compare page and return the seconds until the script has finished."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    message.rerun_script.page_script_hash = ""
    begin = time.perf_counter()
    await socket.write_message(message.SerializeToString(), binary=True)
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await socket.read_message())
        if answer.WhichOneof("type") == "script_finished":
            return time.perf_counter() - begin


async def session(url: str, cookie: str, query: str, seconds: float, offset: float) -> list[float]:
    """One person who causes a rerun every second."""
    socket = await websocket_connect(
        HTTPRequest(
            url.replace("http", "ws") + "/_stcore/stream",
            headers={"Cookie": cookie, "Origin": url, "Sec-WebSocket-Protocol": "streamlit"},
        ),
        max_message_size=1 << 28,
    )
    await rerun(socket, query, "compare")  # opening the page
    await asyncio.sleep(offset)
    times = []
    for _ in range(int(seconds)):
        times.append(await rerun(socket, query, "compare"))
        await asyncio.sleep(max(0.0, 1.0 - times[-1]))
    socket.close()
    return times


async def classroom(
    url: str, cookie: str, query: str, sessions: int, seconds: float
) -> list[float]:
    people = (session(url, cookie, query, seconds, i / sessions) for i in range(sessions))
    return [t for times in await asyncio.gather(*people) for t in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with served() as dashboard:
        run_id = start_run(dashboard, epochs=1000)  # goes on training all the while
        process = psutil.Process(dashboard.server.pid)
        query = f"run={run_id}"
        memory = []
        for _ in range(3):
            times = asyncio.run(
                classroom(
                    dashboard.server.address,
                    dashboard.cookie,
                    query,
                    options.sessions,
                    options.seconds,
                )
            )
            time.sleep(5)
            memory.append(process.memory_info().rss / 2**20)
            centiles = quantiles(times, n=100)
            print(
                f"{options.sessions} sessions, {len(times)} reruns of Compare while training: "
                f"median {1000 * centiles[49]:.0f} ms, 95 % under {1000 * centiles[94]:.0f} ms "
                f"(bound 200), slowest {1000 * max(times):.0f} ms; "
                f"server holds {memory[-1]:.0f} MB after they left",
                flush=True,
            )
        print(
            f"memory after the third class against the first: {memory[-1] - memory[0]:+.0f} MB "
            f"of {memory[0]:.0f} (flat: under 5 %) on {os.cpu_count()} cores"
        )


if __name__ == "__main__":
    main()
