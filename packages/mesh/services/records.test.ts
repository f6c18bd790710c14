import { expect, it } from 'vitest';
import { EAST, endpoint, port, source, WEST } from '../testing/services.ts';
import type { SourceExport } from './export.ts';
import { mergeExports } from './merge.ts';
import { type Addresses, answerFor, serviceOfName } from './records.ts';
import { viewOf } from './view.ts';

const BASE = 'cart.shop.svc.clusterset.local';
const SET: Addresses = { by: 'set', ips: ['10.192.0.7'] };

function ask(name: string, sources: readonly SourceExport[], addresses: Addresses = SET) {
  const merged = mergeExports(sources);
  const answer = answerFor(name, (key) =>
    key === 'shop/cart' ? merged && { view: viewOf(merged, EAST), addresses } : null,
  );
  return (
    answer && { exists: answer.exists, records: answer.records.map(show), more: answer.additional.map(show) }
  );
}
function show(record: NonNullable<ReturnType<typeof answerFor>>['records'][number]): string {
  if (record.type === 'SRV') return `SRV ${record.port} ${record.target}`;
  return `${record.type} ${record.type === 'TXT' ? record.text : record.address}`;
}

const both = [
  source(EAST, 0, [endpoint('10.0.0.1', { hostname: 'pet-0' }), endpoint('10.0.0.2', { ready: false })]),
  source(WEST, 1, [endpoint('10.2.0.1', { six: 'fd00::1' })]),
];
const headless = both.map((one) => ({ ...one, export: { ...one.export, type: 'Headless' as const } }));

it('knows the service that a name speaks of', () => {
  expect(serviceOfName(`_http._tcp.${BASE}`)).toBe('shop/cart');
  expect(serviceOfName(BASE)).toBe('shop/cart');
  for (const name of ['svc.clusterset.local', 'shop.svc.clusterset.local', 'example.org'])
    expect(serviceOfName(name)).toBeUndefined();
});

it('says the version of the schema', () =>
  expect(ask('dns-version.clusterset.local', both)?.records).toEqual(['TXT 1.0.0']));

it('answers nothing yet for a service that it was not told of', () =>
  expect(answerFor(BASE, () => undefined)).toBeUndefined());

it.each([
  ['clusterset.local', true],
  ['svc.clusterset.local', true],
  ['shop.svc.clusterset.local', false],
  ['other.shop.svc.clusterset.local', false],
  ['nonsense.clusterset.local', false],
  // The standard forbids names of single clusters.
  [`east.${BASE}`, false],
  [`pet-0.east.${BASE}`, false],
  [`_tcp.${BASE}`, true],
  [`_udp.${BASE}`, false],
  [`_http._udp.${BASE}`, false],
  [`_nope._tcp.${BASE}`, false],
])('%s exists: %s', (name, exists) => expect(ask(name, both)).toMatchObject({ exists, records: [] }));

it('answers the address of the set, and one SRV for TCP and UDP of one number', () => {
  expect(ask(BASE, both)?.records).toEqual(['A 10.192.0.7', `SRV 80 ${BASE}`]);
  const two = both.map((one) => ({
    ...one,
    export: { ...one.export, ports: [port('tcp', 42), { ...port('udp', 42), protocol: 'UDP' as const }] },
  }));
  expect(ask(BASE, two)?.records.slice(1)).toEqual([`SRV 42 ${BASE}`]);
  expect(ask(`_udp._udp.${BASE}`, two)).toEqual({
    exists: true,
    records: [`SRV 42 ${BASE}`],
    more: ['A 10.192.0.7'],
  });
});

it('answers all ready endpoints of a headless service, each by its own name', () => {
  expect(ask(BASE, headless)).toEqual({
    exists: true,
    records: [
      'A 10.0.0.1',
      'A 10.2.0.1',
      'AAAA fd00::1',
      `SRV 8080 pet-0.east.${BASE}`,
      `SRV 8080 10-2-0-1.west.${BASE}`,
    ],
    more: ['A 10.0.0.1', 'A 10.2.0.1', 'AAAA fd00::1'],
  });
  expect(ask(`pet-0.east.${BASE}`, headless)?.records).toEqual(['A 10.0.0.1']);
  expect(ask(`10-2-0-1.west.${BASE}`, headless)?.records).toEqual(['A 10.2.0.1', 'AAAA fd00::1']);
  expect(ask(`10-0-0-2.east.${BASE}`, headless)).toMatchObject({ exists: false });
  expect(ask(`pet-0.west.${BASE}`, headless)).toMatchObject({ exists: false });
});

it('a headless service without a ready endpoint is no name', () => {
  const none = headless.map((one) => ({ ...one, endpoints: [endpoint('10.0.0.2', { ready: false })] }));
  expect(ask(BASE, none)).toMatchObject({ exists: false, records: [] });
});

it('on a plain host the nearest ready endpoints answer, at the ports that they listen at', () => {
  const hosts: Addresses = { by: 'endpoints' };
  expect(ask(BASE, both, hosts)?.records).toEqual(['A 10.0.0.1', `SRV 8080 pet-0.east.${BASE}`]);
  expect(ask(`pet-0.east.${BASE}`, both, hosts)?.records).toEqual(['A 10.0.0.1']);
  const down = both.map((one) =>
    one.cluster === EAST
      ? { ...one, endpoints: one.endpoints.map((each) => ({ ...each, ready: false })) }
      : one,
  );
  expect(ask(BASE, down, hosts)?.records.slice(0, 2)).toEqual(['A 10.2.0.1', 'AAAA fd00::1']);
});
