// The image of a pod's sandbox, for the node of tests/e2e/cluster.
module heartzone.dev/pause

go 1.26.0
