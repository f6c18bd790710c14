package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	manifests = dataDirectory + "/server/manifests"
	tokenFile = dataDirectory + "/server/token"
	nodeToken = dataDirectory + "/server/node-token"
)

// What agents must know of the cluster, kept in it as a ConfigMap.
type cluster struct {
	ClusterCIDR, ServiceCIDR, ClusterDNS, ClusterDomain, FlannelBackend string
	DisableProxy                                                        bool
}

const clusterMap = "/api/v1/namespaces/kube-system/configmaps/k3s-lab-cluster"

//go:embed access.yaml
var accessManifest string

//go:embed coredns.yaml
var corednsManifest string

func runServer(o options) error {
	if o.server != "" {
		return fmt.Errorf("server: the stand-in has one server a cluster, so it cannot join %s as another", o.server)
	}
	if o.clusterDNS == "" {
		o.clusterDNS = addressIn(o.serviceCIDR, 10)
	}
	about := cluster{o.clusterCIDR, o.serviceCIDR, o.clusterDNS, o.clusterDomain, o.flannelBackend, o.disableProxy}

	serverCA, clientCA := openAuthority("server-ca"), openAuthority("client-ca")
	names := append([]string{
		o.ip, o.advertise, "127.0.0.1", addressIn(o.serviceCIDR, 1), "localhost", o.name,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + o.clusterDomain,
	}, o.tlsSAN...)
	servingFile, servingKey := serverCA.issue("serving-kube-apiserver", "kube-apiserver", nil, names)
	callingFile, callingKey := clientCA.issue("client-kube-apiserver", "system:apiserver", []string{"system:masters"}, nil)
	servicesKey := in(tlsDirectory, "service.key")
	if !exists(servicesKey) {
		writeKey(servicesKey, newKey())
	}
	password := serverPassword(o.tokenText)
	write(tokenFile, []byte(password+"\n"), 0o600)
	write(nodeToken, []byte("K10"+sha256Hex(read(serverCA.file))+"::server:"+password+"\n"), 0o600)
	tokens := in(dataDirectory, "server/cred/tokens.csv")
	write(tokens, []byte(password+",k3s:agent,k3s:agent,\"system:bootstrappers\"\n"), 0o600)

	address := "https://127.0.0.1:6443"
	user := func(name, commonName string, groups ...string) string {
		file, key := clientCA.issue("client-"+name, commonName, groups, nil)
		path := in(dataDirectory, "server/cred/"+name+".kubeconfig")
		write(path, kubeconfigOf(address, read(serverCA.file), read(file), read(key)), 0o600)
		return path
	}
	admin := user("admin", "system:admin", "system:masters")
	controller := user("controller", "system:kube-controller-manager")
	scheduler := user("scheduler", "system:kube-scheduler")
	kubelet := user("kubelet", "system:node:"+o.name, "system:nodes")

	all := newChildren()
	all.start("etcd", "--data-dir", in(dataDirectory, "server/db/etcd"), "--listen-client-urls", "http://127.0.0.1:2379",
		"--advertise-client-urls", "http://127.0.0.1:2379", "--listen-peer-urls", "http://127.0.0.1:2380",
		"--unsafe-no-fsync", "--log-level", "warn")
	all.start("kube-apiserver", arguments([]string{
		"etcd-servers=http://127.0.0.1:2379",
		"secure-port=6443", "advertise-address=" + o.advertise,
		"tls-cert-file=" + servingFile, "tls-private-key-file=" + servingKey, "client-ca-file=" + clientCA.file,
		"service-account-issuer=https://kubernetes.default.svc." + o.clusterDomain,
		"service-account-signing-key-file=" + servicesKey, "service-account-key-file=" + servicesKey,
		"token-auth-file=" + tokens, "enable-bootstrap-token-auth=true",
		"authorization-mode=Node,RBAC", "enable-admission-plugins=NodeRestriction",
		"service-cluster-ip-range=" + o.serviceCIDR, "allow-privileged=true",
		"kubelet-client-certificate=" + callingFile, "kubelet-client-key=" + callingKey,
		"kubelet-preferred-address-types=InternalIP",
	}, o.apiserverArgs)...)
	all.start("kube-controller-manager", arguments([]string{
		"kubeconfig=" + controller, "bind-address=127.0.0.1", "leader-elect=false",
		"use-service-account-credentials=true", "controllers=*,bootstrap-signer-controller,token-cleaner-controller",
		"service-account-private-key-file=" + servicesKey, "root-ca-file=" + serverCA.file,
		"cluster-signing-cert-file=" + clientCA.file, "cluster-signing-key-file=" + in(tlsDirectory, "client-ca.key"),
		"allocate-node-cidrs=true", "cluster-cidr=" + o.clusterCIDR, "node-cidr-mask-size=24",
		"service-cluster-ip-range=" + o.serviceCIDR,
	}, o.controllerArgs)...)
	all.start("kube-scheduler", arguments([]string{
		"kubeconfig=" + scheduler, "authentication-kubeconfig=" + scheduler, "authorization-kubeconfig=" + scheduler,
		"bind-address=127.0.0.1", "leader-elect=false",
	}, o.schedulerArgs)...)
	startContainerd(all, o.flannelBackend != "none")

	client := clientOf(read(serverCA.file))
	ready := func() bool { status, _ := get(client, address+"/readyz", ""); return status == http.StatusOK }
	if err := all.until("the API server is ready", ready); err != nil {
		return err
	}
	write(in(manifests, "access.yaml"), []byte(accessManifest), 0o600)
	text, err := json.Marshal(about)
	check(err)
	write(in(manifests, "cluster.json"), configMap("k3s-lab-cluster", "cluster.json", string(text)), 0o600)
	if o.brings("coredns") {
		write(in(manifests, "coredns.yaml"), []byte(strings.NewReplacer(
			"%{CLUSTER_DNS}%", o.clusterDNS, "%{CLUSTER_DOMAIN}%", o.clusterDomain).Replace(corednsManifest)), 0o600)
	}
	deployed := make(chan struct{})
	go deploy(admin, deployed)
	select {
	case <-deployed:
	case err := <-all.ended:
		return err
	}
	mode, err := strconv.ParseUint(o.kubeconfigMode, 8, 32)
	if err != nil {
		mode = 0o600
	}
	check(os.MkdirAll(filepath.Dir(kubeconfig), 0o755))
	check(os.Chmod(filepath.Dir(kubeconfig), 0o755))
	write(kubeconfig, read(admin), os.FileMode(mode))
	// In k3s's order: who finds a kubelet's access and no administrator's takes this for an agent.
	write(nodeConfig, read(kubelet), 0o600)
	if err := startNode(all, o.node, about, nodeConfig, "", clientCA.file); err != nil {
		return err
	}
	// A kubelet may not give itself a role.
	if err := all.until("this node is labelled", func() bool {
		return run("kubectl", "--kubeconfig", admin, "label", "--overwrite", "node", o.name, "node-role.kubernetes.io/control-plane=true") == nil
	}); err != nil {
		return err
	}
	say("the server is ready")
	return <-all.ended
}

// Applies what lies in the manifests folder, and again what changes there. Tells when the first round is done.
func deploy(admin string, first chan<- struct{}) {
	applied := map[string]time.Time{}
	for {
		entries, err := os.ReadDir(manifests)
		check(err)
		command := []string{"--kubeconfig", admin, "apply", "--server-side", "--force-conflicts", "--field-manager=deploy@k3s"}
		changed := map[string]time.Time{}
		for _, entry := range entries {
			info, err := entry.Info()
			if err == nil && !strings.HasSuffix(entry.Name(), ".new") && !applied[entry.Name()].Equal(info.ModTime()) {
				changed[entry.Name()] = info.ModTime()
				command = append(command, "-f", in(manifests, entry.Name()))
			}
		}
		if len(changed) > 0 {
			if err := run("kubectl", command...); err != nil {
				say(err.Error())
				time.Sleep(200 * time.Millisecond)
				continue
			}
			maps.Copy(applied, changed)
		}
		if first != nil {
			close(first)
			first = nil
		}
		time.Sleep(2 * time.Second)
	}
}

func say(line string) { fmt.Printf("k3s: %s\n", line) }

func run(name string, arguments ...string) error {
	command := exec.Command(find(name), arguments...)
	var words bytes.Buffer
	command.Stdout, command.Stderr = &words, &words
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %v: %s", name, strings.Join(arguments, " "), err, strings.TrimSpace(words.String()))
	}
	return nil
}

// Ours, and then what was asked for, which wins: the programs take the last word on each option.
func arguments(ours, asked []string) []string {
	var all []string
	for _, each := range append(ours, asked...) {
		all = append(all, "--"+each)
	}
	return all
}

// The secret of the cluster: what was given, what was made at an earlier start, or a new one.
func serverPassword(given string) string {
	if given != "" {
		return secretOf(given)
	}
	if exists(tokenFile) {
		return strings.TrimSpace(string(read(tokenFile)))
	}
	random := make([]byte, 16)
	_, err := rand.Read(random)
	check(err)
	return hex.EncodeToString(random)
}

func kubeconfigOf(address string, ca, certificate, key []byte) []byte {
	data := base64.StdEncoding.EncodeToString
	return []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: default
  context:
    cluster: default
    user: default
current-context: default
`, address, data(ca), data(certificate), data(key)))
}

func configMap(name, key, value string) []byte {
	object := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]string{"name": name, "namespace": "kube-system"},
		"data":     map[string]string{key: value},
	}
	text, err := json.Marshal(object)
	check(err)
	return text
}

func clientOf(ca []byte) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}
}
