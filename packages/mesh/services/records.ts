/** DNS records of imported services: the multi-cluster half of Kubernetes' DNS specification, version 1.0.0. */
import { CLUSTERSET_ZONE, type ServiceEndpoint } from '@skein/contract/agent/service.ts';
import { chooseForAll, chooseSources, readyOf } from './choose.ts';
import { servesPort } from './merge.ts';
import type { ServiceView } from './view.ts';

export const DNS_VERSION = '1.0.0';

export type ServiceRecord =
  | { type: 'A' | 'AAAA'; name: string; address: string }
  | { type: 'SRV'; name: string; port: number; target: string }
  | { type: 'TXT'; name: string; text: string };

/** What a name of the zone means. `exists`: it is there, though it may have no record of the type that is asked for. */
export interface ZoneAnswer {
  exists: boolean;
  records: ServiceRecord[];
  /** Addresses of SRV targets. */
  additional: ServiceRecord[];
}

/** What the asker knows of a service: its view, null where there is none, undefined where it was not told yet. */
export type Known = (key: string) => { view: ServiceView; addresses: Addresses } | null | undefined;

/**
 * By what a service that is not headless is reached: `set` is its own address in this cluster; `endpoints`, on hosts of no
 * Kubernetes cluster, the nearest that are ready.
 */
export type Addresses = { by: 'set'; ips: readonly string[] } | { by: 'endpoints' };

/** The service that a name speaks of, or undefined. */
export function serviceOfName(name: string): string | undefined {
  const parsed = parse(name);
  return parsed?.kind === 'service' ? `${parsed.namespace}/${parsed.name}` : undefined;
}

/**
 * All records of a name. Undefined where the service that it speaks of is not known yet.
 * @param name in lower case, without the last dot, in the zone
 */
export function answerFor(name: string, known: Known): ZoneAnswer | undefined {
  const parsed = parse(name);
  if (!parsed) return NOTHING;
  if (parsed.kind === 'zone') return { ...NOTHING, exists: true };
  if (parsed.kind === 'version')
    return { ...NOTHING, exists: true, records: [{ type: 'TXT', name, text: DNS_VERSION }] };
  const service = known(`${parsed.namespace}/${parsed.name}`);
  if (service === undefined) return undefined;
  if (service === null) return NOTHING;
  const { view, addresses } = service;
  const base = `${parsed.name}.${parsed.namespace}.svc.${CLUSTERSET_ZONE}`;
  const [first, second, ...more] = parsed.before;
  if (first === undefined) {
    const own = addressesOf(base, view, addresses);
    const srv = srvRecords(name, base, view, addresses, () => true);
    // A headless service without a ready endpoint is no name at all.
    const exists = view.service.type !== 'Headless' || own.length > 0;
    return { exists, records: [...own, ...srv.records], additional: srv.additional };
  }
  if (second === undefined || more.length > 0) {
    // `_tcp` alone is a step on the way to its ports.
    const step = first.startsWith('_') && more.length === 0;
    const exists = step && view.service.ports.some((port) => `_${port.protocol.toLowerCase()}` === first);
    return { ...NOTHING, exists };
  }
  if (first.startsWith('_') && second.startsWith('_')) {
    const srv = srvRecords(
      name,
      base,
      view,
      addresses,
      (port) => port.name !== '' && `_${port.name}` === first && `_${port.protocol.toLowerCase()}` === second,
    );
    return { exists: srv.records.length > 0, ...srv };
  }
  // The standard: nobody speaks of single clusters of a service that has one address for all.
  if (view.service.type !== 'Headless' && addresses.by === 'set') return NOTHING;
  const records = readyOf(view, second)
    .filter((endpoint) => hostnameOf(endpoint) === first)
    .flatMap((endpoint) => recordsOf(name, endpoint));
  return { exists: records.length > 0, records, additional: [] };
}

const NOTHING: ZoneAnswer = { exists: false, records: [], additional: [] };

type Parsed =
  | { kind: 'zone' }
  | { kind: 'version' }
  | { kind: 'service'; name: string; namespace: string; before: string[] };

function parse(name: string): Parsed | undefined {
  // The zone itself and `svc` in it are names without records.
  if (name === CLUSTERSET_ZONE || name === `svc.${CLUSTERSET_ZONE}`) return { kind: 'zone' };
  if (name === `dns-version.${CLUSTERSET_ZONE}`) return { kind: 'version' };
  if (!name.endsWith(`.svc.${CLUSTERSET_ZONE}`)) return undefined;
  const labels = name.slice(0, -`.svc.${CLUSTERSET_ZONE}`.length).split('.');
  const [service, namespace] = labels.slice(-2);
  if (service === undefined || namespace === undefined) return undefined;
  return { kind: 'service', name: service, namespace, before: labels.slice(0, -2) };
}

/** Under which name a headless service's endpoint stands: its own, or its address with hyphens. */
export function hostnameOf({ hostname, address }: ServiceEndpoint): string {
  return hostname ?? address.replaceAll('.', '-');
}

function recordsOf(name: string, { address, six }: ServiceEndpoint): ServiceRecord[] {
  return [
    { type: 'A', name, address },
    ...(six === undefined ? [] : [{ type: 'AAAA' as const, name, address: six }]),
  ];
}

function addressesOf(name: string, view: ServiceView, addresses: Addresses): ServiceRecord[] {
  if (view.service.type === 'Headless')
    return view.service.sources.flatMap(({ cluster }) =>
      readyOf(view, cluster).flatMap((endpoint) => recordsOf(name, endpoint)),
    );
  if (addresses.by === 'set')
    return addresses.ips.map((address) => ({ type: address.includes(':') ? 'AAAA' : 'A', name, address }));
  return chooseForAll(view).flatMap((cluster) =>
    readyOf(view, cluster).flatMap((endpoint) => recordsOf(name, endpoint)),
  );
}

/**
 * A service with an address is its own target. Where endpoints answer, each is: the port is the one that it listens at,
 * since nothing on the way turns the service's into that.
 */
function srvRecords(
  name: string,
  base: string,
  view: ServiceView,
  addresses: Addresses,
  asked: (port: ServiceView['service']['ports'][number]) => boolean,
): { records: ServiceRecord[]; additional: ServiceRecord[] } {
  const records = new Map<string, ServiceRecord>();
  const additional = new Map<string, ServiceRecord>();
  const add = (target: string, port: number, own: ServiceRecord[]) => {
    // TCP and UDP of one number are one answer where no port is named.
    records.set(`${port} ${target}`, { type: 'SRV', name, port, target });
    for (const record of own) additional.set(JSON.stringify(record), record);
  };
  const chosen = chooseSources(view);
  for (const [index, port] of view.service.ports.entries()) {
    if (!asked(port)) continue;
    if (view.service.type !== 'Headless' && addresses.by === 'set') {
      add(base, port.port, addressesOf(base, view, addresses));
      continue;
    }
    const clusters =
      view.service.type === 'Headless'
        ? view.service.sources.filter((source) => servesPort(source, port)).map(({ cluster }) => cluster)
        : (chosen[index] ?? []);
    for (const cluster of clusters) {
      const source = view.service.sources.find((one) => one.cluster === cluster);
      const target = source?.ports.find(({ name: one }) => one === port.name)?.targetPort ?? port.port;
      for (const endpoint of readyOf(view, cluster)) {
        const host = `${hostnameOf(endpoint)}.${cluster}.${base}`;
        add(host, endpoint.ports?.[port.name] ?? target, recordsOf(host, endpoint));
      }
    }
  }
  return { records: [...records.values()], additional: [...additional.values()] };
}
