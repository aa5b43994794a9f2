"""Every endpoint of the engine, to be read from top to bottom; the first that fits is taken."""

from __future__ import annotations

from . import api_containers as containers
from . import api_drills as drills
from . import api_execs as execs
from . import api_images as images
from . import api_system as system
from .web import Route

NO_SWARM = system.refuse("is no swarm: there are no services, nodes, tasks, secrets or configs")
NO_PLUGINS = system.refuse("has no plugins")
NO_VOLUMES = system.refuse("has no volumes: a container's files live and die with it")
NO_NETWORKS = system.refuse("makes no networks: see which there are with GET /networks")

ROUTES = [
    Route("OPTIONS", "/{rest}", system.options),
    Route("HEAD", "/_ping", system.ping_head),
    Route("GET", "/_ping", system.ping),
    Route("GET", "/version", system.version),
    Route("GET", "/info", system.info),
    Route("GET", "/events", system.events),
    Route("GET", "/system/df", system.disk_usage),
    Route("POST", "/auth", system.auth),
    # containers
    Route("GET", "/containers/json", containers.list_all),
    Route("POST", "/containers/create", containers.create),
    Route("POST", "/containers/prune", containers.prune),
    Route("HEAD", "/containers/{name}/archive", containers.archive_stat),
    Route("GET", "/containers/{name}/archive", containers.archive_get),
    Route("PUT", "/containers/{name}/archive", containers.archive_put, takes_file=True),
    Route("GET", "/containers/{name}/export", containers.export),
    Route("GET", "/containers/{name}/changes", containers.changes),
    Route("GET", "/containers/{name}/json", containers.inspect),
    Route("GET", "/containers/{name}/top", containers.top_of),
    Route("GET", "/containers/{name}/logs", containers.logs),
    Route("GET", "/containers/{name}/stats", containers.stats_of),
    Route("POST", "/containers/{name}/start", containers.start),
    Route("POST", "/containers/{name}/stop", containers.stop),
    Route("POST", "/containers/{name}/restart", containers.restart),
    Route("POST", "/containers/{name}/kill", containers.kill),
    Route("POST", "/containers/{name}/pause", containers.pause),
    Route("POST", "/containers/{name}/unpause", containers.unpause),
    Route("POST", "/containers/{name}/wait", containers.wait),
    Route("POST", "/containers/{name}/resize", containers.resize),
    Route("POST", "/containers/{name}/attach", containers.attach),
    Route("GET", "/containers/{name}/attach/ws", containers.attach_over_websocket),
    Route("POST", "/containers/{name}/rename", containers.rename),
    Route("POST", "/containers/{name}/update", containers.update),
    Route("POST", "/containers/{name}/exec", execs.create),
    Route("DELETE", "/containers/{name}", containers.remove),
    Route("POST", "/commit", containers.commit),
    # execs
    Route("POST", "/exec/{id}/start", execs.start),
    Route("POST", "/exec/{id}/resize", execs.resize),
    Route("GET", "/exec/{id}/json", execs.inspect),
    # images
    Route("GET", "/images/json", images.list_all),
    Route("GET", "/images/search", images.search),
    Route("GET", "/images/get", images.get_many),
    Route("GET", "/images/{name}/get", images.get),
    Route("GET", "/images/{name}/json", images.inspect),
    Route("GET", "/images/{name}/history", images.history),
    Route("POST", "/images/create", images.create, takes_file=True),
    Route("POST", "/images/load", images.load, takes_file=True),
    Route("POST", "/images/prune", images.prune),
    Route("POST", "/images/{name}/tag", images.tag),
    Route("POST", "/images/{name}/push", images.push),
    Route("DELETE", "/images/{name}", images.remove),
    Route("GET", "/distribution/{name}/json", images.distribution),
    Route("POST", "/build", images.build, takes_file=True),
    Route("POST", "/build/prune", system.prune_builds),
    Route("POST", "/build/cancel", images.build),
    # our own, no part of Docker's API
    Route("GET", drills.PATH, drills.list_all),
    Route("POST", drills.PATH, drills.begin),
    Route("DELETE", drills.PATH, drills.end),
    # what there is not
    Route("GET", "/networks", system.networks),
    Route("POST", "/networks/create", NO_NETWORKS),
    Route("POST", "/networks/prune", system.prune_networks),
    Route("GET", "/networks/{name}", system.network),
    Route("DELETE", "/networks/{name}", system.remove_network),
    Route("*", "/networks/{rest}", NO_NETWORKS),
    Route("GET", "/volumes", system.volumes),
    Route("POST", "/volumes/create", NO_VOLUMES),
    Route("POST", "/volumes/prune", system.prune_volumes),
    Route("GET", "/volumes/{name}", system.volume),
    Route("DELETE", "/volumes/{name}", system.volume),
    Route("*", "/volumes/{rest}", NO_VOLUMES),
    Route("GET", "/plugins", system.nothing),
    Route("GET", "/plugins/{name}/json", system.plugin),
    Route("*", "/plugins/{rest}", NO_PLUGINS),
    Route("POST", "/session", system.refuse("builds no images, and so has no sessions")),
    Route("POST", "/grpc", system.refuse("builds no images, and so speaks no gRPC")),
    Route("POST", "/containers/{name}/checkpoints", system.refuse("makes no checkpoints")),
    Route("GET", "/containers/{name}/checkpoints", system.refuse("makes no checkpoints")),
    *(
        Route("*", path, NO_SWARM)
        for name in ("swarm", "nodes", "services", "tasks", "secrets", "configs")
        for path in (f"/{name}", f"/{name}/{{rest}}")
    ),
]
