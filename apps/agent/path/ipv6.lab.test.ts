/** IPv6 beneath the tunnel: alone, beside IPv4, and switched off on one side. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Endpoint, MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { afterEach, expect, test } from 'vitest';
import { must, NODE, openOuter, openPlace, type Place, until } from '../fixture/field.ts';
import { gatewayMap, peerB1 } from '../fixture/map.ts';

const standing = fileURLToPath(new URL('../fixture/standing.ts', import.meta.url));
const SIX = ['2001:db8:5::a', '2001:db8:5::b'] as const;
const FOUR = ['198.51.100.11', '198.51.100.12'] as const;
const OVERLAY = ['100.64.1.11', '100.64.2.11'] as const;
const twins = twinsOf(gatewayMap.networkId);

interface Host {
  place: Place;
  child: ChildProcess;
  key: string;
  /** Where it sends to the other now. */
  way(): string | null;
  /** What became of the last map. */
  outcome(): { applied: boolean; problem: string | null } | undefined;
}
let close: (() => Promise<void>) | undefined;
let hosts: [Host, Host] | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
  hosts = undefined;
});

/** Two hosts on one link. @param setup what is done on each before an agent stands on it */
async function build(setup: readonly [string, string]): Promise<[Host, Host]> {
  const { outer, pid, close: end } = await openOuter();
  close = end;
  const places = [await openPlace(pid), await openPlace(pid)];
  const [one, other] = places.map((place) => `/proc/${place.pid}/ns/net`);
  await must(
    outer,
    `ip link add x type veth peer name y && ip link set x netns ${one} name eth0 && ip link set y netns ${other} name eth0`,
  );
  const stand = async (place: Place, at: 0 | 1): Promise<Host> => {
    await must(place, `ip link set eth0 up && ${setup[at]} && mkdir -p /var/lib/skein /run/skein`);
    let key = '';
    let way: string | null = null;
    let outcome: ReturnType<Host['outcome']>;
    const child = place.start([NODE, standing, `peer_${at}`], (line) => {
      const said = JSON.parse(line);
      if (said.key) key = said.key;
      if (said.links) way = said.links[0]?.endpoint ?? null;
      if ('applied' in said) outcome = said;
    });
    await until('a node', 20, () => key !== '');
    return { place, child, key, way: () => way, outcome: () => outcome };
  };
  const [first, second] = places.map(({ place }) => place);
  if (!first || !second) throw new Error('no places');
  hosts = [await stand(first, 0), await stand(second, 1)];
  return hosts;
}

/** Gives each the map in which the other has these endpoints. */
function tell(endpoints: (at: 0 | 1) => Endpoint[]): void {
  for (const at of [0, 1] as const) {
    const other = at === 0 ? 1 : 0;
    const [own, theirs] = [hosts?.[at], hosts?.[other]];
    if (!own || !theirs) throw new Error('nobody stands');
    const peer: MapPeer = {
      ...peerB1,
      id: `peer_${other}`,
      name: `h${other}`,
      clusterId: `clu_${other}`,
      wireguardKey: theirs.key,
      overlayAddress: OVERLAY[other],
      endpoints: endpoints(other),
      allowedIps: [`${OVERLAY[other]}/32`],
    };
    const map: NetworkMap = {
      ...gatewayMap,
      peerId: `peer_${at}`,
      self: {
        ...gatewayMap.self,
        name: `h${at}`,
        clusterId: `clu_${at}`,
        clusterOverlayCidr: `${OVERLAY[at]}/32`,
        clusterVpcCidr: null,
        wireguardKey: own.key,
        overlayAddress: OVERLAY[at],
        forwards: false,
      },
      peers: [peer],
      names: [],
      delegations: [],
    };
    own.child.stdin?.write(`${JSON.stringify(map)}\n`);
  }
}

const global = (at: 0 | 1): Endpoint => ({ kind: 'global', address: SIX[at], port: 51820 });
const open = (at: 0 | 1): Endpoint => ({ kind: 'public', address: FOUR[at], port: 51820 });
const six = (at: 0 | 1) => `ip -6 addr add ${SIX[at]}/64 dev eth0 nodad`;
const four = (at: 0 | 1) => `ip addr add ${FOUR[at]}/24 dev eth0`;
const pings = async (host: Host, address: string, more = '') =>
  (await host.place.sh(`ping -c 1 -W 1 ${more} ${address}`)).code === 0;

test('with nothing but IPv6 between them two hosts build the tunnel, and find what it carries', async () => {
  const [a, b] = await build([six(0), six(1)]);
  expect((await a.place.sh(`ping -c 1 -W 1 ${FOUR[1]}`)).code).not.toBe(0);
  tell((at) => [global(at)]);
  await until('IPv4 in the tunnel', 20, () => pings(a, OVERLAY[1]));
  await until('IPv6 in the tunnel', 20, () => pings(b, twins.of(OVERLAY[0])));
  await until('the way', 10, () => a.way() === `[${SIX[1]}]:51820`);
  // 1,500 less what WireGuard and IPv6 put around, down to a multiple of 16.
  await until('the size', 30, async () => {
    tell((at) => [global(at)]);
    await wait(1000);
    return (await a.place.sh('ip -4 route show')).output.includes('mtu 1408');
  });
  expect(await pings(a, OVERLAY[1], '-M do -s 1380')).toBe(true);
  expect(await pings(a, twins.of(OVERLAY[1]), '-M do -s 1360')).toBe(true);
  expect(await pings(a, twins.of(OVERLAY[1]), '-M do -s 1361')).toBe(false);
});

test('it is taken before public IPv4, but not before it has answered', async () => {
  const [a, b] = await build([`${six(0)} && ${four(0)}`, `${six(1)} && ${four(1)}`]);
  await must(
    b.place,
    "nft 'table ip6 cut { chain in { type filter hook prerouting priority -400; meta l4proto udp drop; }; }'",
  );
  tell((at) => [global(at), open(at)]);
  await until('the tunnel', 20, () => pings(a, OVERLAY[1]));
  await until('IPv4', 10, () => a.way() === `${FOUR[1]}:51820` && b.way() === `${FOUR[0]}:51820`);
  expect(await pings(a, twins.of(OVERLAY[1]))).toBe(true);
  await must(b.place, 'nft delete table ip6 cut');
  await until('IPv6', 60, () => a.way() === `[${SIX[1]}]:51820` && b.way() === `[${SIX[0]}]:51820`);
  expect(await pings(a, OVERLAY[1])).toBe(true);
});

test('where it falls silent under a tunnel that runs, IPv4 is taken within a minute or so', {
  timeout: 200_000,
}, async () => {
  const [a, b] = await build([`${six(0)} && ${four(0)}`, `${six(1)} && ${four(1)}`]);
  tell((at) => [global(at), open(at)]);
  await until('IPv6', 20, () => a.way() === `[${SIX[1]}]:51820` && b.way() === `[${SIX[0]}]:51820`);
  await must(
    b.place,
    "nft 'table ip6 cut { chain in { type filter hook prerouting priority -400; meta l4proto udp drop; }; }'",
  );
  await until('IPv4', 120, () => a.way() === `${FOUR[1]}:51820` && b.way() === `${FOUR[0]}:51820`);
  await until('packets', 10, () => pings(a, twins.of(OVERLAY[1])));
});

test('a host on which IPv6 is switched off goes by IPv4, and the other too', async () => {
  const off = 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6';
  const [a, b] = await build([`${six(0)} && ${four(0)}`, `${off} && ${four(1)}`]);
  tell((at) => [...(at === 0 ? [global(at)] : []), open(at)]);
  await until('the tunnel', 20, () => pings(b, OVERLAY[0]));
  expect(await pings(a, OVERLAY[1])).toBe(true);
  expect((await b.place.sh('ip -6 addr show; ip -6 route show; nft list tables ip6')).output.trim()).toBe('');
  expect((await a.place.sh('ip -6 addr show dev skein0')).output).toContain(twins.of(OVERLAY[0]));
  await until('IPv4', 10, () => b.way() === `${FOUR[0]}:51820`);
});

test('where IPv6 cannot be set up in the overlay IPv4 works all the same, and the problem is said', async () => {
  const range = twins.ofCidr(gatewayMap.self.overlayCidr);
  const theirs = `ip -6 route add ${range} via 2001:db8:5::9 dev eth0`;
  const [a, b] = await build([`${six(0)} && ${four(0)}`, `${six(1)} && ${four(1)} && ${theirs}`]);
  tell((at) => [open(at)]);
  await until('the tunnel', 20, () => pings(b, OVERLAY[0]));
  await until('what became of it', 10, () => a.outcome() && b.outcome());
  expect(b.outcome()).toMatchObject({
    applied: true,
    problem: expect.stringMatching(/^no IPv6 in the overlay: .*exists/i),
  });
  expect(a.outcome()).toEqual({ applied: true, problem: null });
  // The route that was there before is nobody's to replace.
  expect((await b.place.sh(`ip -6 route show ${range}`)).output).toContain('dev eth0');
});
