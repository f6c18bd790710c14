/** For tests: exports by name, and exports of any shape. */
import type { ServiceEndpoint, ServiceExport } from '@skein/contract/agent/service.ts';
import fc from 'fast-check';
import { compareText } from '../network.ts';
import type { ServiceCluster, SourceExport } from '../services/export.ts';

export const cluster = (name: string, place: ServiceCluster['place'] = null): ServiceCluster => ({
  id: `clu_${name}`,
  name,
  place,
  kubernetes: true,
});

export const PARIS = { provider: 'aws', region: 'eu-west-3' };
export const EAST = cluster('east', PARIS);
export const WEST = cluster('west', { provider: 'aws', region: 'us-west-2' });
export const NEAR = cluster('near', PARIS);

export const port = (name: string, number: number, target = number): ServiceExport['ports'][number] => ({
  name,
  protocol: 'TCP',
  port: number,
  appProtocol: null,
  targetPort: target,
});

export const endpoint = (address: string, more: Partial<ServiceEndpoint> = {}): ServiceEndpoint => ({
  address,
  ready: true,
  ...more,
});

export function source(
  of: ServiceCluster,
  second: number,
  endpoints: readonly ServiceEndpoint[],
  more: Partial<ServiceExport> = {},
): SourceExport {
  return {
    cluster: of,
    gone: false,
    endpoints: [...endpoints].sort((a, b) => compareText(a.address, b.address)),
    export: {
      namespace: 'shop',
      name: 'cart',
      exportedAt: new Date(Date.UTC(2026, 10, 21, 12, 0, second)).toISOString(),
      type: 'ClusterSetIP',
      sessionAffinity: 'None',
      sessionAffinitySeconds: null,
      internalTrafficPolicy: 'Cluster',
      trafficDistribution: null,
      labels: {},
      annotations: {},
      ports: [port('http', 80, 8080)],
      ...more,
    },
  };
}

const anyPort = fc
  .tuple(
    fc.constantFrom('', 'a', 'b', 'c'),
    fc.constantFrom('TCP' as const, 'UDP' as const),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([name, protocol, number]) => ({ ...port(name, number), protocol }));

export const anyEndpoints = (most: number) =>
  fc
    .uniqueArray(fc.tuple(fc.nat(most * 3), fc.boolean(), fc.boolean()), {
      maxLength: most,
      selector: ([at]) => at,
    })
    .map((some) =>
      some
        .map(([at, ready, odd]) =>
          endpoint(`10.1.${at >> 8}.${at & 255}`, { ready, ...(odd ? { ports: { a: 9999 } } : {}) }),
        )
        .sort((a, b) => compareText(a.address, b.address)),
    );

/** Exports of one service by up to five clusters, in no order. */
export const anySources = fc
  .uniqueArray(fc.constantFrom(EAST, WEST, NEAR, cluster('far'), cluster('office')), { maxLength: 5 })
  .chain((clusters) =>
    fc.tuple(
      ...clusters.map((one) =>
        fc
          .record({
            second: fc.nat(3),
            gone: fc.boolean(),
            endpoints: anyEndpoints(4),
            type: fc.constantFrom('ClusterSetIP' as const, 'Headless' as const),
            affinity: fc.constantFrom('None' as const, 'ClientIP' as const),
            labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')),
            ports: fc.uniqueArray(anyPort, {
              minLength: 1,
              maxLength: 3,
              comparator: (a, b) => a.name === b.name || (a.port === b.port && a.protocol === b.protocol),
            }),
          })
          .map(({ second, gone, endpoints, type, affinity, labels, ports }) => ({
            ...source(one, second, endpoints, { type, sessionAffinity: affinity, labels, ports }),
            gone,
          })),
      ),
    ),
  ) as fc.Arbitrary<SourceExport[]>;
