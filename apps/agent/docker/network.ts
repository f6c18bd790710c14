/** What a Docker network must be to be a range, and what its containers are called. */
import type { Container } from '@skein/contract/agent/channel.ts';
import { Ipv4, Label } from '@skein/contract/primitive.ts';
import { z } from 'zod';
import { INTERFACES } from '../config.ts';

/** By this label our own networks are known; its value is the range. */
export const LABEL = 'dev.skein.range';

/** A range of the map that is a Docker network. */
export interface Wanted {
  readonly network: string;
  /** Its subnet. */
  readonly cidr: string;
  /** Whether it is made where it is not. */
  readonly made: boolean;
}

/** What the engine says of a network. */
export const NetworkJson = z.object({
  Name: z.string(),
  Id: z.string(),
  Driver: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string().optional() })).nullish() }),
  Containers: z.record(z.string(), z.object({ Name: z.string(), IPv4Address: z.string() })).nullish(),
});
export type DockerNetwork = z.infer<typeof NetworkJson>;

/** Body of the request that makes one. Docker 28 lets nothing in past its own ports but from interfaces that it is told. */
export function creationOf({ network, cidr }: Wanted): unknown {
  return {
    Name: network,
    Driver: 'bridge',
    CheckDuplicate: true,
    IPAM: { Driver: 'default', Config: [{ Subnet: cidr }] },
    Labels: { [LABEL]: cidr },
    Options: { 'com.docker.network.bridge.trusted_host_interfaces': INTERFACES.join(':') },
  };
}

/** Why a network that is there is not the range that it should be, or null. */
export function problemOf(there: DockerNetwork, { network, cidr }: Wanted): string | null {
  if (there.Driver !== 'bridge') return `the Docker network ${network} is no bridge, but ${there.Driver}`;
  const subnets = (there.IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []);
  if (subnets.includes(cidr)) return null;
  return `the Docker network ${network} has the subnet ${subnets.join(', ') || 'none'}, not ${cidr}: remove the range, and add it with that`;
}

/**
 * Containers that run in a network, by the names that DNS has for them: lower case, with hyphens for whatever no name may
 * have. Of two that come to one name, and those that come to none, the first by Docker's names is told.
 */
export function containersOf(there: DockerNetwork): Container[] {
  const found = new Map<string, Container>();
  const all = Object.values(there.Containers ?? {}).sort((a, b) => (a.Name < b.Name ? -1 : 1));
  for (const { Name, IPv4Address } of all) {
    const name = Name.toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 40)
      .replace(/-+$/, '');
    const address = IPv4Address.split('/')[0] ?? '';
    if (found.has(name) || !Label.safeParse(name).success || !Ipv4.safeParse(address).success) continue;
    found.set(name, { network: there.Name, name, address });
  }
  return [...found.values()];
}
