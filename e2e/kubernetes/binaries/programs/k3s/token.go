package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Tokens by which agents join besides the cluster's own: Secrets that the API server knows, as k3s has them.
func token(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("token: say create, list or delete")
	}
	admin := kubeconfig
	switch arguments[0] {
	case "create":
		lifetime := 24 * time.Hour
		for index := 1; index < len(arguments); index++ {
			name, value, joined := strings.Cut(arguments[index], "=")
			if name != "--ttl" {
				return fmt.Errorf("token create: the stand-in does not know %s", name)
			}
			if !joined {
				if index++; index == len(arguments) {
					return fmt.Errorf("--ttl needs a value")
				}
				value = arguments[index]
			}
			parsed, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			lifetime = parsed
		}
		id, secret := randomWord(6), randomWord(16)
		object := toJSON(map[string]any{
			"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
			"metadata": map[string]string{"name": "bootstrap-token-" + id, "namespace": "kube-system"},
			"stringData": map[string]string{
				"token-id": id, "token-secret": secret, "usage-bootstrap-authentication": "true",
				"auth-extra-groups": "system:bootstrappers:k3s:default-node-token",
				"expiration":        time.Now().Add(lifetime).UTC().Format(time.RFC3339),
			},
		})
		file := filepath.Join(os.TempDir(), "token-"+id)
		defer os.Remove(file)
		write(file, object, 0o600)
		if err := run("kubectl", "--kubeconfig", admin, "create", "-f", file); err != nil {
			return err
		}
		fmt.Printf("K10%s::%s.%s\n", sha256Hex(read(in(tlsDirectory, "server-ca.crt"))), id, secret)
		return nil
	case "delete":
		for _, each := range arguments[1:] {
			id, _, _ := strings.Cut(secretOf(each), ".")
			if err := run("kubectl", "--kubeconfig", admin, "--namespace", "kube-system", "delete", "secret", "bootstrap-token-"+id); err != nil {
				return err
			}
		}
		return nil
	case "list":
		return syscall.Exec(filepath.Join(home, "kubectl"), []string{"kubectl", "--kubeconfig", admin, "--namespace", "kube-system",
			"get", "secrets", "--field-selector", "type=bootstrap.kubernetes.io/token"}, os.Environ())
	}
	return fmt.Errorf("token: the stand-in does not know %s", arguments[0])
}

func randomWord(length int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	random := make([]byte, length)
	_, err := rand.Read(random)
	check(err)
	for index := range random {
		random[index] = letters[random[index]%32]
	}
	return string(random)
}
