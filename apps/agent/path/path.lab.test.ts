/**
 * Real nodes behind NATs of both kinds, a relay and a host that both can call: how soon they talk, over which way, and
 * what is lost when the way changes.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Endpoint, MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { afterEach, expect, test } from 'vitest';
import { must, NODE, type Place, until } from '../fixture/field.ts';
import { type Internet, type NatKind, openInternet } from '../fixture/internet.ts';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import type { Run } from '../host/command.ts';
import { newRelay } from '../relay/apply.ts';

const RELAY = '198.51.100.1';
const WATCHERS = ['198.51.100.2', '198.51.100.3'];
const EDGE = { a: '198.51.100.11', b: '198.51.100.12' };
const OVERLAY = { a: '100.64.1.11', b: '100.64.2.11' };
const PORT = 20_100;
const standing = fileURLToPath(new URL('../fixture/standing.ts', import.meta.url));

type Told = {
  links?: { peerId: string; endpoint: string | null }[];
  seen?: { endpoints: Endpoint[]; nat: string };
};
interface Standing {
  place: Place;
  child: ChildProcess;
  key: string;
  told: Told[];
  /** Where this node sends to the other now. */
  way(peerId: string): string | null | undefined;
  apply(map: NetworkMap): void;
}

let internet: Internet;
let relay: Place;
let [a, b]: Standing[] = [];
let watchers: Standing[] = [];
let edges: { a: Place; b: Place };

async function stand(place: Place, peerId: string): Promise<Standing> {
  await must(place, 'mkdir -p /var/lib/skein /run/skein');
  const told: Told[] = [];
  let key = '';
  const child = place.start([NODE, standing, peerId], (line) => {
    const said = JSON.parse(line);
    if (said.key) key = said.key;
    else told.push(said);
  });
  await until('a node', 20, () => key !== '');
  return {
    place,
    child,
    key,
    told,
    way: (id) => told.findLast((one) => one.links)?.links?.find((link) => link.peerId === id)?.endpoint,
    apply: (map) => child.stdin?.write(`${JSON.stringify(map)}\n`),
  };
}

const peerOf = (name: string, key: string, overlayAddress: string, endpoints: Endpoint[]): MapPeer => ({
  ...peerB1,
  id: `peer_${name}`,
  name,
  clusterId: `clu_${name}`,
  wireguardKey: key,
  overlayAddress,
  endpoints,
  allowedIps: [`${overlayAddress}/32`],
});

const mapOf = (
  name: 'a' | 'b' | 'w0' | 'w1',
  one: Standing,
  overlayAddress: string,
  peers: MapPeer[],
): NetworkMap => ({
  ...gatewayMap,
  peerId: `peer_${name}`,
  self: {
    ...gatewayMap.self,
    name,
    clusterId: `clu_${name}`,
    clusterOverlayCidr: `${overlayAddress}/32`,
    wireguardKey: one.key,
    overlayAddress,
    forwards: false,
  },
  peers: peers.sort((first, second) => (first.id < second.id ? -1 : 1)),
  names: [],
  delegations: [],
});

/** a and b behind NATs of these kinds; two public hosts, which both call; the relay, if it is there. */
async function build(kind: { a: NatKind; b: NatKind }): Promise<void> {
  internet = await openInternet();
  relay = await internet.host('r', RELAY);
  const run: Run = async (file, args, input) => {
    const line = [file, ...args].join(' ');
    const ran = await relay.sh(input === undefined ? line : `${line} <<'END'\n${input}\nEND`);
    return ran.code === 0 ? { ok: true, output: ran.output } : { ok: false, message: ran.output };
  };
  await newRelay(run, Date.now).apply([
    {
      id: 'a b r',
      port: PORT,
      addresses: [[EDGE.a], [EDGE.b]],
      kilobytesPerSecond: 10_000,
      until: new Date(Date.now() + 3_600_000).toISOString(),
    },
  ]);
  const [one, other] = [
    await internet.behind('a', { address: EDGE.a, kind: kind.a, net: 1 }),
    await internet.behind('b', { address: EDGE.b, kind: kind.b, net: 2 }),
  ];
  edges = { a: one.edge, b: other.edge };
  a = await stand(one.host, 'peer_a');
  b = await stand(other.host, 'peer_b');
  watchers = [];
  for (const [at, address] of WATCHERS.entries())
    watchers.push(await stand(await internet.host(`w${at}`, address), `peer_w${at}`));
}

/** Gives everybody the map in which a and b have these endpoints for each other. */
function tell(observed: { a: Endpoint[]; b: Endpoint[] }): void {
  if (!a || !b) throw new Error('nobody stands');
  const relayed = (port: number): Endpoint => ({ kind: 'relayed', address: RELAY, port });
  const watching = watchers.map((one, at) =>
    peerOf(`w${at}`, one.key, `100.64.${10 + at}.1`, [
      { kind: 'public', address: WATCHERS[at] ?? '', port: 51820 },
    ]),
  );
  const [peerA, peerB] = [
    peerOf('a', a.key, OVERLAY.a, [...observed.a, relayed(PORT + 1)]),
    peerOf('b', b.key, OVERLAY.b, [...observed.b, relayed(PORT)]),
  ];
  a.apply(mapOf('a', a, OVERLAY.a, [peerB, ...watching]));
  b.apply(mapOf('b', b, OVERLAY.b, [peerA, ...watching]));
  for (const [at, one] of watchers.entries()) {
    const name = at === 0 ? 'w0' : 'w1';
    // They cannot call: each is told of two addresses that do not answer.
    const hidden = (peer: MapPeer) => ({
      ...peer,
      endpoints: ['203.0.113.251', '203.0.113.252'].map((address) => ({
        kind: 'observed' as const,
        address,
        port: 51820,
      })),
    });
    one.apply(mapOf(name, one, `100.64.${10 + at}.1`, [hidden(peerA), hidden(peerB)]));
  }
}

/** One ping every 10 ms; how many there were and how many came back. */
function pinging(seconds: number): Promise<{ sent: number; lost: number }> {
  return (a as Standing).place.sh(`ping -q -i 0.01 -w ${seconds} ${OVERLAY.b}`).then(({ output }) => {
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
    return { sent: Number(sent), lost: Number(sent) - Number(received) };
  });
}

const talks = async () => (await (a as Standing).place.sh(`ping -c 1 -W 0.3 ${OVERLAY.b}`)).code === 0;
/** Sizes of packets are found and keys agreed on in the first seconds of a tunnel, which are not what is looked at here. */
const settled = () => new Promise((done) => setTimeout(done, 6000));
const observedFor = (one: Standing | undefined) =>
  one?.told.findLast((said) => said.seen)?.seen?.endpoints ?? [];
const natSeenBy = (one: Standing | undefined) => one?.told.findLast((said) => said.seen)?.seen?.nat;

afterEach(async () => {
  await internet?.close();
});

test('two NATs that give one port to all are opened to each other while the relay carries, and nothing is lost', async () => {
  await build({ a: 'independent', b: 'independent' });
  tell({ a: [], b: [] });
  await until('the relay to carry', 15, talks);
  expect(a?.way('peer_b') ?? `${RELAY}:${PORT}`).toBe(`${RELAY}:${PORT}`);
  await until('both to know their NAT', 20, () => [a, b].every((one) => natSeenBy(one) === 'independent'));
  await settled();
  const observed = { a: observedFor(a), b: observedFor(b) };
  expect(observed.a).toEqual([{ kind: 'observed', address: EDGE.a, port: expect.any(Number) }]);
  const pings = pinging(8);
  await new Promise((done) => setTimeout(done, 1000));
  tell(observed);
  await until(
    'the direct way',
    10,
    () => a?.way('peer_b')?.startsWith(EDGE.b) && b?.way('peer_a')?.startsWith(EDGE.a),
  );
  const { sent, lost } = await pings;
  expect(sent).toBeGreaterThan(100);
  expect(lost).toBe(0);

  // The direct way is cut off: the relay carries again within two seconds.
  const cut = pinging(8);
  await new Promise((done) => setTimeout(done, 1000));
  await must(
    edges.a,
    `nft -f - <<'END'
table ip cut {
  chain forward {
    type filter hook forward priority -10; policy accept;
    ip daddr ${EDGE.b} drop
  }
}
END`,
  );
  const after = await cut;
  expect(a?.way('peer_b')).toBe(`${RELAY}:${PORT}`);
  expect((after.lost / after.sent) * 8).toBeLessThanOrEqual(2);
});

test('a NAT that gives out a port for each called is known as such, and the relay carries within two seconds', async () => {
  await build({ a: 'dependent', b: 'dependent' });
  tell({ a: [], b: [] });
  await until('both to have begun', 10, () => [a, b].every((one) => (one?.told.length ?? 0) > 0));
  const begunAt = performance.now();
  await until('the relay to carry', 15, talks);
  const seconds = (performance.now() - begunAt) / 1000;
  await until('both to know their NAT', 20, () => [a, b].every((one) => natSeenBy(one) === 'dependent'));
  tell({ a: observedFor(a), b: observedFor(b) });
  await settled();
  const { sent, lost } = await pinging(5);
  expect(sent).toBeGreaterThan(100);
  expect(lost).toBe(0);
  expect(a?.way('peer_b')).toBe(`${RELAY}:${PORT}`);
  expect(seconds).toBeLessThan(2);
});
