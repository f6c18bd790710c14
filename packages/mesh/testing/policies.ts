/** For tests: policies and labels over the names that `anyRows` gives, so that most rules mean somebody. */
import { Policy } from '@skein/contract/rest/policy.ts';
import fc from 'fast-check';

export const anyLabels = fc.dictionary(fc.constantFrom('tier', 'team'), fc.constantFrom('web', 'db'), {
  maxKeys: 2,
});

export const anyServices = fc.subarray(['shop/cart', 'shop/pay']);

const cluster = fc
  .tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 4 }))
  .map(([name, at]) => name + at);
const atom = fc.oneof(
  fc.constant('any'),
  cluster.map((name) => `cluster:${name}`),
  fc.tuple(cluster, fc.integer({ min: 0, max: 3 })).map(([name, at]) => `peer:node-${at}.${name}`),
  fc.tuple(cluster, fc.integer({ min: 0, max: 1 })).map(([name, at]) => `range:range-${at}.${name}`),
  fc.constantFrom('service:shop/cart', 'service:shop/pay'),
  fc
    .tuple(fc.constantFrom('tier', 'team'), fc.constantFrom('web', 'db'))
    .map(([key, value]) => `label:${key}=${value}`),
);
const selectors = fc.array(
  fc.oneof({ weight: 4, arbitrary: atom }, { weight: 1, arbitrary: fc.constant('group:some') }),
  {
    minLength: 1,
    maxLength: 3,
  },
);
/** Few ports, so that rules and packets meet. */
export const anyPort = fc.integer({ min: 1, max: 9 });
const ports = fc.array(
  fc.oneof(
    anyPort,
    fc.tuple(anyPort, anyPort).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  ),
  { maxLength: 3 },
);
const action = fc.constantFrom('allow' as const, 'deny' as const);
const rule = fc
  .record({
    action,
    from: selectors,
    to: selectors,
    protocol: fc.constantFrom('any' as const, 'tcp' as const, 'udp' as const, 'icmp' as const),
    ports,
  })
  .map((one) => (one.protocol === 'tcp' || one.protocol === 'udp' ? one : { ...one, ports: [] }));

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    default: action,
    withinCluster: action,
    groups: fc.array(atom, { maxLength: 3 }).map((some) => ({ some })),
    rules: fc.array(rule, { maxLength: 5 }),
  })
  .map((wish) => Policy.parse(wish));
