"""`heartzone topics`: EventTopics compared with a cluster and applied, without Kubernetes."""
