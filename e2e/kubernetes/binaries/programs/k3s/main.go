// A stand-in for k3s where its binary cannot be had: the same command line, files and join tokens over upstream's
// programs, each a process of its own. What it does not know it refuses.
//
// Differences from k3s: etcd holds the state, agents talk to the API server itself and join by a bootstrap token or a
// static one, the API server calls kubelets directly, and nothing but CoreDNS is deployed. NetworkPolicies are not
// enforced.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

const (
	dataDirectory = "/var/lib/rancher/k3s"
	kubeconfig    = "/etc/rancher/k3s/k3s.yaml"
	socket        = "/run/k3s/containerd/containerd.sock"
)

// Where this program lies: upstream's programs are beside it.
var home = func() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return filepath.Dir(path)
}()

// Set by the linker.
var version = "v0.0.0+unknown"

func main() {
	// Children are told to end when the thread that started them does: the first thread never does.
	runtime.LockOSThread()
	arguments := os.Args[1:]
	name := filepath.Base(os.Args[0])
	if name == "k3s" {
		if len(arguments) == 0 {
			fail("say server, agent, kubectl, ctr, token or --version")
		}
		name, arguments = arguments[0], arguments[1:]
	}
	switch name {
	case "--version", "-v":
		fmt.Printf("k3s version %s (lab)\n", version)
	case "server":
		check(runServer(parse("server", arguments)))
	case "agent":
		check(runAgent(parse("agent", arguments)))
	case "kubectl":
		if os.Getenv("KUBECONFIG") == "" {
			os.Setenv("KUBECONFIG", kubeconfig)
		}
		check(syscall.Exec(filepath.Join(home, "kubectl"), append([]string{"kubectl"}, arguments...), os.Environ()))
	case "ctr":
		all := append([]string{"ctr", "--address", socket, "--namespace", "k8s.io"}, arguments...)
		check(syscall.Exec(find("ctr"), all, os.Environ()))
	case "token":
		check(token(arguments))
	default:
		fail("%q is unknown", name)
	}
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "k3s: "+format+"\n", values...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// A program beside this one, or else of the system.
func find(name string) string {
	places := append([]string{home}, strings.Split("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ":")...)
	for _, place := range places {
		// The installer calls this program by the names of others too.
		path, err := filepath.EvalSymlinks(filepath.Join(place, name))
		if err == nil && filepath.Base(path) != "k3s" {
			return filepath.Join(place, name)
		}
	}
	fail("%s is not on this machine", name)
	return ""
}
