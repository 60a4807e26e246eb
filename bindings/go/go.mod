module github.com/thrashr888/agentkernel/bindings/go

go 1.24
