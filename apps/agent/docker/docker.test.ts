import { expect, test } from 'vitest';
import type { Run } from '../host/command.ts';
import { applyForward, rulesFor } from './forward.ts';
import { containersOf, type DockerNetwork, NetworkJson, problemOf } from './network.ts';

const network = (change: Partial<DockerNetwork> = {}): DockerNetwork =>
  NetworkJson.parse({
    Name: 'shop',
    Id: 'e417f86ecfec',
    Driver: 'bridge',
    Labels: {},
    IPAM: { Driver: 'default', Options: {}, Config: [{ Subnet: '242.0.0.0/24', Gateway: '242.0.0.1' }] },
    Containers: {},
    ...change,
  });
const container = (Name: string, host: number) => ({
  Name,
  EndpointID: 'x',
  MacAddress: '02:42:f2:00:00:02',
  IPv4Address: `242.0.0.${host}/24`,
  IPv6Address: '',
});

test('containers have names that DNS can have, each one of its own', () => {
  const Containers = Object.fromEntries(
    ['web', 'shop_Web.1', '9lives', 'shop-web-1', '_', 'x'.repeat(60), 'end-'].map((name, at) => [
      `id${at}`,
      container(name, at + 2),
    ]),
  );
  expect(containersOf(network({ Containers })).map(({ name, address }) => `${name} ${address}`)).toEqual([
    'lives 242.0.0.4',
    'end 242.0.0.8',
    'shop-web-1 242.0.0.5',
    'web 242.0.0.2',
    `${'x'.repeat(40)} 242.0.0.7`,
  ]);
  // One that has not got its address yet has no name.
  expect(containersOf(network({ Containers: { a: { Name: 'a', IPv4Address: '' } } }))).toEqual([]);
});

test('a network that is there must have the subnet that the range has', () => {
  const wanted = { network: 'shop', cidr: '242.0.0.0/24', made: true };
  expect(problemOf(network(), wanted)).toBeNull();
  expect(problemOf(network({ Driver: 'macvlan' }), wanted)).toContain('is no bridge');
  expect(problemOf(network(), { ...wanted, cidr: '172.18.0.0/16' })).toContain('has the subnet 242.0.0.0/24');
  expect(problemOf(network({ IPAM: { Config: null } }), wanted)).toContain('has the subnet none');
});

test('Docker’s chain gets what is missing, loses what is ours and not wanted, and keeps what is others’', async () => {
  const asked: string[] = [];
  const [across, out, inward] = rulesFor(['242.0.0.0/24']);
  const listing =
    (lines: readonly string[]): Run =>
    async (_, args) => {
      if (args.includes('-S')) return { ok: true, output: `${lines.join('\n')}\n` };
      asked.push(args.slice(1).join(' '));
      return { ok: true, output: '' };
    };
  const there = [
    '-N DOCKER-USER',
    `-A DOCKER-USER ${out}`,
    '-A DOCKER-USER -s 10.0.0.0/8 -i skein+ -m comment --comment skein -j ACCEPT',
    '-A DOCKER-USER -i skein+ -m comment --comment skeins -j DROP',
    '-A DOCKER-USER -j RETURN',
  ];
  await applyForward(listing(there), ['242.0.0.0/24']);
  expect(asked).toEqual([
    `-I DOCKER-USER ${across}`,
    `-I DOCKER-USER ${inward}`,
    '-D DOCKER-USER -s 10.0.0.0/8 -i skein+ -m comment --comment skein -j ACCEPT',
  ]);
  asked.length = 0;
  await applyForward(
    async () => ({ ok: false, message: 'No chain/target/match by that name.' }),
    ['242.0.0.0/24'],
  );
  expect(asked).toEqual([]);
});
