package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const tlsDirectory = dataDirectory + "/server/tls"

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func in(directory, name string) string { return filepath.Join(directory, name) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Reads an authority, or makes it when it is not there.
func openAuthority(name string) authority {
	file, keyFile := in(tlsDirectory, name+".crt"), in(tlsDirectory, name+".key")
	if !exists(file) {
		key := newKey()
		template := &x509.Certificate{
			Subject: pkix.Name{CommonName: "k3s-" + name}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		writeCertificate(file, sign(template, template, &key.PublicKey, key), nil)
		writeKey(keyFile, key)
	}
	block, _ := pem.Decode(read(file))
	certificate, err := x509.ParseCertificate(block.Bytes)
	check(err)
	block, _ = pem.Decode(read(keyFile))
	key, err := x509.ParseECPrivateKey(block.Bytes)
	check(err)
	return authority{certificate, key, file}
}

// Issues once: a certificate for clients (organizations are groups) or, with names or addresses, for a server.
func (a authority) issue(name, commonName string, groups []string, names []string) (string, string) {
	file, keyFile := in(tlsDirectory, name+".crt"), in(tlsDirectory, name+".key")
	if exists(file) && exists(keyFile) {
		return file, keyFile
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: commonName, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	var chain []byte
	if len(names) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		chain = a.certificate.Raw
	}
	for _, each := range names {
		if ip := net.ParseIP(each); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, each)
		}
	}
	key := newKey()
	writeCertificate(file, sign(template, a.certificate, &key.PublicKey, a.key), chain)
	writeKey(keyFile, key)
	return file, keyFile
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	return key
}

func sign(template, parent *x509.Certificate, key *ecdsa.PublicKey, with *ecdsa.PrivateKey) []byte {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	check(err)
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, with)
	check(err)
	return der
}

func toPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func writeCertificate(file string, der, chain []byte) {
	text := toPEM("CERTIFICATE", der)
	if chain != nil {
		text = append(text, toPEM("CERTIFICATE", chain)...)
	}
	write(file, text, 0o644)
}

func writeKey(file string, key *ecdsa.PrivateKey) {
	der, err := x509.MarshalECPrivateKey(key)
	check(err)
	write(file, toPEM("EC PRIVATE KEY", der), 0o600)
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	check(err)
	return content
}

// Whole or not at all: others wait for such files to be there.
func write(file string, content []byte, mode os.FileMode) {
	check(os.MkdirAll(filepath.Dir(file), 0o700))
	beside := file + ".new"
	check(os.WriteFile(beside, content, mode))
	check(os.Chmod(beside, mode))
	check(os.Rename(beside, file))
}

func sha256Hex(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
