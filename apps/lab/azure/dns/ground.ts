/** Azure's zones on the ground. Pure. */
import type { GroundZone } from '../../ground/ground.ts';
import { standing } from '../network/virtual-network.ts';
import { childrenOf, ofType, type Resource, type Subscription, stays } from '../state.ts';
import { PRIVATE_ZONE, VNET, ZONE, ZONE_LINK } from '../type.ts';
import { absolute, type RecordSet, type RecordType, recordSetsOf, typeOf } from './record-set.ts';
import type { ZoneLink } from './zone.ts';

/** @param realmId of a virtual network */
export function zonesOf(subscription: Subscription, realmId: (network: Resource) => string): GroundZone[] {
  const zone = (it: Resource, visibility: GroundZone['visibility'], realmIds: string[]): GroundZone => ({
    id: `azure-${it.guid}`,
    name: it.name.toLowerCase(),
    visibility,
    realmIds,
    records: recordSetsOf(subscription, it.id).flatMap((set) => {
      const type = typeOf(set);
      const values = valuesOf(type, set);
      if (type === 'PTR' || values.length === 0) return [];
      return [{ name: absolute(set), type, ttlSeconds: set.properties.ttl, values }];
    }),
  });
  return [
    ...ofType(subscription, ZONE)
      .filter(stays)
      .map((it) => zone(it, 'public', [])),
    ...ofType(subscription, PRIVATE_ZONE)
      .filter(stays)
      .map((it) => {
        // A link answers once it is made.
        const links = childrenOf<ZoneLink>(subscription, it.id, ZONE_LINK).filter(
          ({ state }) => state === 'Succeeded',
        );
        const networks = links.flatMap(
          ({ properties }) => standing(subscription, properties.network, VNET) ?? [],
        );
        return zone(it, 'private', networks.map(realmId));
      }),
  ];
}

/** In the form of a zone file. */
function valuesOf(type: RecordType, set: Resource<RecordSet>): string[] {
  const { records } = set.properties;
  const list = <T>(text: (record: T) => string) => (records as T[]).map(text);
  switch (type) {
    case 'A':
      return list<{ ipv4Address: string }>((each) => each.ipv4Address);
    case 'AAAA':
      return list<{ ipv6Address: string }>((each) => each.ipv6Address);
    case 'TXT':
      return list<{ value: string[] }>((each) => each.value.map(quoted).join(' '));
    case 'NS':
      return list<{ nsdname: string }>((each) => each.nsdname);
    case 'MX':
      return list<{ preference: number; exchange: string }>((each) => `${each.preference} ${each.exchange}`);
    case 'SRV':
      return list<{ priority: number; weight: number; port: number; target: string }>(
        (each) => `${each.priority} ${each.weight} ${each.port} ${each.target}`,
      );
    case 'CNAME':
      return 'cname' in (records as object) ? [(records as { cname: string }).cname] : [];
    case 'SOA': {
      const { host, email, ...numbers } = records as Record<string, string | number>;
      const order = ['serialNumber', 'refreshTime', 'retryTime', 'expireTime', 'minimumTTL'];
      return [[host, email, ...order.map((name) => numbers[name] ?? 0)].join(' ')];
    }
    default:
      return [];
  }
}

const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
