/**
 * Peerings: a link of their own between two realms' edges, beside the internet. Pure.
 *
 * Each end routes its ranges over the link, to the other edge's hardware address: no address stands on it, and what
 * nobody routes does not find the way.
 */
import { disjoint } from './cidrs.ts';
import type { Ground, GroundPeering, Realm } from './ground.ts';
import { edgeMac, edgeNamespace, linkName } from './names.ts';
import type { Fact } from './plan.ts';

/** The far edge on each peering's link: a neighbour that is known and never asked for. */
const FAR = '169.254.0.1';

/** One end of a peering, as its edge sees it. */
export interface EdgePeering {
  link: string;
  /** Of the two ends, the one that takes the link away. */
  first: boolean;
  /** Ranges sent over the link. */
  routes: string[];
  /** Ranges of the other realm's subnets: nobody else sends from there. */
  sources: string[];
  farRealmId: string;
}

/** The peerings of a realm whose both ends are there. */
export function peeringsOf(ground: Pick<Ground, 'realms' | 'peerings'>, realm: Realm): EdgePeering[] {
  return ground.peerings.flatMap((peering) => {
    const near = peering.ends.find((end) => end.realmId === realm.id);
    const far = peering.ends.find((end) => end.realmId !== realm.id);
    const farRealm = ground.realms.find(({ id }) => id === far?.realmId);
    if (!near || !farRealm) return [];
    return [
      {
        link: linkName('p', peering.id),
        first: near === peering.ends[0],
        routes: disjoint(near.routes),
        sources: disjoint(farRealm.subnets.map(({ cidr }) => cidr)),
        farRealmId: farRealm.id,
      },
    ];
  });
}

/** What makes the links, run in the place's own namespace once the edges are there. Their ends take them away. */
export function peeringLinks(
  ground: Pick<Ground, 'realms' | 'peerings'>,
  realmNumbers: Readonly<Record<string, number>>,
): Fact[] {
  const there = (peering: GroundPeering) =>
    peering.ends.every((end) => ground.realms.some(({ id }) => id === end.realmId));
  return ground.peerings.filter(there).map(({ id, ends }) => {
    const link = linkName('p', id);
    const [one, other] = ends.map(
      ({ realmId }) => `address ${edgeMac(realmNumbers[realmId] as number)} netns ${edgeNamespace(realmId)}`,
    );
    const add = `link add ${link} ${one} type veth peer name ${link} ${other}`;
    return { key: `peering ${link}`, add, remove: null };
  });
}

/** In an edge: its ends of the links, and the routes over them. */
export function peeringFacts(
  peerings: readonly EdgePeering[],
  realmNumbers: Readonly<Record<string, number>>,
): Fact[] {
  return peerings.flatMap(({ link, first, routes, farRealmId }): Fact[] => {
    const far = edgeMac(realmNumbers[farRealmId] as number);
    return [
      // The first end takes the other along.
      { key: `up ${link}`, add: `link set ${link} up`, remove: first ? `link delete ${link}` : null },
      {
        key: `far ${link}`,
        add: `neigh replace ${FAR} lladdr ${far} dev ${link} nud permanent`,
        remove: null,
      },
      ...routes.map((cidr) => ({
        key: `route ${link} ${cidr}`,
        add: `route replace ${cidr} via ${FAR} dev ${link} onlink`,
        // Not `delete`: where the link went first, the route went with it.
        remove: `route flush ${cidr}`,
      })),
    ];
  });
}
