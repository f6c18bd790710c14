package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The kubelet's own access, at a server too.
const nodeConfig = dataDirectory + "/agent/kubelet.kubeconfig"

func runAgent(o options) error {
	if o.server == "" || o.tokenText == "" {
		return fmt.Errorf("agent: --server and --token are needed")
	}
	server := strings.TrimSuffix(o.server, "/")
	secret := secretOf(o.tokenText)
	caFile := in(dataDirectory, "agent/server-ca.crt")
	bootstrap := in(dataDirectory, "agent/bootstrap.kubeconfig")

	// A node that has joined has its own certificate and needs no token any more.
	var about cluster
	known := in(dataDirectory, "agent/cluster.json")
	if exists(nodeConfig) && exists(known) {
		check(json.Unmarshal(read(known), &about))
	} else {
		text, err := join(server, secret, caFile, hashOf(o.tokenText), &about)
		if err != nil {
			return err
		}
		write(bootstrap, []byte(bootstrapConfig(server, caFile, secret)), 0o600)
		write(known, text, 0o600)
	}
	all := newChildren()
	startContainerd(all, about.FlannelBackend != "none")
	// Of those who call its API, a kubelet need only know the API server.
	if err := startNode(all, o.node, about, nodeConfig, bootstrap, in(dataDirectory, "agent/client-ca.crt")); err != nil {
		return err
	}
	say("the agent is ready")
	return <-all.ended
}

// Waits for the server as k3s does, and learns its authority and the cluster's ranges.
func join(server, secret, caFile, hash string, about *cluster) ([]byte, error) {
	for told := ""; ; time.Sleep(time.Second) {
		text, err := tryJoin(server, secret, caFile, hash, about)
		if err == nil || strings.Contains(err.Error(), "is another") {
			return text, err
		}
		if err.Error() != told {
			told = err.Error()
			say("waits for the server: " + told)
		}
	}
}

func tryJoin(server, secret, caFile, hash string, about *cluster) ([]byte, error) {
	address, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	connection, err := tls.Dial("tcp", address.Host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	chain := connection.ConnectionState().PeerCertificates
	connection.Close()
	ca := toPEM("CERTIFICATE", chain[len(chain)-1].Raw)
	// As in k3s, a token without the hash of the authority trusts the first who answers.
	if hash != "" && sha256Hex(ca) != hash {
		return nil, fmt.Errorf("the server's authority is another than the token's")
	}
	client := clientOf(ca)
	status, body := get(client, server+clusterMap, secret)
	if status != http.StatusOK {
		return nil, fmt.Errorf("the server answered %d", status)
	}
	var object struct{ Data map[string]string }
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	text := []byte(object.Data["cluster.json"])
	if err := json.Unmarshal(text, about); err != nil {
		return nil, err
	}
	status, body = get(client, server+"/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication", secret)
	if status != http.StatusOK {
		return nil, fmt.Errorf("the server answered %d when asked for the authority of its clients", status)
	}
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	write(in(dataDirectory, "agent/client-ca.crt"), []byte(object.Data["client-ca-file"]), 0o644)
	write(caFile, ca, 0o644)
	return text, nil
}

func bootstrapConfig(server, caFile, secret string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: default, user: {token: %q}}]
contexts: [{name: default, context: {cluster: default, user: default}}]
current-context: default
`, server, caFile, secret)
}

// The secret of K10<hash>::<user>:<secret>, K10<hash>::<id>.<secret> or of what is nothing but one.
func secretOf(token string) string {
	_, rest, full := strings.Cut(token, "::")
	if !full {
		return token
	}
	if _, secret, named := strings.Cut(rest, ":"); named {
		return secret
	}
	return rest
}

func hashOf(token string) string {
	hash, _, full := strings.Cut(token, "::")
	if !full {
		return ""
	}
	return strings.TrimPrefix(hash, "K10")
}

func get(client *http.Client, address, token string) (int, []byte) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	check(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, body
}
