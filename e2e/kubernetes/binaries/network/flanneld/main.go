// flanneld out of flannel's own packages, as k3s has it: with Kubernetes for its books and the three backends that
// Skein installs. flannel's own program links cloud backends too, one of which cannot be built without a C compiler.
// Its flags and files are flannel's.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"github.com/flannel-io/flannel/pkg/trafficmngr/nftables"
	"k8s.io/klog/v2"
)

const resyncSeconds = 5

var (
	kubernetes = flag.Bool("kube-subnet-mgr", false, "must be said: ranges come from Kubernetes")
	kubeconfig = flag.String("kubeconfig-file", "", "access to Kubernetes, where this is no pod")
	network    = flag.String("net-config-path", "/etc/kube-flannel/net-conf.json", "the network's configuration")
	subnetFile = flag.String("subnet-file", "/run/flannel/subnet.env", "told of this node, for the CNI plugin")
	card       = flag.String("iface", "", "name or address of the card to other nodes; that of the default route")
	masquerade = flag.Bool("ip-masq", false, "what leaves the network gets the node's address")
)

func main() {
	klog.InitFlags(nil)
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "flanneld:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if !*kubernetes {
		return fmt.Errorf("this build keeps its books in Kubernetes alone: say --kube-subnet-mgr")
	}
	books, err := kube.NewSubnetManager(ctx, "", *kubeconfig, "flannel.alpha.coreos.com", *network, true)
	if err != nil {
		return err
	}
	config, err := books.GetNetworkConfig(ctx)
	if err != nil {
		return err
	}
	stack, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return err
	}
	if _, err := os.Stat("/proc/sys/net/bridge/bridge-nf-call-iptables"); err != nil && !config.EnableNFTables {
		return fmt.Errorf("br_netfilter is not loaded: %w", err)
	}
	public, _ := books.GetStoredPublicIP(ctx)
	options := ipmatch.PublicIPOpts{PublicIP: public}
	wanted := *card
	if wanted == "" {
		wanted = public
	}
	through, err := ipmatch.LookupExtIface(wanted, "", "", stack, options)
	if err != nil {
		return err
	}
	kind, err := backend.NewManager(ctx, books, through).GetBackend(config.BackendType)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	registered, err := kind.RegisterNetwork(ctx, &running, config)
	if err != nil {
		return err
	}
	// Rules of the other kind may be left of an earlier configuration.
	if err := traffic(!config.EnableNFTables).CleanUp(ctx); err != nil {
		return err
	}
	rules := traffic(config.EnableNFTables)
	if err := rules.Init(ctx); err != nil {
		return err
	}
	lease := registered.Lease()
	if *masquerade {
		if err := rules.SetupAndEnsureMasqRules(ctx, config.Network, before("FLANNEL_SUBNET"), before("FLANNEL_NETWORK"),
			config.IPv6Network, ip.IP6Net{}, ip.IP6Net{}, lease, resyncSeconds, false); err != nil {
			return err
		}
	}
	rules.SetupAndEnsureForwardRules(ctx, config.Network, config.IPv6Network, resyncSeconds)
	if err := books.HandleSubnetFile(*subnetFile, config, *masquerade, lease.Subnet, lease.IPv6Subnet, registered.MTU()); err != nil {
		return err
	}
	running.Add(1)
	go func() {
		registered.Run(ctx)
		running.Done()
	}()
	if err := books.CompleteLease(ctx, lease, &running); err != nil {
		return err
	}
	running.Wait()
	return nil
}

func traffic(byNftables bool) trafficmngr.TrafficManager {
	if byNftables {
		return &nftables.NFTablesManager{}
	}
	return &iptables.IPTablesManager{}
}

// What an earlier start wrote, whose rules are replaced.
func before(name string) ip.IP4Net {
	content, _ := os.ReadFile(*subnetFile)
	for line := range strings.Lines(string(content)) {
		value, found := strings.CutPrefix(strings.TrimSpace(line), name+"=")
		if _, cidr, err := net.ParseCIDR(value); found && err == nil {
			return ip.FromIPNet(cidr)
		}
	}
	return ip.IP4Net{}
}
