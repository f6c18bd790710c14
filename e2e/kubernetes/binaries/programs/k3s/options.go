package main

import (
	"net"
	"os"
	"strings"
)

type options struct {
	node
	clusterCIDR, serviceCIDR, clusterDNS, clusterDomain string
	advertise, kubeconfigMode                           string
	tlsSAN, disabled                                    []string
	flannelBackend                                      string
	disableProxy, clusterInit                           bool
	apiserverArgs, controllerArgs, schedulerArgs        []string
	server                                              string
	tokenText                                           string
}

type node struct {
	name, ip, resolvConf, flannelInterface string
	labels, taints                         []string
	kubeletArgs, proxyArgs                 []string
}

// Understands what k3s does of these words, in k3s's order: the command line wins over the environment.
func parse(role string, arguments []string) options {
	o := options{
		clusterCIDR: "10.42.0.0/16", serviceCIDR: "10.43.0.0/16", clusterDomain: "cluster.local",
		kubeconfigMode: os.Getenv("K3S_KUBECONFIG_MODE"), flannelBackend: "vxlan",
		server: os.Getenv("K3S_URL"), tokenText: os.Getenv("K3S_TOKEN"),
	}
	o.name, _ = os.Hostname()
	if value := os.Getenv("K3S_NODE_NAME"); value != "" {
		o.name = value
	}
	tokenFile := os.Getenv("K3S_TOKEN_FILE")
	texts := map[string]*string{
		"--node-name": &o.name, "--node-ip": &o.ip, "-i": &o.ip,
		"--resolv-conf": &o.resolvConf, "--flannel-iface": &o.flannelInterface,
		"--token": &o.tokenText, "-t": &o.tokenText, "--token-file": &tokenFile,
	}
	lists := map[string]*[]string{
		"--node-label": &o.labels, "--node-taint": &o.taints, "--kubelet-arg": &o.kubeletArgs, "--kube-proxy-arg": &o.proxyArgs,
	}
	// Of things that the stand-in has not, so that leaving them out is no news to it.
	switches := map[string]*bool{}
	nothing := new(bool)
	if role == "server" {
		texts["--cluster-cidr"], texts["--service-cidr"] = &o.clusterCIDR, &o.serviceCIDR
		texts["--cluster-dns"], texts["--cluster-domain"] = &o.clusterDNS, &o.clusterDomain
		texts["--advertise-address"], texts["--write-kubeconfig-mode"] = &o.advertise, &o.kubeconfigMode
		texts["--flannel-backend"] = &o.flannelBackend
		lists["--tls-san"], lists["--disable"] = &o.tlsSAN, &o.disabled
		lists["--kube-apiserver-arg"], lists["--kube-scheduler-arg"] = &o.apiserverArgs, &o.schedulerArgs
		lists["--kube-controller-manager-arg"] = &o.controllerArgs
		switches["--disable-kube-proxy"], switches["--cluster-init"] = &o.disableProxy, &o.clusterInit
		for _, name := range []string{"--disable-network-policy", "--disable-cloud-controller", "--disable-helm-controller"} {
			switches[name] = nothing
		}
	} else {
		texts["--server"], texts["-s"] = &o.server, &o.server
	}
	for index := 0; index < len(arguments); index++ {
		name, value, joined := strings.Cut(arguments[index], "=")
		if target, known := switches[name]; known {
			*target = !joined || value == "true"
			continue
		}
		text, isText := texts[name]
		list, isList := lists[name]
		if !isText && !isList {
			fail("%s: the stand-in does not know the option %s", role, name)
		}
		if !joined {
			if index++; index == len(arguments) {
				fail("%s needs a value", name)
			}
			value = arguments[index]
		}
		if isText {
			*text = value
		} else if name == "--kubelet-arg" || strings.HasPrefix(name, "--kube-") {
			*list = append(*list, value)
		} else {
			*list = append(*list, strings.Split(value, ",")...)
		}
	}
	if o.tokenText == "" && tokenFile != "" {
		content, err := os.ReadFile(tokenFile)
		check(err)
		o.tokenText = strings.TrimSpace(string(content))
	}
	if o.ip == "" {
		o.ip = ownAddress()
	}
	if net.ParseIP(o.ip) == nil {
		fail("--node-ip %s is no address", o.ip)
	}
	if o.advertise == "" {
		o.advertise = o.ip
	}
	if o.resolvConf == "" {
		o.resolvConf = "/etc/resolv.conf"
	}
	for _, name := range o.disabled {
		switch name {
		case "coredns", "servicelb", "traefik", "local-storage", "metrics-server":
		default:
			fail("--disable %s: there is no such component", name)
		}
	}
	return o
}

// The address of the way to everywhere, as k3s takes it. No packet is sent.
func ownAddress() string {
	connection, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		fail("this machine has no default route, so say --node-ip: %v", err)
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

func (o options) brings(component string) bool {
	for _, name := range o.disabled {
		if name == component {
			return false
		}
	}
	return true
}

// An address of a range, counted from its first.
func addressIn(cidr string, number int) string {
	ip, _, err := net.ParseCIDR(cidr)
	if err != nil || ip.To4() == nil {
		fail("%s is no range of IPv4", cidr)
	}
	four := ip.To4()
	for index, rest := 3, number; index >= 0; index-- {
		rest += int(four[index])
		four[index] = byte(rest)
		rest >>= 8
	}
	return four.String()
}
