import { describe, expect, test } from 'vitest';
import { EMPTY_GROUND, type Ground, type Machine } from './ground.ts';
import { linkName } from './names.ts';
import { numbered } from './numbers.ts';
import { changeBetween, EMPTY_PLAN, type Plan, planOf } from './plan.ts';

const machine = (
  id: string,
  realmId: string,
  privateAddress: string,
  publicAddress: string | null,
): Machine => ({
  id,
  hostname: id,
  realmId,
  subnetId: 's',
  privateAddress,
  macAddress: '02:00:00:00:00:05',
  publicAddress,
  ingress: [{ protocol: 'udp', fromPort: 51_820, toPort: 51_820, cidrs: ['198.18.128.9/32'] }],
  egress: [{ protocol: 'all', fromPort: -1, toPort: -1, cidrs: ['0.0.0.0/0'] }],
  forwards: false,
  userData: null,
  metadata: {},
});
const realm = (id: string) => ({
  id,
  cloud: 'aws' as const,
  subnets: [{ id: 's', cidr: '10.64.0.0/20', router: '10.64.0.1' }],
  resolver: '10.64.0.2',
  internet: true,
});
const ground: Ground = {
  realms: [realm('r1'), realm('r2')],
  peerings: [],
  machines: [machine('i-1', 'r1', '10.64.0.5', '198.18.64.5'), machine('i-2', 'r2', '10.64.0.5', null)],
  zones: [],
};
const numbers = numbered(ground, { realms: {}, machines: {} });
const plan = planOf(ground, numbers);
const [m1, s1, s2, i1, i2] = [
  linkName('m', 'i-1'),
  linkName('s', 'r1'),
  linkName('s', 'r2'),
  linkName('i', 'r1'),
  linkName('i', 'r2'),
];

/** A kernel that knows only what was made in it: applies lines and says what stands. */
function standing(
  changes: readonly ReturnType<typeof changeBetween>[],
  plans: readonly Plan[],
): Record<string, string[]> {
  const facts: Record<string, Map<string, string>> = {};
  for (const [index, change] of changes.entries()) {
    for (const name of change.removeNamespaces) delete facts[name];
    const known = [...plans.slice(0, index + 1)].flatMap((one) => Object.entries(one.facts));
    for (const { namespace, lines } of change.batches) {
      facts[namespace] ??= new Map();
      for (const line of lines) {
        const made = known
          .flatMap(([name, list]) => (name === namespace ? list : []))
          .find(({ add }) => add === line);
        const unmade = known
          .flatMap(([name, list]) => (name === namespace ? list : []))
          .find(({ remove }) => remove === line);
        if (made !== undefined) facts[namespace].set(made.key, made.add);
        else if (unmade !== undefined) {
          facts[namespace].delete(unmade.key);
          // With a link goes all that was set on it.
          const link = /^link delete (\S+)$/.exec(line)?.[1];
          for (const [key, add] of facts[namespace])
            if (link !== undefined && add.split(' ').includes(link)) facts[namespace].delete(key);
        } else throw new Error(`nobody planned ${line}`);
      }
    }
  }
  return Object.fromEntries(Object.entries(facts).map(([name, map]) => [name, [...map.values()].sort()]));
}

test('the whole of a small ground, line by line', () => {
  const change = changeBetween(EMPTY_PLAN, plan);
  expect(change.addNamespaces).toEqual(['internet', 'outside', 'edge-r1', 'edge-r2', 'node-i-1', 'node-i-2']);
  expect(change.removeNamespaces).toEqual([]);
  expect(change.forget).toEqual([]);
  expect(Object.fromEntries(change.batches.map(({ namespace, lines }) => [namespace, lines]))).toMatchObject({
    '': [
      'link add services type bridge',
      'link set services up',
      'address replace 169.254.64.1/18 dev services',
      `link add ${s1} type veth peer name services netns edge-r1`,
      `link set ${s1} master services up`,
      'route replace 169.254.192.2 via 169.254.64.2 dev services',
      'route replace 198.18.64.5 via 169.254.64.2 dev services',
      `link add ${s2} type veth peer name services netns edge-r2`,
      `link set ${s2} master services up`,
      'route replace 169.254.192.3 via 169.254.64.3 dev services',
    ],
    internet: [
      'link set lo up',
      'link add internet type bridge',
      'link set internet up',
      'address replace 198.18.0.1/18 dev internet',
      'route replace blackhole default',
      'link add outside type veth peer name eth0 address 02:53:4b:00:00:01 netns outside',
      'link set outside master internet up',
      'route replace 198.18.192.10 dev internet',
      `link add ${i1} type veth peer name internet address 02:53:4b:00:00:02 netns edge-r1`,
      `link set ${i1} master internet up`,
      'route replace 198.18.64.5 via 198.18.0.2 dev internet',
      `link add ${i2} type veth peer name internet address 02:53:4b:00:00:03 netns edge-r2`,
      `link set ${i2} master internet up`,
    ],
    'edge-r1': [
      'link set lo up',
      'link set internet up',
      'address replace 198.18.0.2/18 dev internet',
      'route replace default via 198.18.0.1 dev internet',
      'link set services up',
      'address replace 169.254.64.2/18 dev services',
      'route replace 192.0.2.0/24 via 169.254.64.1 dev services',
      'address replace 10.64.0.1/32 dev lo',
      'route replace blackhole 10.64.0.0/20',
      `link add ${m1} type veth peer name eth0 address 02:00:00:00:00:05 netns node-i-1`,
      `link set ${m1} up`,
      `neigh replace 10.64.0.5 lladdr 02:00:00:00:00:05 dev ${m1} nud permanent`,
      `route replace 10.64.0.5 dev ${m1} scope link`,
    ],
  });
});

test('what stands needs nothing', () => {
  const change = changeBetween(plan, planOf(ground, numbered(ground, numbers)));
  expect(change).toEqual({ removeNamespaces: [], addNamespaces: [], filters: [], batches: [], forget: [] });
});

describe('from one ground to another, only the difference, and the same in the end as from nothing', () => {
  const less: Ground = { ...ground, realms: [realm('r1')], machines: ground.machines.slice(0, 1) };
  const published: Ground = {
    ...ground,
    machines: [
      ground.machines[0] as Machine,
      { ...(ground.machines[1] as Machine), publicAddress: '198.18.64.9' },
    ],
  };
  const swapped: Ground = {
    ...ground,
    machines: [
      { ...(ground.machines[0] as Machine), publicAddress: null },
      { ...(ground.machines[1] as Machine), publicAddress: '198.18.64.5' },
    ],
  };
  const remade: Ground = {
    ...ground,
    machines: [
      { ...(ground.machines[0] as Machine), privateAddress: '10.64.0.7', macAddress: '02:00:00:00:00:07' },
      ground.machines[1] as Machine,
    ],
  };
  const moved: Ground = {
    ...ground,
    machines: [...ground.machines.slice(1), machine('i-9', 'r2', '10.64.0.9', '198.18.64.5')],
  };

  test.each([
    ['a realm goes', less],
    ['an address is published', published],
    ['an address goes over to another realm', swapped],
    ['a machine is made anew', remade],
    ['one machine goes, another takes its number and address', moved],
    ['all goes', EMPTY_GROUND],
  ] as [string, Ground][])('%s', (_name, next) => {
    const nextNumbers = numbered(next, numbers);
    const after = planOf(next, nextNumbers);
    const changes = [changeBetween(EMPTY_PLAN, plan), changeBetween(plan, after)];
    expect(standing(changes, [plan, after])).toEqual(standing([changeBetween(EMPTY_PLAN, after)], [after]));
    const back = changeBetween(after, plan);
    expect(standing([...changes, back], [plan, after, plan])).toEqual(
      standing([changes[0] as never], [plan]),
    );
  });

  test('a published address touches no link and no other realm', () => {
    const change = changeBetween(plan, planOf(published, numbers));
    expect(change.batches).toEqual([
      { namespace: '', lines: ['route replace 198.18.64.9 via 169.254.64.3 dev services'] },
      { namespace: 'internet', lines: ['route replace 198.18.64.9 via 198.18.0.3 dev internet'] },
    ]);
    expect(change.filters.map(({ namespace }) => namespace)).toEqual(['internet', 'edge-r2']);
    expect(change.forget).toEqual([{ namespace: 'edge-r2', addresses: ['10.64.0.5'] }]);
  });

  test('a link made anew gets its other facts anew', () => {
    const lines = changeBetween(plan, planOf(remade, numbers)).batches.find(
      ({ namespace }) => namespace === 'edge-r1',
    )?.lines;
    expect(lines).toEqual([
      `link delete ${m1}`,
      `link add ${m1} type veth peer name eth0 address 02:00:00:00:00:07 netns node-i-1`,
      `link set ${m1} up`,
      `neigh replace 10.64.0.7 lladdr 02:00:00:00:00:07 dev ${m1} nud permanent`,
      `route replace 10.64.0.7 dev ${m1} scope link`,
    ]);
  });
});

test('after a change that broke off, everything wanted is made again', () => {
  const change = changeBetween(plan, plan, true);
  expect(change.filters).toHaveLength(3);
  expect(change.batches.flatMap(({ lines }) => lines)).toEqual(
    changeBetween(EMPTY_PLAN, plan).batches.flatMap(({ lines }) => lines),
  );
});

test('numbers stay, are unique, and are given again only when free', () => {
  const first = numbered(ground, { realms: {}, machines: {} });
  expect(first).toEqual({ realms: { r1: 2, r2: 3 }, machines: { 'i-1': 2, 'i-2': 3 } });
  const next = numbered(
    { ...ground, machines: [machine('i-3', 'r1', '10.64.0.8', null), ...ground.machines.slice(1)] },
    first,
  );
  expect(next.machines).toEqual({ 'i-2': 3, 'i-3': 2 });
});
