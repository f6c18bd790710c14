package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const logs = "/var/log/k3s"

// The programs of this node. k3s is one process: where one part ends, all end, and the service starts anew.
type children struct {
	ended chan error
}

func newChildren() *children {
	check(os.MkdirAll(logs, 0o755))
	return &children{ended: make(chan error, 16)}
}

func (c *children) start(name string, arguments ...string) {
	c.startWith(nil, name, arguments...)
}

func (c *children) startWith(environment []string, name string, arguments ...string) {
	path := filepath.Join(logs, name+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	check(err)
	command := exec.Command(find(name), arguments...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(command.Start())
	log.Close()
	go func() {
		c.ended <- fmt.Errorf("%s ended (%v):\n%s", name, command.Wait(), tail(path))
	}()
}

func tail(path string) string {
	content, _ := os.ReadFile(path)
	if len(content) > 3000 {
		content = content[len(content)-3000:]
	}
	return string(content)
}

// Asks until it is so, a child has ended, or two minutes are over.
func (c *children) until(what string, so func() bool) error {
	for start := time.Now(); time.Since(start) < 2*time.Minute; {
		if so() {
			return nil
		}
		select {
		case err := <-c.ended:
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s: not within two minutes", what)
}
