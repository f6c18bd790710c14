/**
 * Real nodes, one of them behind an edge that lets out TCP 443 and nothing else: how soon it talks with the others by
 * way of a relay, that it is the relay's TLS that carries, and what is lost when UDP is let through again.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  Endpoint,
  MapAllocation,
  MapPeer,
  NetworkMap,
  RelayedEnd,
  TlsDoor,
} from '@skein/contract/agent/map.ts';
import { afterEach, expect, test } from 'vitest';
import { must, NODE, type Place, until } from '../../fixture/field.ts';
import { type Internet, openInternet } from '../../fixture/internet.ts';
import { gatewayMap, peerB1 } from '../../fixture/map.ts';

const ADDRESS = { a: '198.51.100.11', b: '198.51.100.12', r: '198.51.100.1' } as const;
const OVERLAY = { a: '100.64.1.11', b: '100.64.2.11', r: '100.64.3.11' } as const;
/** Channels of the pair of a and b, and of that of a and the relay itself. */
const CHANNEL = { ab: 28_100, ar: 28_200 };
const standing = fileURLToPath(new URL('../../fixture/standing.ts', import.meta.url));

type Name = keyof typeof ADDRESS;
type Told = {
  udp?: 'open' | 'blocked';
  links?: { peerId: string; endpoint: string | null }[];
  problem?: string | null;
};
interface Standing {
  place: Place;
  child: ChildProcess;
  key: string;
  pin: string;
  told: Told[];
  logged: string[];
  way(peerId: string): string | null | undefined;
  apply(map: NetworkMap): void;
}

let internet: Internet | undefined;

async function stand(place: Place, peerId: string): Promise<Standing> {
  await must(place, 'mkdir -p /var/lib/skein /run/skein');
  const [told, logged]: [Told[], string[]] = [[], []];
  const first = { key: '', pin: '' };
  const child = place.start([NODE, standing, peerId], (line) => {
    const said = JSON.parse(line);
    if (said.key) Object.assign(first, said);
    else if (said.log) logged.push(said.log);
    else told.push(said);
  });
  await until('a node', 20, () => first.key !== '');
  return {
    place,
    child,
    ...first,
    told,
    logged,
    way: (id) => told.findLast((one) => one.links)?.links?.find((link) => link.peerId === id)?.endpoint,
    apply: (map) => child.stdin?.write(`${JSON.stringify(map)}\n`),
  };
}

const peerOf = (name: Name, key: string, endpoints: Endpoint[]): MapPeer => ({
  ...peerB1,
  id: `peer_${name}`,
  name,
  clusterId: `clu_${name}`,
  wireguardKey: key,
  overlayAddress: OVERLAY[name],
  endpoints,
  allowedIps: [`${OVERLAY[name]}/32`],
});

const mapOf = (
  name: Name,
  one: Standing,
  peers: MapPeer[],
  allocations: MapAllocation[] = [],
  number = 1,
): NetworkMap => ({
  ...gatewayMap,
  number,
  peerId: `peer_${name}`,
  self: {
    ...gatewayMap.self,
    name,
    clusterId: `clu_${name}`,
    clusterOverlayCidr: `${OVERLAY[name]}/32`,
    wireguardKey: one.key,
    overlayAddress: OVERLAY[name],
    forwards: false,
  },
  peers,
  names: [],
  delegations: [],
  allocations,
});

/** What the edge before a lets through, both ways. */
const BLOCKED = `table ip blocked {
  chain forward {
    type filter hook forward priority -10; policy accept;
    meta l4proto udp drop
    tcp dport 443 accept
    tcp sport 443 accept
    meta l4proto tcp drop
  }
}`;

interface Stage {
  a: Standing;
  b: Standing;
  r: Standing;
  edge: Place;
}

/** a behind the edge, b and the relay with addresses of their own. */
async function build(): Promise<Stage> {
  internet = await openInternet();
  const far = await internet.behind('a', { address: ADDRESS.a, kind: 'independent', net: 1 });
  await must(far.edge, `nft -f - <<'END'\n${BLOCKED}\nEND`);
  return {
    a: await stand(far.host, 'peer_a'),
    b: await stand(await internet.host('b', ADDRESS.b), 'peer_b'),
    r: await stand(await internet.host('r', ADDRESS.r), 'peer_r'),
    edge: far.edge,
  };
}

const at = (name: Name): Endpoint => ({ kind: 'public', address: ADDRESS[name], port: 51820 });

/** Gives all three their map; control's, once it knows that a is blocked, has ways over TLS in it. */
function tell({ a, b, r }: Stage, isKnown: boolean): void {
  const door: TlsDoor = { port: 443, pin: r.pin, wireguardKey: r.key };
  const overTls = (channel: number): Endpoint => ({
    kind: 'tls',
    address: ADDRESS.r,
    port: channel,
    tls: door,
  });
  const own: RelayedEnd = { by: 'tls', peerId: 'peer_a', keys: [a.key] };
  const allocation = {
    kilobytesPerSecond: 12_500,
    until: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const allocations: MapAllocation[] = [
    {
      ...allocation,
      id: 'a b r tls',
      port: CHANNEL.ab,
      addresses: [[], [ADDRESS.b]],
      tls: { port: 443, ends: [own, { by: 'udp' }] },
    },
    {
      ...allocation,
      id: 'a r r tls',
      port: CHANNEL.ar,
      addresses: [[], []],
      tls: { port: 443, ends: [own, { by: 'self' }] },
    },
  ];
  const known = (endpoint: Endpoint) => (isKnown ? [endpoint] : []);
  const observed: Endpoint = { kind: 'observed', address: ADDRESS.a, port: 51820 };
  r.apply(
    mapOf(
      'r',
      r,
      [
        peerOf('a', a.key, [observed, ...known({ kind: 'tls', address: '127.0.0.1', port: CHANNEL.ar + 1 })]),
        peerOf('b', b.key, [at('b')]),
      ],
      isKnown ? allocations : [],
    ),
  );
  b.apply(
    mapOf('b', b, [
      peerOf('a', a.key, [observed, ...known({ kind: 'relayed', address: ADDRESS.r, port: CHANNEL.ab + 1 })]),
      peerOf('r', r.key, [at('r')]),
    ]),
  );
  a.apply(
    mapOf('a', a, [
      peerOf('b', b.key, [at('b'), ...known(overTls(CHANNEL.ab))]),
      peerOf('r', r.key, [at('r'), ...known(overTls(CHANNEL.ar))]),
    ]),
  );
}

/** One ping every 20 ms; how many there were and how many came back. */
async function pinging(from: Standing, to: Name, seconds: number): Promise<{ sent: number; lost: number }> {
  // By number, so that the last is waited for too.
  const { output } = await from.place.sh(`ping -q -i 0.02 -c ${seconds * 50} -W 2 ${OVERLAY[to]}`);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  return { sent: Number(sent), lost: Number(sent) - Number(received) };
}
const talks = async (from: Standing, to: Name) =>
  (await from.place.sh(`ping -c 1 -W 0.3 ${OVERLAY[to]}`)).code === 0;
const udpOf = (one: Standing) => one.told.findLast((said) => said.udp)?.udp;
const wait = (seconds: number) => new Promise((done) => setTimeout(done, 1000 * seconds));

afterEach(async () => {
  await internet?.close();
  internet = undefined;
});

test('with nothing let out but TCP 443 the others are reached by the relay, it too, and UDP is gone back to without loss', async () => {
  const stage = await build();
  const { a, b, r, edge } = stage;
  tell(stage, false);
  await until('a to know that UDP is blocked', 20, () => udpOf(a) === 'blocked');
  // Both others reach each other, so nothing is blocked there.
  expect([udpOf(b), udpOf(r)]).toEqual(['open', 'open']);
  expect(await talks(a, 'b')).toBe(false);
  const begunAt = performance.now();
  tell(stage, true);
  await until('a to reach b', 20, () => talks(a, 'b'));
  const seconds = (performance.now() - begunAt) / 1000;
  await until('a to reach the relay', 20, () => talks(a, 'r'));
  await until('b to reach a', 10, () => talks(b, 'a'));
  await until('the relay to reach a', 10, () => talks(r, 'a'));
  // The map's name of the way, not the socket on this node.
  await until('the ways to be told', 10, () => a.way('peer_b') === `${ADDRESS.r}:${CHANNEL.ab}`);
  expect(a.way('peer_r')).toBe(`${ADDRESS.r}:${CHANNEL.ar}`);
  expect((await must(edge, 'nft list table ip blocked')).includes('udp')).toBe(true);
  expect(seconds).toBeLessThan(4);

  // Keys are agreed on and sizes found in the first seconds of a tunnel, which are not what is looked at here.
  await wait(6);
  const steady = await pinging(a, 'b', 4);
  expect(steady.sent).toBe(200);
  expect(steady.lost).toBe(0);

  const pings = pinging(a, 'b', 30);
  await wait(1);
  await must(edge, 'nft delete table ip blocked');
  await until('the direct way to b', 30, () => a.way('peer_b') === `${ADDRESS.b}:51820`);
  await until('that to the relay', 30, () => a.way('peer_r') === `${ADDRESS.r}:51820`);
  await until('a to know that UDP gets out', 30, () => udpOf(a) === 'open');
  const { sent, lost } = await pings;
  expect(sent).toBe(1500);
  expect(lost).toBe(0);
  for (const one of [a, b, r]) expect(one.told.find((said) => said.problem)).toBeUndefined();
});
