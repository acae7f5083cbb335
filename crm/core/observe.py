"""How operators see the program: structured logs with a request id, health, readiness, Prometheus metrics."""

from __future__ import annotations

import hmac
import logging
import sys
import time

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crm.core.db import newest_migration, session
from crm.core.guards import public
from crm.core.web import path_without_secrets

bp = Blueprint("observe", __name__)
log = structlog.get_logger("seedbed.web")

REQUESTS = Counter("seedbed_requests", "Answered requests", ["endpoint", "method", "status"])
SECONDS = Histogram("seedbed_request_seconds", "Time to answer", ["endpoint"])


def set_up_logs(log_format: str) -> None:
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    REQUESTS.labels(endpoint, request.method, response.status_code).inc()
    SECONDS.labels(endpoint).observe(seconds)
    response.headers["Server-Timing"] = f"app;dur={seconds * 1000:.1f}"
    if endpoint != "static":
        viewer = g.get("viewer")
        log.info(
            "request",
            method=request.method,
            path=path_without_secrets(),
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            viewer=viewer.person_id if viewer else None,
        )
    return response


@bp.get("/health")
@public
def health() -> Response:
    """The process lives."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/ready")
@public
def ready() -> Response:
    """The database answers and has this release's tables: 200, else 503 with the reason."""
    try:
        known = session().execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        return Response(f"database: {type(error).__name__}\n", status=503, mimetype="text/plain")
    if known != newest_migration():
        told = f"database: it is at migration {known}, this release needs {newest_migration()}\n"
        return Response(told, status=503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Open to this machine, and to whoever brings METRICS_TOKEN as a bearer token."""
    token = current_app.config["METRICS_TOKEN"]
    brought = request.headers.get("Authorization", "").removeprefix("Bearer ")
    from_here = request.remote_addr in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers
    if not from_here and not (token and hmac.compare_digest(token.encode(), brought.encode())):
        abort(403)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def init_app(app: Flask) -> None:
    if not app.testing:
        set_up_logs(app.config["LOG_FORMAT"])
    app.before_request(_start)
    app.after_request(_count)
    app.register_blueprint(bp)
