/** Which flows one policy opens and cuts that another decided otherwise. */
import type { Policy, PolicyFlow } from '@skein/contract/rest/policy.ts';
import { compareText, type Snapshot } from '../network.ts';
import { classesOf, type PeerClass } from './classes.ts';
import { decideByRules, type Flow } from './decide.ts';
import { nameOf } from './words.ts';

/** Decisions that are made at most, so that no policy takes long to compare. */
const MOST_QUESTIONS = 200_000;
const MOST_FLOWS = 200;
const LAST_PORT = 65535;

/** A run of ports that no rule of either policy tells apart; null for ping. */
interface Segment {
  readonly protocol: Flow['protocol'];
  readonly ports: readonly [number, number] | null;
}

/** Flows that `after` decides otherwise than `before`. `more`: they are too many to tell them all. */
export function changedFlows(
  snapshot: Snapshot,
  before: Policy,
  after: Policy,
): { flows: PolicyFlow[]; more: boolean } {
  const classes = classesOf(snapshot, [before, after]);
  const segments = segmentsOf([before, after]);
  if (classes.length ** 2 * segments.length > MOST_QUESTIONS) return { flows: [], more: true };
  // By what is opened or cut: from which class to which others.
  const changes = new Map<string, Map<PeerClass, PeerClass[]>>();
  for (const from of classes)
    for (const to of classes)
      for (const [key] of changesBetween(before, after, from, to, segments)) {
        const ways = changes.get(key) ?? new Map<PeerClass, PeerClass[]>();
        changes.set(key, ways);
        ways.set(from, [...(ways.get(from) ?? []), to]);
      }
  const flows = [...changes].flatMap(([key, ways]) => {
    const [effect, protocol, ports] = JSON.parse(key) as [
      PolicyFlow['effect'],
      PolicyFlow['protocol'],
      string,
    ];
    return groupsOf(ways).flatMap(([from, to]) =>
      isOnePeer(from, to)
        ? []
        : [{ from: classWords(from, classes), to: classWords(to, classes), protocol, ports, effect }],
    );
  });
  flows.sort(
    (a, b) =>
      compareText(b.effect, a.effect) ||
      compareText(a.from, b.from) ||
      compareText(a.to, b.to) ||
      compareText(a.ports, b.ports),
  );
  return { flows: flows.slice(0, MOST_FLOWS), more: flows.length > MOST_FLOWS };
}

function changesBetween(
  before: Policy,
  after: Policy,
  from: PeerClass,
  to: PeerClass,
  segments: readonly Segment[],
): Map<string, true> {
  const found: {
    effect: PolicyFlow['effect'];
    protocol: Flow['protocol'];
    ports: [number, number] | null;
  }[] = [];
  for (const { protocol, ports } of segments) {
    const flow = { protocol, port: ports?.[0] ?? null };
    const [was, will] = [before, after].map(
      (policy) => decideByRules(policy, from.ends[0], to.ends[0], flow).verdict,
    );
    if (was === will) continue;
    const effect = will === 'allow' ? 'opened' : 'cut';
    const last = found.at(-1);
    if (
      last?.ports &&
      ports &&
      last.protocol === protocol &&
      last.effect === effect &&
      last.ports[1] + 1 === ports[0]
    )
      last.ports[1] = ports[1];
    else found.push({ effect, protocol, ports: ports && [...ports] });
  }
  const keys = new Map<string, true>();
  for (const effect of ['opened', 'cut'] as const) {
    const own = found.filter((one) => one.effect === effect);
    const isWhole = (one: (typeof own)[number]) => one.ports === null || portWords(one.ports) === '';
    const everything = own.length === 3 && own.every(isWhole);
    if (everything) keys.set(JSON.stringify([effect, 'any', '']), true);
    else
      for (const one of own)
        keys.set(JSON.stringify([effect, one.protocol, one.ports ? portWords(one.ports) : '']), true);
  }
  return keys;
}

const portWords = ([first, last]: readonly [number, number]): string =>
  first === 1 && last === LAST_PORT ? '' : first === last ? `${first}` : `${first}-${last}`;

/** Ports cut at every place where some rule begins or ends. */
function segmentsOf(policies: readonly Policy[]): Segment[] {
  const segments: Segment[] = [{ protocol: 'icmp', ports: null }];
  for (const protocol of ['tcp', 'udp'] as const) {
    const starts = new Set([1]);
    for (const { rules } of policies)
      for (const rule of rules)
        if (rule.protocol === protocol)
          for (const one of rule.ports) {
            const [first = 0, last = first] = String(one).split('-').map(Number);
            starts.add(first);
            if (last < LAST_PORT) starts.add(last + 1);
          }
    const sorted = [...starts].sort((a, b) => a - b);
    for (const [index, first] of sorted.entries())
      segments.push({ protocol, ports: [first, (sorted[index + 1] ?? LAST_PORT + 1) - 1] });
  }
  return segments;
}

/** Classes from which the same classes are reached, together. */
function groupsOf(ways: ReadonlyMap<PeerClass, PeerClass[]>): [PeerClass[], PeerClass[]][] {
  const numbers = new Map<PeerClass, number>();
  const numberOf = (one: PeerClass) => {
    if (!numbers.has(one)) numbers.set(one, numbers.size);
    return numbers.get(one);
  };
  const groups = new Map<string, [PeerClass[], PeerClass[]]>();
  for (const [from, to] of ways) {
    const key = to.map(numberOf).join();
    const group = groups.get(key);
    if (group) group[0].push(from);
    else groups.set(key, [[from], to]);
  }
  return [...groups.values()];
}

function isOnePeer(from: readonly PeerClass[], to: readonly PeerClass[]): boolean {
  return from.length === 1 && to.length === 1 && from[0] === to[0] && from[0]?.ends.length === 1;
}

/** `every peer`, clusters that are meant as a whole, and names of peers where they are few. */
function classWords(meant: readonly PeerClass[], all: readonly PeerClass[]): string {
  if (meant.length === all.length) return 'every peer';
  const words: string[] = [];
  for (const cluster of new Set(meant.map((one) => one.ends[0].part.cluster))) {
    const own = meant.filter((one) => one.ends[0].part.cluster === cluster);
    if (own.length === all.filter((one) => one.ends[0].part.cluster === cluster).length) {
      words.push(cluster.name);
      continue;
    }
    const names = own.flatMap((one) => one.ends.map(nameOf)).sort(compareText);
    words.push(
      ...names.slice(0, 4),
      ...(names.length > 4 ? [`${names.length - 4} more of ${cluster.name}`] : []),
    );
  }
  return words.sort(compareText).join(', ');
}
