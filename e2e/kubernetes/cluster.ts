/**
 * Real clusters for tests, in the sealed place: machines of the lab's ground, in which k3s or what stands in for it is
 * installed by user-data as a cloud's instances have it. One site a process at a time; its clusters share an internet.
 *
 *   const site = await openSite();
 *   const { nodes, kubectl } = await site.openCluster({ name: 'east', nodes: 2, subnet: '10.64.0.0/24', … });
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Output, output } from '@skein/lab/ground/command.ts';
import {
  EMPTY_GROUND,
  type Ground,
  type GroundRule,
  type Machine,
  SERVICES,
} from '@skein/lab/ground/ground.ts';
import { TRANSIT } from '@skein/lab/ground/names.ts';
import { kernelRealiser } from '@skein/lab/ground/realise.ts';
import { type Distribution, INSTALLER, prepareDistribution } from './distribution.ts';

export interface ClusterWish {
  /** A DNS label. */
  name: string;
  /** The first is the server. */
  nodes: number;
  /** Of the machines, a /24. */
  subnet: string;
  /** A public address for each node, of 198.18.64.0/18. */
  publicAddresses: readonly string[];
  podCidr: string;
  serviceCidr: string;
  /** Of k3s's own: `none` leaves nodes not ready until somebody installs a network. */
  flannelBackend: 'none' | 'vxlan' | 'wireguard-native';
  /** More words for `k3s server`. */
  serverWords?: readonly string[];
  /** One of the distribution's; the newest where left out. */
  release?: string;
  /** More that is let in than the machines among themselves and the API from the services' side. */
  ingress?: readonly GroundRule[];
  /** Run by every node before k3s is installed. */
  before?: string;
}

export interface ClusterNode {
  name: string;
  privateAddress: string;
  publicAddress: string;
  /** In all namespaces of the node; answers whatever the exit code. */
  run(command: readonly string[], options?: { timeoutSeconds?: number; input?: string }): Promise<Output>;
}

export interface TestCluster {
  name: string;
  nodes: readonly ClusterNode[];
  /** A file with an administrator's access, which works from the sealed place itself. */
  kubeconfig: string;
  /** Answers stdout. @throws Error with stderr when kubectl ends with anything but 0 */
  kubectl(words: readonly string[], options?: { timeoutSeconds?: number; input?: string }): Promise<string>;
  /** One node more, as an agent; resolves when the cluster knows it. */
  addNode(publicAddress: string): Promise<ClusterNode>;
  /** Ends its machine. The cluster's object of it stays, as a cloud leaves it. */
  removeNode(name: string): Promise<void>;
  /** Ends its machines and removes their disks. */
  close(): Promise<void>;
}

export interface TestSite {
  distribution: Distribution;
  openCluster(wish: ClusterWish): Promise<TestCluster>;
  /** Ends everything, and leaves nothing. */
  close(): Promise<void>;
}

const BOOT_SECONDS = 120;
const ANYWHERE = { protocol: 'all', fromPort: 0, toPort: 65_535, cidrs: ['0.0.0.0/0'] } as const;

/** @throws Error that says what is missing on this machine */
export async function openSite(say: (line: string) => void = () => {}): Promise<TestSite> {
  const distribution = await prepareDistribution(say);
  const directory = await mkdtemp(join(tmpdir(), 'skein-kubernetes-'));
  const realiser = await kernelRealiser({
    directory: join(directory, 'ground'),
    log: say,
    programs: distribution.directory,
  });
  let ground: Ground = EMPTY_GROUND;
  const change = (to: (from: Ground) => Ground) => {
    ground = to(ground);
    return realiser.realise(ground);
  };

  async function booted(machine: Machine): Promise<void> {
    for (const end = performance.now() + BOOT_SECONDS * 1000; ; await pause(100)) {
      const status = realiser.status(machine.id);
      if (status?.userDataExit === 0) return;
      if ((status?.userDataExit ?? null) === null && status?.state !== 'failed' && performance.now() < end)
        continue;
      const logs = await realiser
        .run(machine.id, ['sh', '-c', 'tail -n 15 /var/log/k3s*.log /var/log/k3s/*.log'])
        .catch(() => null);
      throw new Error(
        `${machine.id} did not become a node:\n${status?.console}\n${logs?.stdout.slice(-20_000)}`,
      );
    }
  }

  async function openCluster(wish: ClusterWish): Promise<TestCluster> {
    const token = randomBytes(16).toString('hex');
    const release = wish.release ?? (distribution.releases.at(-1) as string);
    const machines: Machine[] = [];
    const network = wish.subnet.split('/')[0]?.split('.').slice(0, 3).join('.') as string;
    const nodeOf = (machine: Machine): ClusterNode => ({
      name: machine.hostname,
      privateAddress: machine.privateAddress,
      publicAddress: machine.publicAddress as string,
      run: (command, options) => realiser.run(machine.id, command, options),
    });
    const server = `${network}.11`;
    /** A kubelet tells its cluster of itself when its service runs. */
    async function known(those: readonly Machine[]): Promise<void> {
      const names = those.map(({ hostname }) => `node/${hostname}`);
      for (let tries = 0; tries < 300; tries++, await pause(100)) {
        const asked = await realiser.run(`${wish.name}-1`, ['k3s', 'kubectl', 'get', ...names]);
        if (asked.exit === 0) return;
      }
      throw new Error(`${names.join(' and ')} did not tell ${wish.name} of themselves`);
    }

    function machineOf(number: number, publicAddress: string): Machine {
      const name = `${wish.name}-${number}`;
      const words =
        number === 1
          ? [
              ...['server', '--cluster-cidr', wish.podCidr, '--service-cidr', wish.serviceCidr],
              ...['--flannel-backend', wish.flannelBackend, '--tls-san', publicAddress],
              ...[
                '--disable=traefik',
                '--disable=servicelb',
                '--disable=metrics-server',
                '--disable=local-storage',
              ],
              ...(wish.serverWords ?? []),
            ]
          : ['agent', '--server', `https://${server}:6443`];
      const userData = [
        '#!/bin/sh',
        'set -eu',
        ...(wish.before === undefined ? [] : [wish.before]),
        `curl -sfL ${INSTALLER} | INSTALL_K3S_VERSION='${release}' K3S_TOKEN='${token}' sh -s - ${words.join(' ')} --node-ip ${network}.${10 + number}`,
        '',
      ];
      return {
        id: name,
        hostname: name,
        realmId: wish.name,
        subnetId: 'nodes',
        privateAddress: `${network}.${10 + number}`,
        macAddress: `02:00:${[...network.split('.').slice(0, 3), String(10 + number)].map((each) => Number(each).toString(16).padStart(2, '0')).join(':')}`,
        publicAddress,
        ingress: [
          { ...ANYWHERE, cidrs: [wish.subnet] },
          { protocol: 'tcp', fromPort: 6443, toPort: 6443, cidrs: [SERVICES.cidr, `${TRANSIT.gateway}/32`] },
          ...(wish.ingress ?? []),
        ],
        egress: [ANYWHERE],
        forwards: true,
        userData: userData.join('\n'),
        metadata: {},
      };
    }

    machines.push(
      ...wish.publicAddresses.slice(0, wish.nodes).map((address, index) => machineOf(index + 1, address)),
    );
    if (machines.length !== wish.nodes) throw new Error(`${wish.name} needs a public address for each node`);
    await change((from) => ({
      ...from,
      realms: [
        ...from.realms,
        {
          id: wish.name,
          cloud: 'aws',
          subnets: [{ id: 'nodes', cidr: wish.subnet, router: `${network}.1` }],
          resolver: `${network}.2`,
          internet: true,
        },
      ],
      machines: [...from.machines, ...machines],
    }));
    await Promise.all(machines.map(booted));
    await known(machines);

    const first = nodeOf(machines[0] as Machine);
    const written = await first.run(['cat', '/etc/rancher/k3s/k3s.yaml']);
    const kubeconfig = join(directory, `${wish.name}.kubeconfig`);
    await writeFile(
      kubeconfig,
      written.stdout
        .replace('https://127.0.0.1:6443', `https://${first.publicAddress}:6443`)
        .replaceAll(': default', `: ${wish.name}`),
      { mode: 0o600 },
    );
    const kubectl: TestCluster['kubectl'] = async (words, options = {}) => {
      const command = [join(distribution.built.kubernetes, 'kubectl'), '--kubeconfig', kubeconfig, ...words];
      const { exit, stdout, stderr } = await output(command, { timeoutSeconds: 60, ...options });
      if (exit !== 0)
        throw new Error(
          `kubectl ${words.join(' ')} in ${wish.name} ended with ${exit}: ${stderr.trim().slice(-2000)}`,
        );
      return stdout;
    };
    const remove = (gone: (machine: Machine) => boolean) =>
      change((from) => ({ ...from, machines: from.machines.filter((machine) => !gone(machine)) }));
    return {
      name: wish.name,
      get nodes() {
        return machines.map(nodeOf);
      },
      kubeconfig,
      kubectl,
      async addNode(publicAddress) {
        const last = machines.at(-1) as Machine;
        const machine = machineOf(Number(last.hostname.split('-').at(-1)) + 1, publicAddress);
        machines.push(machine);
        await change((from) => ({ ...from, machines: [...from.machines, machine] }));
        await booted(machine);
        await known([machine]);
        return nodeOf(machine);
      },
      async removeNode(name) {
        machines.splice(
          machines.findIndex(({ hostname }) => hostname === name),
          1,
        );
        await remove(({ id }) => id === name);
      },
      async close() {
        machines.length = 0;
        await remove(({ realmId }) => realmId === wish.name);
        await change((from) => ({ ...from, realms: from.realms.filter(({ id }) => id !== wish.name) }));
      },
    };
  }

  return {
    distribution,
    openCluster,
    async close() {
      await change(() => EMPTY_GROUND);
      await realiser.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
