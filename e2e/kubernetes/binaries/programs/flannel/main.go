// flannel's CNI plugin: turns what flanneld wrote of this node into the configuration of another plugin, and has that
// one do the work. Protocol: github.com/containernetworking/cni, SPEC.md 1.0.0; what is handed on, and where it is
// kept for the end, as flannel documents it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

type object = map[string]any

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = act(os.Getenv("CNI_COMMAND"), input)
	}
	if err != nil {
		text, _ := json.Marshal(object{"cniVersion": "1.0.0", "code": 100, "msg": err.Error()})
		os.Stdout.Write(text)
		os.Exit(1)
	}
}

func act(command string, input []byte) error {
	if command == "VERSION" {
		fmt.Println(`{"cniVersion":"1.0.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]}`)
		return nil
	}
	var asked object
	if err := json.Unmarshal(input, &asked); err != nil {
		return err
	}
	kept := filepath.Join(text(asked, "dataDir", "/var/lib/cni/flannel"), os.Getenv("CNI_CONTAINERID"))
	switch command {
	case "ADD":
		delegate, err := delegateOf(asked)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(kept, delegate, 0o600); err != nil {
			return err
		}
		return call(delegate)
	case "CHECK", "DEL":
		delegate, err := os.ReadFile(kept)
		if os.IsNotExist(err) && command == "DEL" {
			// An ADD that never was, or a DEL that came before.
			return nil
		}
		if err != nil {
			return err
		}
		if previous, known := asked["prevResult"]; known {
			var with object
			if err := json.Unmarshal(delegate, &with); err != nil {
				return err
			}
			with["prevResult"] = previous
			if delegate, err = json.Marshal(with); err != nil {
				return err
			}
		}
		if err := call(delegate); err != nil || command == "CHECK" {
			return err
		}
		return os.Remove(kept)
	}
	return fmt.Errorf("CNI_COMMAND %q is unknown", command)
}

func text(from object, key, otherwise string) string {
	if value, is := from[key].(string); is && value != "" {
		return value
	}
	return otherwise
}

func delegateOf(asked object) ([]byte, error) {
	node, err := readNode(text(asked, "subnetFile", "/run/flannel/subnet.env"))
	if err != nil {
		return nil, err
	}
	// It tells the bridge's own address in the range.
	_, subnet, err := net.ParseCIDR(node["FLANNEL_SUBNET"])
	if err != nil {
		return nil, err
	}
	delegate := object{"type": "bridge"}
	if wanted, is := asked["delegate"].(object); is {
		maps.Copy(delegate, wanted)
	}
	mtu, err := strconv.Atoi(node["FLANNEL_MTU"])
	if err != nil {
		return nil, fmt.Errorf("flanneld told no MTU: %w", err)
	}
	defaults := object{"mtu": mtu, "ipMasq": node["FLANNEL_IPMASQ"] == "false"}
	if delegate["type"] == "bridge" {
		defaults["isGateway"] = true
	}
	for key, value := range defaults {
		if _, said := delegate[key]; !said {
			delegate[key] = value
		}
	}
	delegate["name"], delegate["cniVersion"] = asked["name"], asked["cniVersion"]
	if runtime, given := asked["runtimeConfig"]; given {
		delegate["runtimeConfig"] = runtime
	}
	delegate["ipam"] = object{
		"type":   "host-local",
		"ranges": [][]object{{{"subnet": subnet.String()}}},
		"routes": []object{{"dst": node["FLANNEL_NETWORK"]}},
	}
	return json.Marshal(delegate)
}

// What flanneld wrote: lines of NAME=VALUE.
func readNode(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("flanneld has not written of this node yet: %w", err)
	}
	node := map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		node[name] = value
	}
	if node["FLANNEL_SUBNET"] == "" || node["FLANNEL_NETWORK"] == "" {
		return nil, fmt.Errorf("%s has no range of this node", path)
	}
	return node, nil
}

// Its answer is ours, a failure too.
func call(delegate []byte) error {
	var plugin struct{ Type string }
	if err := json.Unmarshal(delegate, &plugin); err != nil {
		return err
	}
	for _, directory := range filepath.SplitList(os.Getenv("CNI_PATH")) {
		path := filepath.Join(directory, plugin.Type)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		command := exec.Command(path)
		command.Stdin = bytes.NewReader(delegate)
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		err := command.Run()
		if ended, is := err.(*exec.ExitError); is {
			os.Exit(ended.ExitCode())
		}
		return err
	}
	return fmt.Errorf("there is no plugin %s in %s", plugin.Type, os.Getenv("CNI_PATH"))
}
