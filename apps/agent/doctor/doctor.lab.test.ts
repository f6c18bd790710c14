/** Things broken on real nodes, one after the other: the doctor must find each, and say so in words. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Examination } from '../command/doctor.ts';
import { must, until } from '../fixture/field.ts';
import { type InstalledNetwork, openInstalled, overlayOf } from '../fixture/installed.ts';

let network: InstalledNetwork;
const examined = async (name: string, peer = '') => {
  const ran = await network.node(name).place.sh(`skein-agent doctor ${peer} -o json`);
  return { code: ran.code, ...(JSON.parse(ran.output) as Examination) };
};
/** Breaks, asks until the doctor says what is expected, mends, and waits until nothing is wrong any more. */
async function broken(name: string, breaking: string, code: string, mending: string, peer = '') {
  await network.sh(name, breaking);
  let codes = '';
  const found = await until(`${code} at ${name}`, 40, async () => {
    const { code: exit, findings } = await examined(name, peer);
    codes = findings.map((one) => one.code).join();
    const finding = findings.find((one) => one.code === code);
    return finding && { exit, finding };
  }).catch((error) => {
    throw new Error(`${error.message}; the doctor said: ${codes}`);
  });
  if (mending) await network.sh(name, mending);
  expect(found.exit).toBe(1);
  return `${found.finding.what} ${found.finding.mend}`;
}
const well = (name: string) =>
  until(`${name} to be well`, 60, async () => (await examined(name)).findings.length === 0);

beforeAll(async () => {
  network = await openInstalled();
  for (const { name } of network.field.nodes) await well(name);
}, 240_000);
afterAll(async () => {
  await network?.close();
});

test('nothing is wrong, and the hops to a peer of another cluster are told', async () => {
  const way = ['a1', 'b1', 'b2'].map((name) => overlayOf(network.node(name)));
  // A hop may once be too busy to say that it is one.
  const { code, findings, facts } = await until('all hops', 30, async () => {
    const now = await examined('a2', 'b2.b');
    return now.facts.trace?.hops?.length === way.length && now;
  });
  expect({ code, findings }).toEqual({ code: 0, findings: [] });
  expect(facts.trace?.hops?.map((hop) => hop.address)).toEqual(way);
  for (const hop of facts.trace?.hops ?? []) expect(hop.rttMilliseconds).toBeGreaterThan(0);
  const words = await network.sh('a2', 'skein-agent doctor b2.b');
  expect(words).toMatch(/HOP .*\n.*100\.64\.1\.11/);
  expect(words).toContain('Nothing is wrong.');
  expect(facts.measured?.peers[0]).toMatchObject({ name: 'a1', answered: 10, endpointKind: 'private' });
});

test('UDP dropped on the way', async () => {
  const drop = `nft 'table inet dropping { chain i { type filter hook input priority -200; iifname "eth0" udp dport 51820 drop; }; }'`;
  const said = await broken('a1', drop, 'udp-blocked', 'nft delete table inet dropping');
  expect(said).toMatch(/None of 2 peers answers.*Let UDP out/);
  await well('a1');
});

test('one peer cut off', async () => {
  const drop = `nft 'table inet dropping { chain o { type filter hook output priority 0; ip daddr ${network.node('b1').address} udp dport 51820 drop; }; chain i { type filter hook input priority -200; ip saddr ${network.node('b1').address} udp dport 51820 drop; }; }'`;
  const said = await broken('a1', drop, 'peer-lost', '');
  expect(said).toMatch(/b1 does not answer any more.*10\.2\.0\.11.*Check b1/);
  // Asked by address: nobody can ask the other cluster for its names now.
  const far = overlayOf(network.node('b2'));
  const { findings } = await examined('a2', far);
  await network.sh('a1', 'nft delete table inet dropping');
  const path = findings.find((one) => one.code === 'path-broken');
  expect(path?.what).toBe(`Packets to ${far} get as far as a1 and no further.`);
  await well('a1');
});

test('a route in the way, and one that is gone', async () => {
  const target = overlayOf(network.node('b1'));
  const taken = await broken(
    'a1',
    `ip route add ${target} dev eth0`,
    'route-taken',
    `ip route del ${target} dev eth0`,
  );
  expect(taken).toContain(`Packets to ${target} leave by eth0`);
  // Anew for each look: the agent puts it back by itself.
  const gone = await until('the missing route to be found', 40, async () => {
    await network.sh('a1', 'ip route del 100.64.0.0/16; true');
    return (await examined('a1')).findings.find((one) => one.code === 'route-taken');
  });
  expect(gone.what).toMatch(/leave by eth0/);
  await well('a1');
});

test('the filter flushed, forwarding switched off, resolv.conf rewritten', async () => {
  // Broken anew for each look: the agent mends such things by itself.
  const all = await until('three findings', 40, async () => {
    await network.sh(
      'b1',
      'nft flush ruleset; echo 0 > /proc/sys/net/ipv4/conf/skein0/forwarding; echo nameserver 192.0.2.53 > /etc/resolv.conf',
    );
    const { findings } = await examined('b1');
    return findings.length === 3 && findings;
  });
  expect(all.map((one) => one.code)).toEqual(['filter-missing', 'forwarding-off', 'names-elsewhere']);
  await well('b1');
});

test('wireguard-go that cannot come back', async () => {
  const kill = 'mount --bind /bin/false $(command -v wireguard-go) && kill -KILL $(pgrep -x wireguard-go)';
  const said = await broken('b2', kill, 'interface-gone', 'umount $(command -v wireguard-go)');
  expect(said).toContain('skein0 is not there');
  await well('b2');
  // Stopped, it keeps its interface and its socket, and answers nobody.
  const hung = await broken(
    'b2',
    'kill -STOP $(pgrep -x wireguard-go)',
    'wireguard-gone',
    'kill -CONT $(pgrep -x wireguard-go)',
  );
  expect(hung).toContain('hangs');
});

test('the coordinator out of reach', async () => {
  const drop = `nft 'table inet dropping { chain o { type filter hook output priority 0; tcp dport 7401 drop; }; }'`;
  const said = await broken('a2', drop, 'coordinator-unreachable', 'nft delete table inet dropping');
  expect(said).toMatch(/no answer in 3 s.*Let TCP 7401 out of this node towards 192\.0\.2\.10/);
});

test('a path that carries little', async () => {
  await must(network.field.outer, 'ip link set br1 mtu 1280 && ip link set br2 mtu 1280');
  const said = await broken('a1', 'true', 'mtu-narrow', '');
  expect(said).toMatch(/up to 12\d\d bytes reach b1/);
  await must(network.field.outer, 'ip link set br1 mtu 1500 && ip link set br2 mtu 1500');
});

test('no daemon', async () => {
  const said = await broken(
    'a2',
    'kill -STOP $(cat /run/skein/agent.pid)',
    'agent-down',
    'kill -CONT $(cat /run/skein/agent.pid)',
  );
  expect(said).toContain('systemctl start skein-agent');
});
