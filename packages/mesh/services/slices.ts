/**
 * Endpoints of one source in slices. One endpoint more or less touches one slice: each stays where it is, and what is new
 * goes where there is room.
 */
import type { ServiceEndpoint } from '@skein/contract/agent/service.ts';
import { compareText } from '../network.ts';

/** What the Kubernetes endpoint slice controller puts into one. */
export const MOST_IN_SLICE = 100;
/** So many times more slices than needed are packed anew. */
const SPARSE = 2;

/** `ports`: target ports by port names that these endpoints share, as JSON in order; empty for the export's own. */
export interface Slice {
  readonly number: number;
  readonly ports: string;
  readonly endpoints: readonly ServiceEndpoint[];
}

/**
 * @param held the slices there are: which addresses are in which
 * @returns in order of their numbers; numbers of slices that are not among them are to be deleted
 */
export function planSlices(
  held: readonly { number: number; ports: string; addresses: readonly string[] }[],
  endpoints: readonly ServiceEndpoint[],
): Slice[] {
  const wanted = new Map(endpoints.map((endpoint) => [endpoint.address, endpoint]));
  const slices = new Map<number, { ports: string; endpoints: ServiceEndpoint[] }>();
  for (const slice of [...held].sort((a, b) => a.number - b.number)) {
    const kept: ServiceEndpoint[] = [];
    for (const address of slice.addresses) {
      const endpoint = wanted.get(address);
      if (!endpoint || portsOf(endpoint) !== slice.ports || kept.length === MOST_IN_SLICE) continue;
      kept.push(endpoint);
      wanted.delete(address);
    }
    if (kept.length > 0) slices.set(slice.number, { ports: slice.ports, endpoints: kept });
  }
  const byPorts = new Map<string, number>();
  for (const endpoint of endpoints) byPorts.set(portsOf(endpoint), (byPorts.get(portsOf(endpoint)) ?? 0) + 1);
  for (const [ports, count] of byPorts) {
    const numbers = [...slices].filter(([, slice]) => slice.ports === ports).map(([number]) => number);
    if (numbers.length <= SPARSE * Math.ceil(count / MOST_IN_SLICE)) continue;
    for (const number of numbers) {
      for (const endpoint of slices.get(number)?.endpoints ?? []) wanted.set(endpoint.address, endpoint);
      slices.delete(number);
    }
  }
  for (const endpoint of [...wanted.values()].sort((a, b) => compareText(a.address, b.address))) {
    const ports = portsOf(endpoint);
    const roomy = [...slices.values()].find(
      (slice) => slice.ports === ports && slice.endpoints.length < MOST_IN_SLICE,
    );
    if (roomy) roomy.endpoints.push(endpoint);
    else slices.set(freeNumber(slices), { ports, endpoints: [endpoint] });
  }
  return [...slices].map(([number, slice]) => ({ number, ...slice })).sort((a, b) => a.number - b.number);
}

/** The target ports of an endpoint that are not its export's own, the same text for the same ports. */
export function portsOf({ ports }: ServiceEndpoint): string {
  const entries = Object.entries(ports ?? {}).sort(([a], [b]) => compareText(a, b));
  return entries.length > 0 ? JSON.stringify(entries) : '';
}

function freeNumber(taken: ReadonlyMap<number, unknown>): number {
  for (let number = 0; ; number += 1) if (!taken.has(number)) return number;
}
