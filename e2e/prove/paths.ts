/** Do path tests and the reachability model say what packets say, and the same as each other? */

import { PathTest } from '@skein/contract/rest/path-test.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { Reachability } from '@skein/contract/rest/reachability.ts';
import type { Api } from '@skein/local/api.ts';
import { eachOf } from './report.ts';
import type { Seat, Site } from './site.ts';

/**
 * Asks both about ways between members of different clusters, on a port that the network opens and on one that it does
 * not. @returns how many ways were asked about, and what was wrong
 */
export async function tryPaths(
  api: Api,
  site: Site,
  ports: { open: number; closed: number },
): Promise<{ asked: number; wrong: string[] }> {
  const ways = ringOf(site);
  const found = await eachOf(ways, 2, async ([from, to]) => {
    const open = await ask(api, site, from.peer, to.peer, ports.open);
    const closed = await ask(api, site, from.peer, to.peer, ports.closed);
    const way = `${from.fqdn} -> ${to.fqdn}`;
    const wrong: string[] = [];
    if (!open.test.ok) wrong.push(`${way}: ${open.test.verdict}`);
    if (open.test.hops.some((hop) => (hop.tunnel?.lossPercent ?? 100) > 0))
      wrong.push(`${way}: a tunnel was not measured or loses packets: ${open.test.verdict}`);
    if (open.model.verdict !== 'reached') wrong.push(`${way}: the model says ${open.model.decidedBy.words}`);
    const [walked, thought] = [through(open.test), open.model.hops.map((hop) => hop.name).join(' ')];
    if (walked !== thought) wrong.push(`${way}: packets go by ${walked}, the model says ${thought}`);
    if (closed.test.port?.open !== false) wrong.push(`${way}: ${closed.test.verdict}`);
    if (closed.model.verdict !== 'blocked' || closed.model.decidedBy.layer !== 'policy')
      wrong.push(`${way}: the model says of a closed port: ${closed.model.decidedBy.words}`);
    return wrong;
  });
  return { asked: ways.length, wrong: found.flat() };
}

async function ask(api: Api, site: Site, from: Peer, to: Peer, port: number) {
  const below = `/networks/${site.network.id}`;
  const test = await api.call('POST', `${below}/path-tests`, PathTest, {
    fromPeerId: from.id,
    toPeerId: to.id,
    port,
  });
  const model = await api.call('POST', `${below}/reachability`, Reachability, {
    from: from.id,
    to: to.id,
    protocol: 'tcp',
    port,
  });
  return { test, model };
}

/** The names of all peers on the way, as a path test saw them. */
function through(test: PathTest): string {
  return [test.from, ...test.hops.map((hop) => hop.to ?? '?')].join(' ');
}

/** From a member of each cluster to one of the next. */
function ringOf(site: Site): [Seat, Seat][] {
  const members = site.clusters.flatMap(
    ({ id }) => site.seats.find(({ cluster, peer }) => cluster.id === id && peer.role === 'member') ?? [],
  );
  return members.flatMap((from, at): [Seat, Seat][] => {
    const to = members[(at + 1) % members.length];
    return to && to !== from ? [[from, to]] : [];
  });
}
