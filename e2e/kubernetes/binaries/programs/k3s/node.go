package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	images = dataDirectory + "/agent/images"
	// Where k3s unpacks the programs that it carries.
	carried  = dataDirectory + "/data/current/bin"
	networks = dataDirectory + "/agent/etc/cni/net.d"
	// What k3s takes for the container that holds a pod's namespaces.
	pause = "docker.io/rancher/mirrored-pause:3.6"
)

var imported = make(chan error, 1)

// Starts containerd, and gives it the images that were put in k3s's folder for them.
func startContainerd(all *children, ownNetwork bool) {
	var network string
	// Without a network of its own k3s leaves containerd's defaults: /opt/cni/bin and /etc/cni/net.d.
	if ownNetwork {
		network = fmt.Sprintf("  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = %q\n    conf_dir = %q\n", carried, networks)
	}
	carry()
	config := in(dataDirectory, "agent/etc/containerd/config.toml")
	write(config, []byte(fmt.Sprintf(`version = 2
root = "%s/agent/containerd"
state = "/run/k3s/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # A container may not be given a better score than its parent has, which is no kubelet of a real machine's.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
%s`, dataDirectory, socket, pause, network)), 0o600)
	check(os.MkdirAll(filepath.Dir(socket), 0o711))
	all.start("containerd", "--config", config)
	go func() {
		imported <- importImages(all)
	}()
}

func importImages(all *children) error {
	if err := all.until("containerd answers", func() bool {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			connection.Close()
		}
		return err == nil && run("ctr", "--address", socket, "version") == nil
	}); err != nil {
		return err
	}
	archives, err := filepath.Glob(images + "/*.tar")
	check(err)
	for _, archive := range archives {
		// What no pod here needs is not unpacked.
		if err := run("ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", "--no-unpack", archive); err != nil {
			return err
		}
	}
	return nil
}

// k3s carries the usual CNI plugins; a network that somebody else installs takes them from here.
func carry() {
	check(os.MkdirAll(carried, 0o755))
	for _, name := range []string{"bridge", "host-local", "loopback", "portmap", "bandwidth", "firewall", "flannel"} {
		from, to := "/usr/lib/cni/"+name, in(carried, name)
		if name == "flannel" {
			from = in(home, "flannel")
		}
		if exists(to) {
			continue
		}
		source, err := os.Open(from)
		check(err)
		target, err := os.OpenFile(to+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
		check(err)
		_, err = io.Copy(target, source)
		check(err)
		source.Close()
		check(target.Close())
		check(os.Rename(to+".new", to))
	}
}

// Starts what runs on every node. `config` is the kubelet's kubeconfig; where it is not there yet, the kubelet makes
// it with the token in `bootstrap`.
func startNode(all *children, n node, about cluster, config, bootstrap, clientCA string) error {
	select {
	case err := <-imported:
		if err != nil {
			return err
		}
	case err := <-all.ended:
		return err
	}
	kubelet := in(dataDirectory, "agent/etc/kubelet.json")
	write(kubelet, toJSON(map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"cgroupDriver": "cgroupfs", "failSwapOn": false, "oomScoreAdj": 0, "maxOpenFiles": 20000,
		// A namespace is no machine of its own: what the kernel has but once, a kubelet here may not set.
		"featureGates":             map[string]bool{"KubeletInUserNamespace": true},
		"authentication":           map[string]any{"anonymous": map[string]bool{"enabled": false}, "x509": map[string]string{"clientCAFile": clientCA}},
		"authorization":            map[string]string{"mode": "Webhook"},
		"containerRuntimeEndpoint": "unix://" + socket, "resolvConf": n.resolvConf,
		"clusterDNS": []string{about.ClusterDNS}, "clusterDomain": about.ClusterDomain, "readOnlyPort": 0,
		"evictionHard": map[string]string{"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%", "nodefs.inodesFree": "1%"},
	}), 0o600)
	options := []string{"config=" + kubelet, "kubeconfig=" + config, "hostname-override=" + n.name, "node-ip=" + n.ip}
	if bootstrap != "" {
		options = append(options, "bootstrap-kubeconfig="+bootstrap)
	}
	if len(n.labels) > 0 {
		options = append(options, "node-labels="+strings.Join(n.labels, ","))
	}
	if len(n.taints) > 0 {
		options = append(options, "register-with-taints="+strings.Join(n.taints, ","))
	}
	all.start("kubelet", arguments(options, n.kubeletArgs)...)
	if err := all.until("the kubelet has joined", func() bool { return exists(config) }); err != nil {
		return err
	}
	if !about.DisableProxy {
		proxy := in(dataDirectory, "agent/etc/kube-proxy.json")
		write(proxy, toJSON(map[string]any{
			"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
			"clientConnection": map[string]string{"kubeconfig": config}, "clusterCIDR": about.ClusterCIDR,
			"hostnameOverride": n.name, "mode": proxyMode(n.proxyArgs), "conntrack": map[string]int{"maxPerCore": 0, "min": 0},
		}), 0o600)
		all.start("kube-proxy", "--config", proxy)
	}
	if about.FlannelBackend != "none" {
		if err := startFlannel(all, n, about, config); err != nil {
			return err
		}
	}
	return nil
}

func proxyMode(asked []string) string {
	mode := "iptables"
	for _, each := range asked {
		value, known := strings.CutPrefix(each, "proxy-mode=")
		if !known {
			fail("--kube-proxy-arg %s: the stand-in knows proxy-mode alone", each)
		}
		mode = value
	}
	return mode
}

func startFlannel(all *children, n node, about cluster, config string) error {
	backends := map[string]string{"vxlan": "vxlan", "host-gw": "host-gw", "wireguard-native": "wireguard"}
	backend, known := backends[about.FlannelBackend]
	if !known {
		fail("--flannel-backend %s: say vxlan, host-gw, wireguard-native or none", about.FlannelBackend)
	}
	file := in(dataDirectory, "agent/etc/flannel/net-conf.json")
	write(file, toJSON(map[string]any{"Network": about.ClusterCIDR, "Backend": map[string]string{"Type": backend}}), 0o644)
	write(in(networks, "10-flannel.conflist"), []byte(`{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [
  {"type": "flannel", "delegate": {"hairpinMode": true, "forceAddress": true, "isDefaultGateway": true}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`), 0o644)
	// flanneld ends when it is too early.
	if err := all.until("the node has a range for its pods", func() bool {
		told, _ := exec.Command(find("kubectl"), "--kubeconfig", config, "get", "node", n.name, "--output=jsonpath={.spec.podCIDR}").Output()
		return len(told) > 0
	}); err != nil {
		return err
	}
	via := n.flannelInterface
	if via == "" {
		via = n.ip
	}
	all.startWith([]string{"NODE_NAME=" + n.name}, "flanneld", "--kube-subnet-mgr", "--kubeconfig-file="+config,
		"--net-config-path="+file, "--ip-masq", "--iface="+via)
	return nil
}

func toJSON(value any) []byte {
	text, err := json.MarshalIndent(value, "", "  ")
	check(err)
	return text
}
