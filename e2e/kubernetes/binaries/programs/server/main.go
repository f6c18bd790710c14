// What tests call: says who it is and whom it sees. HTTP on PORT (8080): GET / answers JSON, GET /ready 200 until it is
// told to end; TCP and UDP on ECHO_PORT (7): one line with the same, then what is sent comes back.
//
// Told to end it is not ready any more, answers for LINGER (2s) and goes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	name := setting("NAME", hostname())
	ending := atomic.Bool{}
	web := http.Server{Addr: ":" + setting("PORT", "8080"), Handler: http.HandlerFunc(func(answer http.ResponseWriter, asked *http.Request) {
		if asked.URL.Path == "/ready" {
			if ending.Load() {
				answer.WriteHeader(http.StatusServiceUnavailable)
			}
			return
		}
		host, port, _ := net.SplitHostPort(asked.RemoteAddr)
		local, _, _ := net.SplitHostPort(asked.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
		answer.Header().Set("content-type", "application/json")
		json.NewEncoder(answer).Encode(map[string]string{
			"name": name, "address": local, "caller": host, "callerPort": port, "host": asked.Host, "path": asked.URL.Path,
		})
	})}
	echo := ":" + setting("ECHO_PORT", "7")
	go must(web.ListenAndServe)
	go must(func() error { return echoTCP(echo, name) })
	go must(func() error { return echoUDP(echo, name) })
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	ending.Store(true)
	linger, err := time.ParseDuration(setting("LINGER", "2s"))
	if err != nil {
		linger = 2 * time.Second
	}
	time.Sleep(linger)
	within, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	web.Shutdown(within)
}

func must(serve func() error) {
	if err := serve(); err != nil && err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func echoTCP(address, name string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			fmt.Fprintf(connection, "%s %s\n", name, connection.RemoteAddr())
			io.Copy(connection, connection)
		}()
	}
}

func echoUDP(address, name string) error {
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	packet := make([]byte, 65536)
	for {
		size, from, err := socket.ReadFrom(packet)
		if err != nil {
			return err
		}
		socket.WriteTo(append([]byte(fmt.Sprintf("%s %s\n", name, from)), packet[:size]...), from)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func hostname() string {
	name, _ := os.Hostname()
	return name
}
