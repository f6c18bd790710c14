/** Three realms for the packet tests: two use the same range; and what their security groups must come to. */
import type { Ground, GroundRule, GroundZone, Machine } from './ground.ts';
import { OUTSIDE_ADDRESS } from './names.ts';

const rule = (
  protocol: GroundRule['protocol'],
  fromPort: number,
  toPort: number,
  ...cidrs: string[]
): GroundRule => ({ protocol, fromPort, toPort, cidrs });
const anywhere = rule('all', -1, -1, '0.0.0.0/0');

const machine = (
  id: string,
  realmId: string,
  privateAddress: string,
  publicAddress: string | null,
  ingress: GroundRule[],
  more: Partial<Machine> = {},
): Machine => ({
  id,
  hostname: `${id}-host`,
  realmId,
  subnetId: 'a',
  privateAddress,
  macAddress: `02:00:0a:40:00:${Number(privateAddress.split('.')[3]).toString(16).padStart(2, '0')}`,
  publicAddress,
  ingress,
  egress: [anywhere],
  forwards: false,
  userData: null,
  metadata:
    realmId === 'dev' ? { '/computeMetadata/v1/instance/name': id } : { '/latest/meta-data/instance-id': id },
  ...more,
});

export const PUBLIC = {
  p1: '198.18.64.11',
  p3: '198.18.64.13',
  t1: '198.18.64.21',
  d1: '198.18.128.31',
} as const;

export const machines: Machine[] = [
  machine('p1', 'prod', '10.64.0.11', PUBLIC.p1, [rule('udp', 51_820, 51_820, `${PUBLIC.t1}/32`, `${PUBLIC.d1}/32`), rule('icmp', -1, -1, '10.64.0.0/20')], {
    userData: '#!/bin/sh\necho "first boot of $(hostname)"\necho ran >> /root/ran\n(sleep 1000 &)\n(sleep 0.1 &)\nexit 7\n',
  }),
  machine('p2', 'prod', '10.64.0.12', null, [rule('tcp', 7000, 7001, '10.64.0.11/32'), rule('udp', 7000, 7100, '10.64.0.11'), rule('icmp', -1, -1, '10.64.0.0/20')]),
  machine('p3', 'prod', '10.64.0.13', PUBLIC.p3, [rule('tcp', 7001, 7001, `${PUBLIC.p1}/32`, '198.18.0.0/16', `${OUTSIDE_ADDRESS}/32`)], { forwards: true }),
  // The same address as p1's, in the other realm with the same range.
  machine('t1', 'twin', '10.64.0.11', PUBLIC.t1, [rule('all', -1, -1, `${PUBLIC.d1}/32`), rule('udp', 51_820, 51_820, `${PUBLIC.p1}/32`)]),
  machine('t2', 'twin', '10.64.0.12', null, [anywhere], { egress: [rule('tcp', 7000, 7000, '10.64.0.0/20')] }),
  machine('d1', 'dev', '10.80.0.31', PUBLIC.d1, [rule('icmp', -1, -1, '0.0.0.0/0'), rule('tcp', 0, 65_535, '0.0.0.0/0')]),
]; // biome-ignore format: a table of machines

const a = (name: string, value: string) => ({ name, type: 'A' as const, ttlSeconds: 5, values: [value] });
const zones: GroundZone[] = [
  {
    id: 'z1',
    name: 'net.example',
    visibility: 'public',
    realmIds: [],
    records: [a('p1.net.example', PUBLIC.p1)],
  },
  {
    id: 'z2',
    name: 'net.example',
    visibility: 'private',
    realmIds: ['prod'],
    records: [a('p1.net.example', '10.64.0.11')],
  },
];

export const ground: Ground = {
  realms: [
    { id: 'prod', cloud: 'aws', subnets: [{ id: 'a', cidr: '10.64.0.0/20', router: '10.64.0.1' }], resolver: '10.64.0.2', internet: true },
    { id: 'twin', cloud: 'aws', subnets: [{ id: 'a', cidr: '10.64.0.0/20', router: '10.64.0.1' }], resolver: '10.64.0.2', internet: true },
    { id: 'dev', cloud: 'gcp', subnets: [{ id: 'a', cidr: '10.80.0.0/20', router: '10.80.0.1' }], resolver: '169.254.169.254', internet: true },
  ],
  peerings: [],
  machines,
  zones,
}; // biome-ignore format: one realm a line

export interface Probe {
  from: string;
  to: string;
  address: string;
  how: 'tcp 7000' | 'tcp 7001' | 'udp 7000' | 'udp 51820' | 'icmp';
}

const HOWS: Probe['how'][] = ['tcp 7000', 'tcp 7001', 'udp 7000', 'udp 51820', 'icmp'];

/** Every ordered pair, by private address within a realm and by public address from anywhere, in every way. */
export const probes: Probe[] = ['outside', ...machines.map(({ id }) => id)].flatMap((from) =>
  machines.flatMap((to) => {
    const near = machines.find(({ id }) => id === from)?.realmId === to.realmId && from !== to.id;
    const addresses = [
      ...(near ? [to.privateAddress] : []),
      ...(to.publicAddress === null ? [] : [to.publicAddress]),
    ];
    return from === to.id
      ? []
      : addresses.flatMap((address) => HOWS.map((how) => ({ from, to: to.id, address, how })));
  }),
);

/** Whether a probe must come through, from the groups alone: not by the code under test. */
export function mustPass({ from, to, address, how }: Probe): boolean {
  const sender = machines.find(({ id }) => id === from);
  const target = machines.find(({ id }) => id === to) as Machine;
  const inside = address === target.privateAddress;
  const source =
    from === 'outside' ? OUTSIDE_ADDRESS : inside ? sender?.privateAddress : sender?.publicAddress;
  if (source === null || source === undefined) return false;
  const [protocol, port] = how.split(' ');
  const allows = (rules: readonly GroundRule[], peer: string) =>
    rules.some((item) => {
      const fits =
        item.protocol === 'all' ||
        (item.protocol === protocol &&
          (protocol === 'icmp' || (Number(port) >= item.fromPort && Number(port) <= item.toPort)));
      return fits && item.cidrs.some((cidr) => holds(cidr, peer));
    });
  return (sender === undefined || allows(sender.egress, address)) && allows(target.ingress, source);
}

function holds(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const binary = (text: string) => text.split('.').map((part) => Number(part).toString(2).padStart(8, '0')).join(''); // biome-ignore format: one line
  return binary(base).slice(0, Number(bits)) === binary(address).slice(0, Number(bits));
}
