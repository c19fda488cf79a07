"""Every benchmark of the product, one after the other: ``make bench``."""

from benchmarks import event_topics, produce_http, worker_latency, worker_replicas, worker_throughput

if __name__ == "__main__":
    worker_throughput.main()
    worker_replicas.main()
    worker_latency.main()
    produce_http.main()
    event_topics.main()
