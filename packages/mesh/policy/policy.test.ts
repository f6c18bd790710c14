import type { MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatAddress, parseCidr } from '../ipam/cidr.ts';
import { buildMap } from '../map/build.ts';
import { changeSnapshot, type Snapshot } from '../network.ts';
import { carriedBy } from '../range/carriers.ts';
import { translate } from '../range/translate.ts';
import { anyRows, PEERED, PRACTICE, toSnapshot } from '../testing/networks.ts';
import { anyPolicy, anyPort } from '../testing/policies.ts';
import { gatewaysOf } from '../topology/gateways.ts';
import { clustersConcerned, rangesIn } from './compile.ts';
import { decide, decideByRules, type End, endsIn, type Flow, isSameEnd, type PeerEnd } from './decide.ts';
import { changedFlows } from './flows.ts';
import { cidrsOf, covers, spansOf } from './ranges.ts';
import { simplePolicy, simplePortsOf } from './simple.ts';
import { tryPolicy } from './try.ts';
import { policyWarnings } from './warnings.ts';
import { whoReaches } from './who.ts';

const endsOf = (snapshot: Snapshot): End[] => [...snapshot.parts.values()].flatMap(endsIn);
const peerEndsOf = (snapshot: Snapshot): PeerEnd[] =>
  endsOf(snapshot).filter((end): end is PeerEnd => 'peer' in end);
/** Some address of an end, as the network knows it. */
const addressOf = (end: End): string => {
  if ('peer' in end) return end.peer.overlayAddress;
  if ('pods' in end) return formatAddress(parseCidr(end.part.cluster.podCidr ?? '').first + 263);
  return translate('10.42.0.7', '10.42.0.0/24', end.range.overlayCidr);
};
const under = (policy: Policy, snapshot = PRACTICE): Snapshot => ({
  ...snapshot,
  network: { ...snapshot.network, policy },
});
const policy = (wish: Partial<Policy>): Policy => Policy.parse({ default: 'deny', rules: [], ...wish });
const endOf = (snapshot: Snapshot, name: string): PeerEnd => {
  const found = peerEndsOf(snapshot).find(({ part, peer }) => `${peer.name}.${part.cluster.name}` === name);
  if (!found) throw new Error(`no peer ${name}`);
  return found;
};

/** A packet that begins a flow, as a filter sees it. */
interface Packet extends Flow {
  readonly from: string;
  readonly to: string;
}

/** What the rules of a map say, read as the agent's filter reads them: the first that matches decides. */
function firstMatch(map: NetworkMap, rules: readonly MapRule[], packet: Packet): string | undefined {
  const isIn = (id: string | null, address: string) =>
    id === null ||
    map.addressSets.some((set) => set.id === id && set.cidrs.some((cidr) => contains(cidr, address)));
  return rules.find(
    (rule) =>
      isIn(rule.from, packet.from) &&
      isIn(rule.to, packet.to) &&
      (rule.protocol === 'any' || rule.protocol === packet.protocol) &&
      (rule.ports.length === 0 ||
        rule.ports.some(
          ([first, last]) => packet.port !== null && first <= packet.port && packet.port <= last,
        )),
  )?.action;
}

describe('what agents get says what the policy says', () => {
  const anyFlow = fc.oneof(
    fc.record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), port: anyPort }),
    fc.constant({ protocol: 'icmp' as const, port: null }),
  );

  test('at every target, and at the gateways on the way, for whoever sends to whomever', () => {
    let [opened, closed, carriers] = [0, 0, 0];
    fc.assert(
      fc.property(anyRows, anyFlow, (rows, flow) => {
        const snapshot = toSnapshot({ ...rows, network: { ...rows.network, topology: 'hybrid' } });
        const ends = endsOf(snapshot);
        for (const from of ends)
          for (const to of ends) {
            if (isSameEnd(from, to)) continue;
            const said = decide(snapshot.network.policy, from, to, flow).verdict;
            const inside = from.part === to.part;
            const packet = { ...flow, from: addressOf(from), to: addressOf(to) };
            const { withinCluster, default: elsewhere } = snapshot.network.policy;
            const otherwise = inside ? withinCluster : elsewhere;
            if ('peer' in to) {
              const map = buildMap(snapshot, to.part.cluster.id, to.peer.id) as NetworkMap;
              expect(firstMatch(map, map.self.rules, packet) ?? otherwise).toBe(said);
            }
            // Who carries a range judges what comes for it and what leaves it, from the own cluster too.
            for (const end of [from, to])
              for (const carrier of 'range' in end ? end.part.peers : []) {
                const carried = carriedBy('hybrid', end.part, carrier);
                if (!('range' in end) || !carried.includes(end.range)) continue;
                const map = buildMap(snapshot, end.part.cluster.id, carrier.id) as NetworkMap;
                expect(map.self.ranges).toContainEqual({
                  cidr: end.range.cidr,
                  overlayCidr: end.range.overlayCidr,
                  replies: end.range.replies,
                  alone: end.range.peerId !== null,
                });
                expect(firstMatch(map, map.self.passing, packet) ?? otherwise).toBe(said);
                carriers += 1;
              }
            if (said === 'allow') opened += 1;
            else closed += 1;
            // Both clusters' gateways judge alike: the one lets the first packet in, the other the answer.
            if (!inside)
              for (const { part } of [from, to])
                for (const gateway of gatewaysOf(part)) {
                  const way = buildMap(snapshot, part.cluster.id, gateway.id) as NetworkMap;
                  expect(firstMatch(way, way.self.passing, packet) ?? elsewhere).toBe(said);
                }
          }
      }),
      { numRuns: 80 },
    );
    expect(Math.min(opened, closed, carriers)).toBeGreaterThan(100);
  });

  test('a set of addresses is as few ranges as can be, and holds what it should', () => {
    const anyRange = fc
      .record({ at: fc.integer({ min: 0, max: 255 }), prefixLength: fc.integer({ min: 27, max: 32 }) })
      .map(({ at, prefixLength }) => {
        const size = 2 ** (32 - prefixLength);
        return { first: Math.floor(at / size) * size, prefixLength };
      });
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 12 }), (ranges) => {
        const spans = spansOf(ranges);
        const cidrs = cidrsOf(spans);
        const held256 = new Array<number>(256).fill(0);
        for (const { first, prefixLength } of cidrs.map(parseCidr))
          for (let at = 0; at < 2 ** (32 - prefixLength); at++)
            held256[first + at] = (held256[first + at] ?? 0) + 1;
        for (let address = 0; address < 256; address++) {
          const meant = ranges.some(
            ({ first, prefixLength }) => first <= address && address < first + 2 ** (32 - prefixLength),
          );
          const held = held256[address] ?? 0;
          if (covers(spans, address) !== meant || held !== (meant ? 1 : 0)) expect.fail(`0.0.0.${address}`);
        }
      }),
    );
    expect(
      cidrsOf(
        spansOf([
          { first: 4, prefixLength: 32 },
          { first: 5, prefixLength: 32 },
        ]),
      ),
    ).toEqual(['0.0.0.4/31']);
    expect(cidrsOf(spansOf([{ first: 0, prefixLength: 0 }]))).toEqual(['0.0.0.0/0']);
  });

  test('a peer that comes changes no map elsewhere where rules mean its cluster, and only those that mean its label', () => {
    const rules = [
      { action: 'allow', from: ['cluster:dev'], to: ['cluster:dr'], protocol: 'any', ports: [] },
      { action: 'allow', from: ['label:tier=web'], to: ['peer:gw-1.dr'], protocol: 'tcp', ports: [5432] },
    ] satisfies Policy['rules'];
    const before = under(policy({ rules }));
    const change = (labels: Record<string, string>) => {
      const newcomer = {
        ...endOf(before, 'node-2.dev').peer,
        id: 'peer_new',
        name: 'new',
        overlayAddress: '100.64.2.9',
        labels,
      };
      const { after, touched } = changeSnapshot(before, {
        number: 8,
        peers: new Map([['peer_new', newcomer]]),
      });
      return [...clustersConcerned(before, after, touched)].sort();
    };
    expect(change({})).toEqual([]);
    expect(change({ tier: 'web' })).toEqual(['clu_dev', 'clu_dr']);
  });

  test('labels of a cluster are those of its peers, unless they bear others', () => {
    const labelled = changeSnapshot(
      under(
        policy({
          rules: [{ action: 'allow', from: ['label:tier=web'], to: ['any'], protocol: 'any', ports: [] }],
        }),
      ),
      {
        number: 8,
        clusters: new Map([
          ['clu_prod', { ...endOf(PRACTICE, 'gw-1.prod').part.cluster, labels: { tier: 'web' } }],
        ]),
        peers: new Map([
          ['peer_prod_node-2', { ...endOf(PRACTICE, 'node-2.prod').peer, labels: { tier: 'db' } }],
        ]),
      },
    ).after;
    const map = buildMap(labelled, 'clu_dr', 'peer_dr_gw-1');
    expect(map?.addressSets).toEqual([
      { id: 'any', cidrs: ['100.64.0.0/16'] },
      { id: 'label:tier=web', cidrs: ['100.64.0.1/32', '100.64.0.2/32'] },
    ]);
    const whole = changeSnapshot(labelled, { number: 9, peers: new Map([['peer_prod_node-2', null]]) }).after;
    expect(buildMap(whole, 'clu_dr', 'peer_dr_gw-1')?.addressSets[1]?.cidrs).toEqual(['100.64.0.0/24']);
    expect(rangesIn(labelled)).toBe(3);
  });
});

describe('deciding', () => {
  const prod = endOf(PRACTICE, 'node-1.prod');
  const gateway = endOf(PRACTICE, 'gw-2.dr');
  const dev = endOf(PRACTICE, 'node-1.dev');

  test('the first rule that matches decides, else a default', () => {
    const some = policy({
      groups: { people: ['peer:node-1.prod', 'cluster:dev'] },
      rules: [
        { name: 'no telnet', action: 'deny', from: ['any'], to: ['any'], protocol: 'tcp', ports: [23] },
        { action: 'allow', from: ['group:people'], to: ['cluster:dr'], protocol: 'tcp', ports: ['20-25'] },
      ],
    });
    const tcp = (port: number) => ({ protocol: 'tcp' as const, port });
    expect(decide(some, prod, gateway, tcp(22))).toEqual({
      verdict: 'allow',
      by: { kind: 'rule', index: 1, name: null },
    });
    expect(decide(some, prod, gateway, tcp(23))).toEqual({
      verdict: 'deny',
      by: { kind: 'rule', index: 0, name: 'no telnet' },
    });
    expect(decide(some, prod, gateway, tcp(26)).by).toEqual({ kind: 'default' });
    expect(decide(some, gateway, dev, tcp(22)).verdict).toBe('deny');
    expect(decide(some, prod, endOf(PRACTICE, 'node-2.prod'), tcp(443))).toEqual({
      verdict: 'allow',
      by: { kind: 'within-cluster' },
    });
  });

  test('names at gateways and the agents’ own probes are open whatever the policy says', () => {
    const closed = policy({ withinCluster: 'deny' });
    expect(decide(closed, dev, gateway, { protocol: 'udp', port: 53 }).by).toEqual({
      kind: 'own-service',
      service: 'names',
    });
    expect(decide(closed, gateway, dev, { protocol: 'udp', port: 53 }).verdict).toBe('deny');
    expect(decide(closed, gateway, dev, { protocol: 'udp', port: 51880 }).verdict).toBe('allow');
    expect(decide(closed, gateway, dev, { protocol: 'tcp', port: 51880 }).verdict).toBe('deny');
  });
});

describe('the contract', () => {
  const refused = (wish: unknown) => {
    const parsed = Policy.safeParse(wish);
    return parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.'));
  };
  const rule = { action: 'allow', from: ['any'], to: ['any'], protocol: 'tcp' };
  test.each([
    ['a selector of no kind', { ...rule, from: ['prod'] }, 'rules.0.from.0'],
    ['nobody at all', { ...rule, to: [] }, 'rules.0.to'],
    ['a group that is not there', { ...rule, to: ['group:web'] }, 'rules.0.to.0'],
    ['a group named like a property of every object', { ...rule, to: ['group:constructor'] }, 'rules.0.to.0'],
    ['ports of a protocol that has none', { ...rule, protocol: 'icmp', ports: [80] }, 'rules.0.ports'],
    ['ports the wrong way round', { ...rule, ports: ['90-80'] }, 'rules.0.ports.0'],
    ['a port beyond the last', { ...rule, ports: [70000] }, 'rules.0.ports.0'],
  ])('refuses %s', (_, one, path) => {
    expect(refused({ default: 'deny', rules: [one] })).toContain(path);
  });
  test('a group holds no group; a test of ping names no port, others do', () => {
    expect(refused({ default: 'deny', rules: [], groups: { a: ['group:a'] } })).toContain('groups.a.0');
    const of = (one: object) =>
      refused({ default: 'deny', rules: [], tests: [{ from: 'any', to: 'any', expect: 'allow', ...one }] });
    expect(of({ protocol: 'icmp', port: 5 })).toEqual(['tests.0.port']);
    expect(of({ protocol: 'tcp' })).toEqual(['tests.0.port']);
    expect(of({ protocol: 'tcp', port: 5 })).toEqual([]);
  });
});

describe('the simple form', () => {
  const port = fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    port: fc.integer({ min: 1, max: 65535 }),
  });
  test('tells its ports again, however many; any other policy is none', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(port, { maxLength: 64, selector: (one) => `${one.protocol} ${one.port}` }),
        (ports) => {
          const made = simplePolicy(ports);
          expect(Policy.parse(made)).toEqual(made);
          const told = simplePortsOf(made);
          expect(new Set(told?.map((one) => `${one.protocol} ${one.port}`))).toEqual(
            new Set(ports.map((one) => `${one.protocol} ${one.port}`)),
          );
          expect(simplePortsOf({ ...made, default: 'allow' })).toBeNull();
          expect(simplePortsOf({ ...made, rules: made.rules.slice(1) })).toBeNull();
        },
      ),
    );
  });
});

describe('tests beside the policy', () => {
  const web = {
    action: 'allow',
    from: ['cluster:prod'],
    to: ['cluster:dr'],
    protocol: 'tcp',
    ports: [5432],
  } as const;
  const trial = (one: Policy['tests'][number]) =>
    tryPolicy(
      PRACTICE,
      policy({
        rules: [{ ...web, from: [...web.from], to: [...web.to], ports: [...web.ports] }],
        tests: [one],
      }),
    )[0];
  test.each([
    [
      { from: 'cluster:prod', to: 'cluster:dr', protocol: 'tcp', port: 5432, expect: 'allow' },
      true,
      /allowed/,
    ],
    [
      { from: 'any', to: 'peer:gw-1.dr', protocol: 'tcp', port: 5432, expect: 'allow' },
      false,
      /^node-1\.dev to gw-1\.dr, TCP 5432: denied by the default$/,
    ],
    [{ from: 'cluster:dev', to: 'cluster:dr', protocol: 'tcp', port: 5432, expect: 'deny' }, true, /denied/],
    [
      { from: 'cluster:prod', to: 'cluster:dr', protocol: 'tcp', port: 5432, expect: 'deny' },
      false,
      /allowed by rule 1$/,
    ],
    [
      { from: 'cluster:gone', to: 'cluster:dr', protocol: 'icmp', expect: 'deny' },
      false,
      /cluster:gone means no peer/,
    ],
    [
      { from: 'peer:gw-1.dr', to: 'peer:gw-1.dr', protocol: 'icmp', expect: 'deny' },
      false,
      /the same one end/,
    ],
  ] satisfies [Policy['tests'][number], boolean, RegExp][])('%j', (one, passed, message) => {
    expect(trial(one)).toEqual({ index: 0, passed, message: expect.stringMatching(message) });
  });

  test('agree with what is decided for every single pair', () => {
    fc.assert(
      fc.property(anyRows, anyPort, (rows, port) => {
        const snapshot = toSnapshot(rows);
        const asked = {
          from: 'label:tier=web',
          to: 'any',
          protocol: 'tcp' as const,
          port,
          expect: 'allow' as const,
        };
        const one = { ...rows.network.policy, tests: [asked] };
        const ends = endsOf(snapshot);
        const pairs = whoReaches(snapshot, one, asked).pairs;
        const [result] = tryPolicy(snapshot, one);
        expect(result?.passed).toBe(
          pairs.length > 0 && pairs.every((pair) => pair.decision.verdict === 'allow'),
        );
        expect(pairs.length).toBeLessThanOrEqual(ends.length ** 2);
      }),
    );
  });
});

describe('comparing', () => {
  test('flows are told by cluster where they can be, by peer where not', () => {
    const before = simplePolicy([{ protocol: 'tcp', port: 80 }]);
    const after = policy({
      rules: [
        { action: 'allow', from: ['any'], to: ['any'], protocol: 'icmp', ports: [] },
        {
          action: 'allow',
          from: ['cluster:dev'],
          to: ['peer:node-1.prod'],
          protocol: 'tcp',
          ports: ['5000-5009', 5010],
        },
      ],
    });
    const { flows, more } = changedFlows(PRACTICE, before, after);
    expect(more).toBe(false);
    expect(flows).toContainEqual({
      effect: 'opened',
      from: 'dev',
      to: 'node-1.prod',
      protocol: 'tcp',
      ports: '5000-5010',
    });
    expect(flows.filter((flow) => flow.effect === 'opened')).toHaveLength(1);
    expect(flows).toContainEqual({
      effect: 'cut',
      from: 'prod',
      to: 'dev, dr',
      protocol: 'tcp',
      ports: '80',
    });
    expect(changedFlows(PRACTICE, after, after)).toEqual({ flows: [], more: false });
    expect(changedFlows(PRACTICE, policy({}), policy({ default: 'allow' })).flows).toContainEqual({
      effect: 'opened',
      from: 'dev',
      to: 'dr, prod',
      protocol: 'any',
      ports: '',
    });
  });

  test('a change is told exactly where some pair is decided otherwise', () => {
    fc.assert(
      fc.property(anyRows, anyPolicy, anyPort, (rows, after, port) => {
        const snapshot = toSnapshot(rows);
        const before = rows.network.policy;
        const flow = { protocol: 'udp' as const, port };
        const ends = endsOf(snapshot);
        const differs = ends.some((from) =>
          ends.some(
            (to) =>
              !isSameEnd(from, to) &&
              decideByRules(before, from, to, flow).verdict !== decideByRules(after, from, to, flow).verdict,
          ),
        );
        const told = changedFlows(snapshot, before, after).flows.filter(({ protocol, ports }) => {
          const [first = 1, last = first] = ports === '' ? [1, 65535] : ports.split('-').map(Number);
          return protocol === 'any' || (protocol === 'udp' && first <= port && port <= last);
        });
        expect(told.length > 0).toBe(differs);
      }),
      { numRuns: 100 },
    );
  });

  test('names that nobody bears are warned of', () => {
    const rule = { action: 'allow', protocol: 'any', ports: [] } as const;
    const some = policy({
      groups: { idle: [] },
      rules: [
        {
          ...rule,
          ports: [],
          from: ['cluster:prdo', 'label:a=b', 'cluster:dr'],
          to: ['peer:node-9.prod', 'any'],
        },
      ],
    });
    expect(policyWarnings(PEERED, some).map((text) => text.split(':').slice(0, 2).join(':'))).toEqual([
      'cluster:prdo',
      'label:a=b',
      'peer:node-9.prod',
      'group:idle',
    ]);
  });
});

test('a network of 1,000 peers: an agent’s part of a policy over labels takes no time to speak of', () => {
  const peers = Array.from({ length: 1000 }, (_, at) => ({
    ...endOf(PRACTICE, 'node-1.prod').peer,
    id: `peer_${at}`,
    name: `n${at}`,
    overlayAddress: `100.64.${10 + Math.floor(at / 100)}.${1 + (at % 100)}`,
    labels: { tier: at % 2 === 0 ? 'web' : 'db' },
  }));
  const rules = Array.from({ length: 100 }, (_, at) => ({
    action: 'allow' as const,
    from: ['label:tier=web'],
    to: ['label:tier=db'],
    protocol: 'tcp' as const,
    ports: [1000 + at],
  }));
  const { after } = changeSnapshot(under(policy({ rules })), {
    number: 8,
    peers: new Map(peers.map((one) => [one.id, one])),
  });
  buildMap(after, 'clu_prod', 'peer_0');
  // The best of some, for the machine may be busy with others.
  const took = Array.from({ length: 20 }, (_, at) => {
    const start = performance.now();
    buildMap(after, 'clu_prod', `peer_${at}`);
    return performance.now() - start;
  });
  expect(Math.min(...took)).toBeLessThan(20);
  expect(rangesIn(after)).toBe(1000);
});
