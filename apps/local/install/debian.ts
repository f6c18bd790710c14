/**
 * Debian packages that the lab and the tests use. Present programs are left alone, whatever installed them.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from '../config.ts';

/** What each purpose needs: a program to look for, and the package that brings it. */
const NEEDS = {
  lab: {
    ip: 'iproute2',
    nft: 'nftables',
    wg: 'wireguard-tools',
    'wireguard-go': 'wireguard-go',
    conntrack: 'conntrack',
    perl: 'perl-base',
    curl: 'curl',
    ping: 'iputils-ping',
    dig: 'bind9-dnsutils',
    unshare: 'util-linux',
    sysctl: 'procps',
    ethtool: 'ethtool',
  },
  test: {
    'redis-server': 'redis-server',
    chromium: 'chromium',
    socat: 'socat',
    nginx: 'nginx libnginx-mod-stream',
    knotd: 'knot',
    named: 'bind9',
    pdns_server: 'pdns-server pdns-backend-sqlite3',
    dockerd: 'docker.io',
  },
  /** What nodes of Kubernetes run, and what the images of its tests are made of (`npm run e2e:kubernetes`). */
  kubernetes: {
    containerd: 'containerd',
    runc: 'runc',
    'host-local': 'containernetworking-plugins',
    iptables: 'iptables',
    'nc.openbsd': 'netcat-openbsd',
    socat: 'socat',
    ps: 'procps',
    hostname: 'hostname',
    mawk: 'mawk',
    modprobe: 'kmod',
  },
  /** What benchmarks measure with, and what stands beside. */
  bench: {
    iperf3: 'iperf3',
    nebula: 'nebula',
    tincd: 'tinc',
    yggdrasil: 'yggdrasil',
    openvpn: 'openvpn',
  },
} as const;

/** Of these packages Debian would run a service; here the programs alone are wanted, and their ports may be somebody's. */
const SERVICES: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  'redis-server': 'redis-server',
  nginx: 'nginx',
  knotd: 'knot',
  named: 'named',
  pdns_server: 'pdns',
  dockerd: 'docker.socket docker containerd',
  nebula: 'nebula',
  tincd: 'tinc',
  yggdrasil: 'yggdrasil',
  openvpn: 'openvpn',
  iperf3: 'iperf3',
};
/** Debian asks this program before it starts a service. */
const POLICY = '/usr/sbin/policy-rc.d';

const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/lib/cni'];

/** Whether a program is there, whatever installed it. */
export function present(program: string): boolean {
  return PATHS.some((path) => {
    try {
      accessSync(join(path, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs what is missing for the purposes named.
 * @throws Error that says which command a person must run, where we may not or cannot.
 */
export function installDebian(purposes: readonly (keyof typeof NEEDS)[], say: (line: string) => void): void {
  const missing = purposes
    .flatMap((purpose) => Object.entries(NEEDS[purpose]))
    .filter(([program]) => !present(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !present('apt-get')) {
    throw new Error(
      `These programs are missing: ${packages.join(', ')}. Install them, for example with\n  sudo ${command}\nand run this again.`,
    );
  }
  say(`Installing from Debian: ${packages.join(', ')}`);
  const run = (line: string) =>
    spawnSync('sh', ['-c', line], {
      env: childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }),
      encoding: 'utf8',
      timeout: 300_000,
    });
  run('apt-get update -qq');
  const result = withoutServices(() => run(`${command} -qq`));
  const services = missing.flatMap(([program]) => SERVICES[program] ?? []);
  if (services.length > 0 && present('systemctl')) run(`systemctl disable ${services.join(' ')}`);
  if (result.status !== 0)
    throw new Error(`apt-get failed (${command}):\n${result.stderr.trim().slice(-2000)}`);
}

/** What an administrator has said about services stays as it is. */
function withoutServices<T>(install: () => T): T {
  if (existsSync(POLICY)) return install();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    return install();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
