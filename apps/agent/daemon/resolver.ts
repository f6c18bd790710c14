/** The node's resolver while the daemon runs: its servers, what they know, and the node pointed at them. */

import type { NetworkMap } from '@skein/contract/agent/map.ts';
import type { Twins } from '@skein/mesh/ipam/twin.ts';
import { LOOPBACK_RESOLVER } from '../config.ts';
import { ask } from '../dns/ask.ts';
import { newAnswerCache } from '../dns/cache.ts';
import type { Clusterset } from '../dns/clusterset.ts';
import { namesFrom } from '../dns/decide.ts';
import { pointAtAgent, restoreNode } from '../dns/node-resolver.ts';
import { resolve } from '../dns/resolve.ts';
import { type NameServer, serveNames } from '../dns/server.ts';
import type { Run } from '../host/command.ts';

export interface Resolver {
  /** Answers from this map from now on. Throws `address-taken` where port 53 is not to be had. */
  apply(map: NetworkMap, twins: Twins | null): Promise<void>;
  /** The same where nothing but names can differ. */
  know(map: NetworkMap, twins: Twins | null): void;
  /** The node asks its original resolvers again; nothing listens any more. */
  close(): Promise<void>;
}

const DNS_PORT = 53;

/** @param clusterset answers for services, once somebody asks for them */
export function newResolver(run: Run, clusterset: Clusterset): Resolver {
  const cache = newAnswerCache();
  const servers = new Map<string, NameServer>();
  let names: ReturnType<typeof namesFrom> | undefined;
  let delegations = '';
  let upstreams: string[] = [];

  const handle = async (query: Buffer, source: string, transport: 'udp' | 'tcp') =>
    names &&
    resolve(
      { names, upstreams, cache, ask, clusterset, now: () => performance.now() },
      query,
      source,
      transport,
    );

  const closeServers = async (keep: readonly string[]) => {
    for (const [address, server] of servers) {
      if (keep.includes(address)) continue;
      servers.delete(address);
      await server.close();
    }
  };

  const know = (map: NetworkMap, twins: Twins | null) => {
    names = namesFrom(map, twins);
    // A cluster that moved or went must not be answered for from memory.
    const now = JSON.stringify(map.delegations);
    if (now !== delegations) cache.clear();
    delegations = now;
  };

  return {
    know,
    apply: async (map, twins) => {
      know(map, twins);
      const addresses = [map.self.overlayAddress, LOOPBACK_RESOLVER];
      await closeServers(addresses);
      for (const address of addresses)
        if (!servers.has(address)) servers.set(address, await serveNames(address, DNS_PORT, handle));
      upstreams = await pointAtAgent(run, map.self);
    },
    close: async () => {
      await restoreNode(run);
      await closeServers([]);
    },
  };
}
