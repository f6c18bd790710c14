import type { AddressState, FirewallState, NetworkState } from '@skein/clouds/provider.ts';
import type { ZoneState } from '@skein/dns/provider.ts';
import { z } from 'zod';

/** Readers of what `ledger.ts` keeps: the states that later steps need. */
export const readNetwork = (state: unknown): NetworkState =>
  z.object({ externalId: z.string(), subnetId: z.string(), cidr: z.string() }).parse(state);

export const readAddress = (state: unknown): AddressState =>
  z.object({ externalId: z.string(), address: z.string() }).parse(state);

const Rule = z.object({
  protocol: z.enum(['udp', 'tcp']),
  fromPort: z.number(),
  toPort: z.number(),
  cidrs: z.array(z.string()),
  description: z.string(),
});
export const readFirewall = (state: unknown): FirewallState =>
  z
    .object({
      externalId: z.string(),
      // Rows written before a group could have further ones say nothing of them.
      more: z.array(z.string()).default([]),
      rules: z.array(Rule),
      foreign: z.array(z.string()),
    })
    .parse(state);

export const readZone = (state: unknown): ZoneState =>
  z
    .object({
      externalId: z.string(),
      name: z.string(),
      visibility: z.enum(['public', 'private']),
      nameServers: z.array(z.string()),
    })
    .parse(state);
