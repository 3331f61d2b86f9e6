"""DBOS Transact doing the same: one workflow of three durable steps that do nothing for each sync.

Usage: python -m benchmarks.dbos_peer URL COUNT. Prints workflows a second.
"""

import logging
import sys
import time

from dbos import DBOS, DBOSConfig


@DBOS.step()
def step(number: int) -> int:
    """Observe, decide or deliver."""
    return number


@DBOS.workflow()
def sync(number: int) -> int:
    """Three steps, each of them recorded."""
    for _ in range(3):
        step(number)
    return number


def main(url: str, count: int) -> None:
    """Warm up, then measure."""
    logging.disable(logging.ERROR)
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "log_level": "ERROR",
        "run_admin_server": False,
    }
    DBOS(config=config)
    DBOS.launch()
    for number in range(20):
        sync(number)
    start = time.perf_counter()
    handles = [DBOS.start_workflow(sync, number) for number in range(count)]
    for handle in handles:
        handle.get_result()
    seconds = time.perf_counter() - start
    DBOS.destroy()
    print(count / seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
