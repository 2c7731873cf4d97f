// Command vault-core is Vault's own request handling over a store in memory, for tests: initialised and unsealed
// when it answers, on a free loopback port, gone when its process ends. It must never hold a secret that matters.
//
// It prints one line of JSON, {"address", "root_token"}, when it is ready, and adds two things to Vault's API:
// GET /rig/requests tells how often each method and path was asked for, DELETE /rig/requests starts again from zero.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/credential/userpass"
	"github.com/hashicorp/vault/builtin/logical/transit"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// registry names the plugins that mounting looks up before it takes the factory from the core's configuration.
type registry map[consts.PluginType][]string

func (r registry) Contains(name string, kind consts.PluginType) bool {
	for _, known := range r[kind] {
		if known == name {
			return true
		}
	}
	return false
}

func (r registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	return func() (interface{}, error) { return nil, fmt.Errorf("%s is built in", name) }, r.Contains(name, kind)
}

func (r registry) Keys(kind consts.PluginType) []string { return r[kind] }

func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, r.Contains(name, kind)
}

// counter counts requests by method and path, its own left out.
type counter struct {
	sync.Mutex
	next  http.Handler
	count map[string]int
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/rig/requests" {
		c.Lock()
		c.count[r.Method+" "+r.URL.Path]++
		c.Unlock()
		c.next.ServeHTTP(w, r)
		return
	}
	c.Lock()
	defer c.Unlock()
	if r.Method == http.MethodDelete {
		c.count = map[string]int{}
	}
	_ = json.NewEncoder(w).Encode(c.count)
}

func run(ctx context.Context) error {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr})
	store, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:     store,
		DisableMlock: true,
		Logger:       logger,
		BuiltinRegistry: registry{
			consts.PluginTypeSecrets:    {"kv", "transit"},
			consts.PluginTypeCredential: {"approle", "kubernetes", "userpass"},
		},
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory, "transit": transit.Factory},
		CredentialBackends: map[string]logical.Factory{
			"approle": approle.Factory, "kubernetes": kubernetes.Factory, "userpass": userpass.Factory,
		},
	})
	if err != nil {
		return err
	}
	shares := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	made, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: shares, RecoveryConfig: &vault.SealConfig{}})
	if err != nil {
		return err
	}
	if _, err := core.Unseal(made.SecretShares[0]); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ready := map[string]string{"address": "http://" + listener.Addr().String(), "root_token": made.RootToken}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core})
	return http.Serve(listener, &counter{next: handler, count: map[string]int{}})
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "vault-core:", err)
		os.Exit(1)
	}
}
