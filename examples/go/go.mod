module example

go 1.24

require github.com/thrashr888/agentkernel/bindings/go v0.1.0

replace github.com/thrashr888/agentkernel/bindings/go => ../../bindings/go
