"""What is measured, one function each, in the order in which the data grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from returns_portal.local import postgres
from returns_portal.local.bench import http_load, memory
from returns_portal.local.bench.http_load import Outcome
from returns_portal.local.bench.lines import percentile
from returns_portal.local.bench.running import Bench, answer_of
from returns_portal.local.progress import LocalError, say
from returns_portal.local.stack import http_answers

CLIENTS = (1, 8, 32)


def measure(bench: Bench) -> None:
    """Do everything, in the order in which the data grows."""
    say("Making the shop and its orders")
    bench.facts = bench.step("prepare")
    bench.step("orders", first=1, last=bench.size.pool)
    web = bench.stack.start_web(bench.port)
    web.wait_until(lambda: http_answers(bench.port, "/healthz"), seconds=90)
    requests(bench)
    floor(bench)
    requests_beside_worker(bench)
    set_aside(bench)
    statements(bench)
    cycles(bench)
    providers(bench)
    decisions(bench)
    pages(bench)
    rehearsal(bench)


def requests(bench: Bench) -> None:
    """Return requests through the HTTP API; the work they leave behind waits."""
    say("Requesting returns through the API")
    share = bench.size.pool // 8
    warm(bench, 40)
    for clients in CLIENTS:
        name = f"api_return_requests_{clients}_clients"
        before = cpu(bench)
        outcome = load(bench, clients, share)
        after = cpu(bench)
        put_load(bench, name, outcome, clients)
        for program, spent in after.items():
            each = (spent - before[program]) * 1000 / len(outcome.seconds)
            bench.lines.put(
                f"{name}_cpu_{program}", each, "ms", n=len(outcome.seconds), seconds=outcome.elapsed
            )


def cpu(bench: Bench) -> dict[str, float]:
    """Return the processor seconds so far: on a busy machine they tell more than the clock."""
    web = next(child for child in bench.stack.programs if child.name == "The web server")
    return {
        "web": memory.cpu_seconds(web.pid),
        "postgresql": memory.cpu_seconds(bench.stack.servers[0].pid),
    }


def warm(bench: Bench, count: int) -> None:
    checked(
        http_load.run(bench.port, bench.requests(count), clients=4, seconds=30, expected=201),
        "warming up",
    )


def load(bench: Bench, clients: int, count: int) -> Outcome:
    outcome = http_load.run(
        bench.port,
        bench.requests(count),
        clients=clients,
        seconds=bench.size.seconds,
        expected=201,
    )
    return checked(outcome, f"{clients} clients")


def checked(outcome: Outcome, what: str) -> Outcome:
    """Refuse to count answers that are not what was asked for."""
    if outcome.wrong or not outcome.seconds:
        raise LocalError(f"{what}: unexpected answers {outcome.wrong}: {outcome.sample}")
    return outcome


def put_load(bench: Bench, name: str, outcome: Outcome, clients: int) -> None:
    aims: dict[str, float] = {"at_least": 120.0} if clients == 8 else {}
    n, seconds = len(outcome.seconds), outcome.elapsed
    bench.lines.put(name, outcome.per_second, "requests/s", n=n, seconds=seconds, **aims)
    for percent in (50, 95, 99):
        limit = 15.0 if clients == 1 and percent == 50 else None
        bench.lines.put(
            f"{name}_p{percent}",
            percentile(outcome.seconds, percent) * 1000,
            "ms",
            n=n,
            seconds=seconds,
            at_most=limit,
        )


def floor(bench: Bench) -> None:
    """The same writes without the product, and how far the product is from them."""
    say("Writing the same rows by bare psycopg2")
    answer = bench.step(
        "measure_floor",
        key=bench.facts["key"],
        seconds=bench.size.seconds / 2,
        **bench.take(bench.size.pool // 4),
    )
    for connections in ("1", "8"):
        found = answer[connections]
        name = f"bare_psycopg2_writes_{connections}_connections"
        bench.lines.put(
            name,
            found["n"] / found["seconds"],
            "transactions/s",
            n=found["n"],
            seconds=found["seconds"],
        )
        ours = bench.lines.values[f"api_return_requests_{connections}_clients"]
        bench.lines.put(
            f"api_share_of_floor_{connections}", ours / bench.lines.values[name], "ratio", n=1
        )
    bench.lines.put("bare_psycopg2_statements", answer["statements"], "statements")


def requests_beside_worker(bench: Bench) -> None:
    """The same with a worker that handles what the requests leave; memory meanwhile."""
    say("Requesting returns beside a busy worker")
    worker = bench.stack.start_worker()
    # Beside the first process stand the beat and two that work.
    worker.wait_until(lambda: memory.usage(worker.pid).processes > 2, seconds=90)
    sampled: dict[str, memory.Usage] = {}
    timer = threading.Timer(bench.size.seconds * 0.7, lambda: sampled.update(sizes(bench)))
    timer.start()
    outcome = load(bench, 8, bench.size.pool // 8)
    timer.join()
    put_load(bench, "api_return_requests_beside_worker", outcome, 0)
    for name, used in sampled.items():
        bench.lines.put(f"memory_{name}", used.pss_mb, "MB", n=used.processes)
    for name, used in sampled.items():
        bench.lines.put(f"memory_{name}_largest_process_rss", used.largest_rss_mb, "MB")
    total = sum(used.pss_mb for used in sampled.values())
    processes = sum(used.processes for used in sampled.values())
    bench.lines.put("memory_total", total, "MB", n=processes, at_most=600)
    worker.stop()
    bench.stack.programs.remove(worker)


def sizes(bench: Bench) -> dict[str, memory.Usage]:
    """Return what each program takes now, shared pages counted once."""
    names = {
        "The web server": "web",
        "The worker": "worker_and_beat",
        "The mail catcher": "mail_catcher",
        "PostgreSQL": "postgresql",
        "Valkey": "valkey",
    }
    children = [*bench.stack.servers, *bench.stack.programs]
    return {
        names.get(child.name, child.name): memory.usage(child.pid)
        for child in children
        if child.is_alive()
    }


def set_aside(bench: Bench) -> None:
    """Mark the work that the load left behind as done, so that it is not measured below."""
    with (
        bench.stack.cluster.connection(postgres.DATABASE) as opened,
        opened.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE integrations_providercall SET status = 'cancelled' WHERE status <> 'done'"
        )
        cursor.execute("UPDATE activity_delivery SET status = 'done' WHERE status = 'waiting'")
        cursor.execute("UPDATE notifications_message SET status = 'sent' WHERE status = 'waiting'")
        cursor.execute("VACUUM (ANALYZE)")


def statements(bench: Bench) -> None:
    """SQL statements of a request and of a whole cycle."""
    say("Counting statements")
    answer = bench.step("count_statements", key=bench.facts["key"], **bench.take(8))
    bench.lines.put("sql_per_return_request", answer["request"], "statements", at_most=15)
    steps = answer["cycle"]
    for name, count in steps.items():
        bench.lines.put(f"sql_of_{name}", count, "statements")
    own = sum(count for name, count in steps.items() if name != "events")
    bench.lines.put("sql_per_cycle", own, "statements", at_most=60)
    bench.lines.put("sql_per_cycle_with_events", sum(steps.values()), "statements")


def cycles(bench: Bench) -> None:
    """Whole cycles per second in two processes, as on two cores."""
    say("Taking returns from request to money")
    for name, complete, aim in (("cycles", False, 15.0), ("cycles_complete", True, None)):
        set_aside(bench)
        running = [
            bench.start_step(
                "cycles",
                seconds=bench.size.seconds,
                complete=complete,
                **bench.take(bench.size.pool // 20),
            )
            for _ in range(2)
        ]
        answers = [answer_of(step, "cycles") for step in running]
        bench.lines.put(
            f"{name}_per_second",
            sum(found["n"] / found["seconds"] for found in answers),
            "cycles/s",
            n=sum(found["n"] for found in answers),
            seconds=max(found["seconds"] for found in answers),
            at_least=aim,
        )
        each = sum(found["cpu"] for found in answers) / sum(found["n"] for found in answers)
        bench.lines.put(f"{name}_cpu_python", each * 1000, "ms", n=len(answers))


def providers(bench: Bench) -> None:
    """Labels and refunds of one worker process against the built-in providers."""
    say("Buying labels and paying refunds")
    set_aside(bench)
    answer = bench.step("providers", count=bench.size.labels, **bench.take(bench.size.labels + 1))
    for name in ("labels", "refunds"):
        found = answer[name]
        bench.lines.put(
            f"{name}_per_second_per_worker",
            found["n"] / found["seconds"],
            f"{name}/s",
            n=found["n"],
            seconds=found["seconds"],
        )


def decisions(bench: Bench) -> None:
    """What policy takes to decide ten lines under two hundred rules."""
    say("Deciding under many rules")
    count = bench.size.visits
    answer = bench.step("decisions", count=count)
    bench.lines.put("policy_decision_cpu", answer["decision_ms"], "ms", n=count, at_most=2)
    bench.lines.put("policy_offer_cpu", answer["offer_ms"], "ms", n=count)


def pages(bench: Bench) -> None:
    """Pages with many returns, and again with twice as many."""
    count = bench.size.returns
    for place, upper in enumerate((count, 2 * count)):
        say(f"Filling up to {upper:,} returns")
        filled = bench.step("fill", first=place * count + 1, last=upper)
        bench.lines.put(
            f"seeded_rows_{upper}", filled["rows"], "rows", n=upper, seconds=filled["seconds"]
        )
        queue(bench, upper)
    first, second = (f"queue_page_p95_{n}" for n in (count, 2 * count))
    values = bench.lines.values
    bench.lines.put(
        "queue_page_growth_when_doubled", values[second] / values[first], "ratio", at_most=1.10
    )
    say("Remaking the report's figures")
    started = time.perf_counter()
    bench.stack.manage("rebuild_reports", "--merchant", "bench", log="rebuild")
    bench.lines.put(
        "report_rebuild", time.perf_counter() - started, "s", n=2 * count,
        seconds=time.perf_counter() - started,
    )  # fmt: skip
    other_pages(bench)


def queue(bench: Bench, returns: int) -> None:
    """Visit the queue as a member of staff does, one page after the other."""
    paths = [f"/app/bench/returns/{query}" for query in ("", "?view=all", "?view=on_the_way")]
    outcome = visit(bench, paths)
    name = "queue_page"
    limit = 60.0 if returns == bench.size.returns else None
    for percent, aim in ((50, None), (95, limit)):
        bench.lines.put(
            f"{name}_p{percent}_{returns}",
            percentile(outcome.seconds, percent) * 1000,
            "ms",
            n=len(outcome.seconds),
            seconds=outcome.elapsed,
            at_most=aim,
        )


def other_pages(bench: Bench) -> None:
    say("Visiting the other pages")
    aims = {"portal_first_page": 100.0}
    paths = {
        "portal_first_page": "/r/bench/",
        "return_page": f"/app/bench/returns/{bench.facts['return']}/",
        "report_page": "/app/bench/reports/?days=90",
        "report_page_12_months": "/app/bench/reports/?days=365",
        "portal_status_page": f"/r/bench/s/{bench.facts['token']}",
    }
    for name, path in paths.items():
        outcome = visit(bench, [path])
        bench.lines.put(
            f"{name}_p95",
            percentile(outcome.seconds, 95) * 1000,
            "ms",
            n=len(outcome.seconds),
            seconds=outcome.elapsed,
            at_most=aims.get(name),
        )
    for name, count in bench.step("count_pages", cookie=bench.facts["cookie"]).items():
        bench.lines.put(f"sql_of_{name}", count, "statements")


def visit(bench: Bench, paths: list[str]) -> Outcome:
    """Get ``paths`` in turn from one client, after a few visits to warm up."""

    def visits(count: int) -> Iterator[bytes]:
        for number in range(count):
            yield http_load.get(
                bench.port, paths[number % len(paths)], cookie=bench.facts["cookie"]
            )

    def run(count: int) -> Outcome:
        outcome = http_load.run(bench.port, visits(count), clients=1, seconds=60, expected=200)
        return checked(outcome, paths[0])

    run(8)
    return run(bench.size.visits)


def rehearsal(bench: Bench) -> None:
    """Decide the returns of a year again under a draft, in two processes, as on two cores."""
    say("Rehearsing a policy draft")
    bench.step("start_rehearsal")
    started = time.perf_counter()
    running = [bench.start_step("rehearse") for _ in range(2)]
    answers = [answer_of(step, "rehearse") for step in running]
    elapsed = time.perf_counter() - started
    returns = answers[0]["returns"]
    seconds = max(found["seconds"] for found in answers)
    each = returns / sum(found["cpu"] for found in answers)
    limits = {"at_least": 100_000 / 30}
    bench.lines.put(
        "rehearsal_returns_per_second",
        returns / seconds,
        "returns/s",
        n=returns,
        seconds=elapsed,
        **limits,
    )
    bench.lines.put("rehearsal_returns_per_cpu_second", each, "returns/s", n=len(answers))
