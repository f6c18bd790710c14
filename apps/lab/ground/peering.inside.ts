/** Sends packets between peered realms for peering.lab.test.ts, inside a sealed place. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startCapture } from './capture.ts';
import type { Ground, GroundRule, Machine } from './ground.ts';
import { edgeNamespace, linkName } from './names.ts';
import { kernelRealiser } from './realise.ts';

const run = promisify(execFile);

const from = (...cidrs: string[]): GroundRule[] => [{ protocol: 'icmp', fromPort: -1, toPort: -1, cidrs }];
const machine = (
  id: string,
  realmId: string,
  privateAddress: string,
  publicAddress: string | null,
  ingress: GroundRule[],
): Machine => ({
  id,
  hostname: id,
  realmId,
  subnetId: 's',
  privateAddress,
  macAddress: `02:00:0a:40:${privateAddress.split('.').slice(2).map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`,
  publicAddress,
  ingress,
  egress: [{ protocol: 'all', fromPort: -1, toPort: -1, cidrs: ['0.0.0.0/0'] }],
  forwards: false,
  userData: null,
  metadata: {},
}); // biome-ignore format: one machine
const realm = (id: string, third: number) => ({
  id,
  cloud: 'aws' as const,
  subnets: [{ id: 's', cidr: `10.64.${third}.0/20`, router: `10.64.${third}.1` }],
  resolver: `10.64.${third}.2`,
  internet: true,
});

const A = '10.64.0.0/20';
const B = '10.64.16.0/20';
const C = '10.64.32.0/20';
const PUBLIC = { a1: '198.18.64.11', b1: '198.18.64.12' };

/** A and B are peered, B and C are, A and C are not; A would send to C by B if B let it. */
const peered: Ground = {
  realms: [realm('a', 0), realm('b', 16), realm('c', 32)],
  peerings: [
    {
      id: 'ab',
      ends: [
        { realmId: 'a', routes: [B, C] },
        { realmId: 'b', routes: [A] },
      ],
    },
    {
      id: 'bc',
      ends: [
        { realmId: 'b', routes: [C] },
        { realmId: 'c', routes: [B, A] },
      ],
    },
  ],
  machines: [
    machine('a1', 'a', '10.64.0.11', PUBLIC.a1, from(B, C)),
    machine('b1', 'b', '10.64.16.11', PUBLIC.b1, from(A, C, `${PUBLIC.a1}/32`)),
    machine('b2', 'b', '10.64.16.12', null, from(B)),
    machine('c1', 'c', '10.64.32.11', null, from(A, B)),
  ],
  zones: [],
};
const ab = (change: Partial<Ground['peerings'][number]> | null): Ground => ({
  ...peered,
  peerings: peered.peerings.flatMap((one) =>
    one.id !== 'ab' ? [one] : change === null ? [] : [{ ...one, ...change }],
  ),
});

export interface Seen {
  log: string[];
  peered: Record<string, boolean>;
  again: Record<string, boolean>;
  routedOneWay: Record<string, boolean>;
  unpeered: Record<string, boolean>;
  spoofed: boolean;
  capture: { overPeering: number; overInternet: number };
  links: { peered: boolean; unpeered: boolean };
  gone: Record<string, boolean>;
}

const PAIRS = [
  ['a1', '10.64.16.11'],
  ['b1', '10.64.0.11'],
  ['a1', '10.64.16.12'],
  ['a1', '10.64.16.99'],
  ['a1', '10.64.32.11'],
  ['c1', '10.64.0.11'],
  ['c1', '10.64.16.11'],
  ['b1', '10.64.32.11'],
] as const;

export default async function peering({ directory }: { directory: string }): Promise<Seen> {
  const log: string[] = [];
  const realiser = await kernelRealiser({ directory, log: (line) => log.push(line) });
  const ping = async (id: string, address: string) =>
    (await realiser.run(id, ['ping', '-c', '1', '-W', '1', address])).exit === 0;
  const all = async () =>
    Object.fromEntries(
      await Promise.all(
        PAIRS.filter(([id]) => realiser.status(id)).map(
          async ([id, address]) => [`${id} to ${address}`, await ping(id, address)] as const,
        ),
      ),
    );
  const hasLink = async () => {
    const { stdout } = await run('ip', ['-n', edgeNamespace('a'), '-j', 'link']);
    return (JSON.parse(stdout) as { ifname: string }[]).some(({ ifname }) => ifname === linkName('p', 'ab'));
  };
  await realiser.realise(peered);
  const first = await all();
  const running = await startCapture(`${directory}/capture.pcap`);
  await ping('a1', '10.64.16.11');
  await ping('b1', '10.64.0.11');
  await ping('a1', PUBLIC.b1);
  const frames = await running.stop();
  const isPrivate = (address: string | null) => address?.startsWith('10.') ?? false;
  const capture = {
    overPeering: frames.filter((one) => isPrivate(one.source) || isPrivate(one.destination)).length,
    overInternet: frames.filter((one) => one.destination === PUBLIC.b1).length,
  };
  const linked = await hasLink();
  // An address of nobody's realm, from a machine that may send any: it must not come out of the peering.
  const forwarder = { ...peered, machines: peered.machines.map((m) => ({ ...m, forwards: true, ingress: from('0.0.0.0/0') })) };
  await realiser.realise(forwarder);
  await realiser.run('b1', ['nft', 'table ip seen { counter spoofed { }\n chain in { type filter hook input priority -200; ip saddr 10.99.0.1 counter name spoofed; }; }']);
  await realiser.run('a1', ['sh', '-c', 'ip address add 10.99.0.1/32 dev lo; ping -c 2 -i 0.2 -W 1 -I 10.99.0.1 10.64.16.11']);
  const { stdout: counted } = await realiser.run('b1', ['nft', 'list', 'counter', 'ip', 'seen', 'spoofed']);
  await realiser.realise(ab({ ends: [{ realmId: 'a', routes: [B] }, { realmId: 'b', routes: [] }] }));
  const routedOneWay = await all();
  await realiser.realise(ab(null));
  const unpeered = await all();
  const unlinked = await hasLink();
  await realiser.realise(peered);
  const again = await all();
  // A realm that goes takes its peerings along.
  await realiser.realise({
    ...peered,
    realms: peered.realms.filter(({ id }) => id !== 'a'),
    peerings: peered.peerings.filter(({ id }) => id !== 'ab'),
    machines: peered.machines.filter(({ realmId }) => realmId !== 'a'),
  });
  const gone = await all();
  await realiser.close();
  return {
    log,
    peered: first,
    again,
    routedOneWay,
    unpeered,
    spoofed: !counted.includes('packets 0'),
    capture,
    links: { peered: linked, unpeered: unlinked },
    gone,
  };
} // biome-ignore format: one thing after another
