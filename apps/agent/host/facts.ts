/** What the agent finds out about its node. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { arch, hostname, networkInterfaces, release } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Facts } from '@skein/contract/agent/channel.ts';
import { z } from 'zod';
import { INTERFACES, VERSION } from '../config.ts';
import type { Run } from './command.ts';

const LOOKUP_SECONDS = 3;

/** Facts as the coordinator wants them. `privateAddress` is the underlay address, if one is known. */
export function gatherFacts(wireguard: Facts['wireguard'], privateAddress: string | null): Facts {
  return {
    hostname: hostname().slice(0, 253),
    os: osName(),
    kernel: release().slice(0, 100),
    architecture: arch() === 'arm64' ? 'arm64' : 'x64',
    agentVersion: VERSION,
    wireguard,
    privateAddress,
  };
}

function osName(): string {
  try {
    const match = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'));
    return (match?.[1] || 'Linux').slice(0, 100);
  } catch {
    return 'Linux';
  }
}

/**
 * The address from which this node talks to the coordinator: the one of its several that leads out. Asks the kernel
 * by connecting a datagram socket, which sends nothing. Null where that cannot be told now; waits for the
 * coordinator's name a few seconds at most.
 */
export async function underlayAddress(coordinatorUrl: string): Promise<string | null> {
  const url = new URL(coordinatorUrl);
  const found = lookup(url.hostname, 4)
    .then(({ address }) => sourceTowards(address))
    .catch(() => null);
  return usable(await Promise.race([found, wait(LOOKUP_SECONDS * 1000, null, { ref: false })]));
}

function sourceTowards(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (found: string | null) => {
      socket.close();
      resolve(found);
    };
    socket.on('error', () => finish(null));
    socket.connect(9, address, () => finish(socket.address().address));
  });
}

/** An address of ours may be told as an endpoint unless it is loopback or the overlay's own. */
function usable(address: string | null): string | null {
  if (!address || address.startsWith('127.') || address === '0.0.0.0') return null;
  const all = networkInterfaces();
  const ours = INTERFACES.some((name) => (all[name] ?? []).some((one) => one.address === address));
  return ours ? null : address;
}

/** Some address of the node, for one that never reached the coordinator's name. */
export function firstUnderlayAddress(): string | null {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (INTERFACES.includes(name)) continue;
    for (const one of addresses ?? []) if (one.family === 'IPv4' && !one.internal) return one.address;
  }
  return null;
}

/** Addresses told to others: a card may have many, and each is tried. */
const MOST_GLOBAL = 2;
const SixJson = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(
      z.object({
        local: z.string().optional(),
        temporary: z.boolean().optional(),
        deprecated: z.boolean().optional(),
        tentative: z.boolean().optional(),
        dadfailed: z.boolean().optional(),
      }),
    ),
  }),
);

/**
 * IPv6 addresses of the node at which the whole internet may call it, unless something in between denies it: those of
 * 2000::/3 (RFC 4291) that are there to stay, not those that a card takes for a day (RFC 8981). None on failure.
 */
export async function globalAddresses(run: Run): Promise<string[]> {
  const ran = await run('ip', ['-j', '-6', 'address', 'show', 'up', 'scope', 'global']);
  return ran.ok ? parseGlobal(ran.output) : [];
}

export function parseGlobal(text: string): string[] {
  const cards = SixJson.safeParse(JSON.parse(text || '[]')).data ?? [];
  return cards
    .filter(({ ifname }) => !INTERFACES.includes(ifname))
    .flatMap(({ addr_info }) => addr_info)
    .filter((one) => !one.temporary && !one.deprecated && !one.tentative && !one.dadfailed)
    .flatMap(({ local }) => (local !== undefined && /^[23]/.test(local) ? [local] : []))
    .slice(0, MOST_GLOBAL);
}

/** Every IPv4 address of the node with its interface, those of the overlay's interfaces left out. */
export function underlayAddresses(): { interface: string; address: string }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    INTERFACES.includes(name)
      ? []
      : (addresses ?? [])
          .filter((one) => one.family === 'IPv4')
          .map((one) => ({ interface: name, address: one.address })),
  );
}
