// Where the definitions of other people's custom resources come from, for tests that render ours.
module heartzone.dev/custom-resources

go 1.26.0

require (
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.4.0
)
