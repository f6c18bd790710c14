import { ImportedService } from '@skein/contract/agent/service.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyEndpoints,
  anySources,
  cluster,
  EAST,
  endpoint,
  NEAR,
  port,
  source,
  WEST,
} from '../testing/services.ts';
import { chooseForAll, chooseSources, readyOf } from './choose.ts';
import type { SourceExport } from './export.ts';
import { mergeExports, servesPort } from './merge.ts';
import { applyNews, newsBetween, type ServiceBook } from './news.ts';
import { MOST_IN_SLICE, planSlices } from './slices.ts';
import { type ServiceView, viewOf } from './view.ts';

const merged = (sources: readonly SourceExport[]) => {
  const service = mergeExports(sources);
  if (!service) throw new Error('no exports');
  return service;
};
const seenFrom = (importer: typeof EAST, sources: readonly SourceExport[]): ServiceView =>
  viewOf(merged(sources), importer);

describe('merging', () => {
  it('is no import without exports', () => expect(mergeExports([])).toBeUndefined());

  it('says nothing of a conflict where all agree', () => {
    const one = merged([source(EAST, 0, []), source(WEST, 1, [])]);
    expect(one.conflict).toBeNull();
    expect(one.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 80, appProtocol: null }]);
  });

  it('lets the oldest decide, and says who won and why', () => {
    const one = merged([
      source(WEST, 1, [], { type: 'Headless', labels: { tier: 'b' } }),
      source(EAST, 0, [], { labels: { tier: 'a' } }),
      source(NEAR, 2, []),
    ]);
    expect(one).toMatchObject({ type: 'ClusterSetIP', labels: { tier: 'a' } });
    expect(one.conflict?.reasons).toEqual(['TypeConflict', 'LabelsConflict']);
    expect(one.conflict?.message).toBe(
      'Conflicting type: using "ClusterSetIP" of the oldest export, in cluster "east". 1/3 clusters disagree. ' +
        'Conflicting exported labels: using [["tier","a"]] of the oldest export, in cluster "east". 2/3 clusters disagree.',
    );
  });

  it('takes all ports but those that clash with an older one, by name and by number', () => {
    const one = merged([
      source(EAST, 0, [], { ports: [port('http', 80), port('admin', 9000)] }),
      source(WEST, 1, [], { ports: [port('http', 81), port('other', 9000), port('more', 7000)] }),
    ]);
    expect(one.ports.map(({ name, port: number }) => `${name}:${number}`)).toEqual([
      'http:80',
      'admin:9000',
      'more:7000',
    ]);
    expect(one.conflict?.reasons).toEqual(['PortConflict']);
  });

  it('is the same in whatever order exports come, with ports that Kubernetes would take', () => {
    fc.assert(
      fc.property(
        anySources.chain((some) =>
          fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
        ),
        ([some, shuffled]) => {
          const one = mergeExports(some);
          expect(mergeExports(shuffled)).toEqual(one);
          if (!one) return;
          expect(new Set(one.ports.map(({ name }) => name)).size).toBe(one.ports.length);
          expect(new Set(one.ports.map(({ protocol, port: number }) => `${protocol} ${number}`)).size).toBe(
            one.ports.length,
          );
          const names = new Set(some.flatMap((each) => each.export.ports.map((each) => each.name)));
          for (const { name } of one.ports) expect(names).toContain(name);
          ImportedService.parse(viewOf(one, EAST).service);
        },
      ),
    );
  });
});

describe('choosing', () => {
  const all = [
    source(EAST, 0, [endpoint('10.0.0.1')]),
    source(NEAR, 1, [endpoint('10.1.0.1')]),
    source(WEST, 2, [endpoint('10.2.0.1')]),
  ];
  const unready = (at: number, sources = all) =>
    sources.map((one, index) =>
      index === at ? { ...one, endpoints: one.endpoints.map((each) => ({ ...each, ready: false })) } : one,
    );

  it('prefers its own cluster, then its region, then others', () => {
    expect(chooseForAll(seenFrom(EAST, all))).toEqual(['east']);
    expect(chooseForAll(seenFrom(EAST, unready(0)))).toEqual(['near']);
    expect(chooseForAll(seenFrom(EAST, unready(1, unready(0))))).toEqual(['west']);
    expect(chooseForAll(seenFrom(cluster('office'), all))).toEqual(['east', 'near', 'west']);
  });

  it('uses a cluster that is gone only where no other is ready', () => {
    const gone = all.map((one) => (one.cluster === EAST ? { ...one, gone: true } : one));
    expect(chooseForAll(seenFrom(EAST, gone))).toEqual(['near']);
    expect(chooseForAll(seenFrom(EAST, unready(1, unready(2, gone))))).toEqual(['east']);
  });

  it('chooses port by port', () => {
    const some = [
      source(EAST, 0, [endpoint('10.0.0.1')], { ports: [port('a', 1)] }),
      source(WEST, 1, [endpoint('10.2.0.1')], { ports: [port('a', 2), port('b', 3)] }),
    ];
    // West's port `a` is another one than the import's.
    expect(chooseSources(seenFrom(WEST, some))).toEqual([['east'], ['west']]);
  });

  it('chooses somebody wherever anybody is ready, all equally near, and none that is farther', () => {
    fc.assert(
      fc.property(anySources, (some) => {
        fc.pre(some.length > 0);
        const view = seenFrom(EAST, some);
        for (const [index, clusters] of chooseSources(view).entries()) {
          const asked = view.service.ports[index];
          if (!asked) throw new Error('a port too many');
          const able = view.service.sources.filter(
            (one) => servesPort(one, asked) && readyOf(view, one.cluster).length > 0,
          );
          expect(clusters.length > 0).toBe(able.length > 0);
          const chosen = able.filter((one) => clusters.includes(one.cluster));
          expect(chosen.length).toBe(clusters.length);
          for (const one of able) {
            const nearer = chosen.some(
              (other) => Number(other.gone) - Number(one.gone) || other.distance - one.distance,
            );
            if (!clusters.includes(one.cluster)) expect(nearer).toBe(true);
            for (const other of chosen) {
              expect(Number(other.gone)).toBeLessThanOrEqual(Number(one.gone));
              if (other.gone === one.gone) expect(other.distance).toBeLessThanOrEqual(one.distance);
            }
          }
        }
      }),
    );
  });
});

describe('slices', () => {
  const held = (slices: ReturnType<typeof planSlices>) =>
    slices.map(({ number, ports, endpoints }) => ({
      number,
      ports,
      addresses: endpoints.map(({ address }) => address),
    }));
  const texts = (slices: ReturnType<typeof planSlices>) =>
    new Map(slices.map((one) => [one.number, JSON.stringify(one)]));

  it('hold every endpoint once, at most 100 each, and one set of ports', () => {
    fc.assert(
      fc.property(anyEndpoints(350), anyEndpoints(350), (before, after) => {
        for (const slices of [planSlices([], after), planSlices(held(planSlices([], before)), after)]) {
          const addresses = slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
          expect(addresses.sort()).toEqual(after.map(({ address }) => address).sort());
          for (const { endpoints, ports } of slices) {
            expect(endpoints.length).toBeLessThanOrEqual(MOST_IN_SLICE);
            expect(endpoints.length).toBeGreaterThan(0);
            for (const one of endpoints) expect(one.ports ? '[["a",9999]]' : '').toBe(ports);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('change one at most for one endpoint more, less or changed, and none for none', () => {
    fc.assert(
      fc.property(
        anyEndpoints(350),
        fc.nat(),
        fc.constantFrom('more', 'less', 'changed'),
        (some, at, what) => {
          const before = planSlices([], some);
          expect(planSlices(held(before), some)).toEqual(before);
          const index = at % Math.max(1, some.length);
          const after =
            what === 'more'
              ? [...some, endpoint('10.9.9.9')]
              : what === 'less'
                ? some.filter((_, each) => each !== index)
                : some.map((one, each) => (each === index ? { ...one, ready: !one.ready } : one));
          const [old, now] = [texts(before), texts(planSlices(held(before), after))];
          const touched = [...new Set([...old.keys(), ...now.keys()])].filter(
            (number) => old.get(number) !== now.get(number),
          );
          expect(touched.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are packed anew when they have become many for few', () => {
    const many = Array.from({ length: 1000 }, (_, at) => endpoint(`10.1.${at >> 8}.${at & 255}`));
    const before = planSlices([], many);
    expect(before).toHaveLength(10);
    const few = before.flatMap(({ endpoints }) => endpoints.slice(0, 1));
    expect(planSlices(held(before), few)).toHaveLength(1);
  });
});

describe('news', () => {
  it('lead from whatever an agent knows to what is so', () => {
    fc.assert(
      fc.property(fc.array(anySources, { minLength: 1, maxLength: 4 }), (states) => {
        const book: ServiceBook = new Map();
        let before: ServiceView | undefined;
        for (const state of states) {
          const one = mergeExports(state);
          const after = one && viewOf(one, EAST);
          applyNews(book, structuredClone(newsBetween('shop/cart', before, after)));
          expect(book.get('shop/cart') ?? undefined).toEqual(after);
          before = after;
        }
      }),
    );
  });

  it('of one endpoint name that endpoint alone', () => {
    const some = (ready: boolean) => [
      source(EAST, 0, [endpoint('10.0.0.1'), endpoint('10.0.0.2', { ready })]),
      source(WEST, 1, [endpoint('10.2.0.1')]),
    ];
    expect(newsBetween('shop/cart', seenFrom(WEST, some(true)), seenFrom(WEST, some(false)))).toEqual([
      {
        set: 'endpoints',
        cluster: 'east',
        change: { key: 'shop/cart', set: [{ address: '10.0.0.2', ready: false }], removed: [] },
      },
    ]);
  });

  it('tell of nodes to their own cluster alone', () => {
    const some = [source(EAST, 0, [endpoint('10.0.0.1', { node: 'n1' })])];
    expect(seenFrom(EAST, some).endpoints.get('east')).toEqual([endpoint('10.0.0.1', { node: 'n1' })]);
    expect(seenFrom(WEST, some).endpoints.get('east')).toEqual([endpoint('10.0.0.1')]);
  });
});
