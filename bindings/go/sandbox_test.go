package agentkernel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/thrashr888/agentkernel/bindings/go"
)

func TestWithSandbox(t *testing.T) {
	client := localClient(t)
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancel(bounded(t))
	ends := map[string]func(*agentkernel.SandboxSession) error{
		"go-returns": func(*agentkernel.SandboxSession) error { return nil },
		"go-fails":   func(*agentkernel.SandboxSession) error { return stopped },
		"go-panics":  func(*agentkernel.SandboxSession) error { panic(stopped) },
		"go-ends": func(s *agentkernel.SandboxSession) error {
			cancel()
			_, err := s.Run(ctx, []string{"true"})
			return err
		},
		"go-removes": func(s *agentkernel.SandboxSession) error { return client.RemoveSandbox(bounded(t), s.Name()) },
	}
	wanted := map[string]error{"go-fails": stopped, "go-panics": stopped, "go-ends": context.Canceled}
	for name, use := range ends {
		err := func() (err error) {
			defer func() {
				if thrown := recover(); thrown != nil {
					err = thrown.(error)
				}
			}()
			within := bounded(t)
			if name == "go-ends" {
				within = ctx
			}
			return client.WithSandbox(within, name, nil, func(s *agentkernel.SandboxSession) error {
				info, err := s.Info(bounded(t))
				if err != nil || info.Name != name || info.Status != "running" {
					t.Error(info, err)
				}
				return use(s)
			})
		}()
		if !errors.Is(err, wanted[name]) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := client.GetSandbox(bounded(t), name); !errors.Is(err, agentkernel.ErrNotFound) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

// The requests of WithSandbox when the reply to its create is lost, or is an error.
func TestWithSandboxLosesItsAnswer(t *testing.T) {
	const there = `{"method": "GET", "steps": [{"reply": {"status": 404, "json": {"success": false, "error": "no"}}}]},
		{"method": "GET", "steps": [{"reply": {"json": {"success": true, "data": {"name": "x", "status": "running"}}}}]},
		{"method": "DELETE", "steps": [{"reply": {"json": {"success": true}}}]}`
	for create, wanted := range map[string]string{
		`{"reset": true}`:   "[POST GET GET DELETE]",
		`{"wait": "close"}`: "[POST GET GET DELETE]",
		`{"reply": {"status": 409, "json": {"success": false, "error": "exists"}}}`: "[POST]",
	} {
		server := fault(t, `{"rules": [{"method": "POST", "steps": [`+create+`]}, `+there+`]}`)
		ctx, stop := context.WithCancel(bounded(t))
		if create == `{"wait": "close"}` {
			go func() {
				server.await("complete", 1)
				stop()
			}()
		}
		err := server.client(t).WithSandbox(ctx, "x", nil, func(*agentkernel.SandboxSession) error {
			t.Error("it was used")
			return nil
		})
		stop()
		if err == nil {
			t.Error("no error")
		}
		var methods []string
		for _, request := range ask(t, map[string]any{"op": "log", "id": server.id})["requests"].([]any) {
			methods = append(methods, request.(map[string]any)["method"].(string))
		}
		if fmt.Sprint(methods) != wanted {
			t.Errorf("%s: %v, not %s (%v)", create, methods, wanted, err)
		}
	}
}
