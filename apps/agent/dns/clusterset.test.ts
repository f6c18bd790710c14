import type { ZoneAnswer } from '@skein/mesh/services/records.ts';
import { decode, encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { gatewayMap } from '../fixture/map.ts';
import { newAnswerCache } from './cache.ts';
import { namesFrom } from './decide.ts';
import { resolve } from './resolve.ts';

const NAME = 'cart.shop.svc.clusterset.local';
const found: ZoneAnswer = {
  exists: true,
  records: [
    { type: 'A', name: NAME, address: '10.128.0.1' },
    { type: 'A', name: NAME, address: '10.128.0.2' },
    { type: 'AAAA', name: NAME, address: 'fd00::1' },
    { type: 'SRV', name: NAME, port: 80, target: `pet-0.east.${NAME}` },
  ],
  additional: [{ type: 'A', name: `pet-0.east.${NAME}`, address: '10.128.0.1' }],
};
const nothing: ZoneAnswer = { exists: false, records: [], additional: [] };

async function ask(
  type: string,
  options: { name?: string; answer?: ZoneAnswer | undefined; source?: string; random?: () => number } = {},
) {
  const { name = NAME, source = '127.0.0.1', random = () => 0.99 } = options;
  const asked: string[] = [];
  const resolution = {
    names: namesFrom(gatewayMap, null),
    upstreams: ['192.0.2.53'],
    cache: newAnswerCache(),
    // Nothing of this zone may leave the node.
    ask: async () => {
      throw new Error('asked upstream');
    },
    now: () => 0,
    clusterset: {
      random,
      answer: async (one: string) => {
        asked.push(one);
        return 'answer' in options ? options.answer : found;
      },
    },
  };
  const question = encode({ type: 'query', id: 7, flags: 256, questions: [{ type: type as 'A', name }] });
  const bytes = await resolve(resolution, question, source, 'udp');
  if (!bytes) throw new Error('no reply');
  const packet = decode(bytes);
  const data = (packet.answers ?? []).map((one) => ('data' in one ? one.data : null));
  return { code: (packet as { rcode?: string }).rcode, data, packet, asked };
}

test('addresses by type, for five seconds, in ever another order', async () => {
  expect((await ask('A')).data).toEqual(['10.128.0.1', '10.128.0.2']);
  expect((await ask('A', { random: () => 0 })).data).toEqual(['10.128.0.2', '10.128.0.1']);
  const six = await ask('AAAA');
  expect(six.packet.answers).toMatchObject([{ type: 'AAAA', ttl: 5, data: 'fd00::1' }]);
  expect(six.packet.flag_aa).toBe(true);
});

test('SRV comes with the addresses of its targets', async () => {
  const { packet } = await ask('SRV');
  expect(packet.answers).toMatchObject([{ type: 'SRV', data: { port: 80, target: `pet-0.east.${NAME}` } }]);
  expect(packet.additionals).toMatchObject([{ type: 'A', name: `pet-0.east.${NAME}`, data: '10.128.0.1' }]);
});

test('letters are as they were asked for, and looked for in lower case', async () => {
  const mixed = 'CaRt.ShOp.sVc.ClusterSet.local';
  const { packet, asked } = await ask('A', { name: mixed });
  expect(asked).toEqual([NAME]);
  expect(packet.answers?.[0]?.name).toBe(mixed);
});

test.each([
  ['a name that is not there', 'A', nothing, 'NXDOMAIN'],
  ['a type that it has none of', 'TXT', found, 'NOERROR'],
])('%s is said so, with the SOA that bounds it', async (_, type, answer, code) => {
  const got = await ask(type, { answer });
  expect(got).toMatchObject({ code, data: [] });
  expect(got.packet.authorities).toMatchObject([{ type: 'SOA', name: 'clusterset.local', ttl: 5 }]);
});

test('what is not known yet is no negative answer', async () =>
  expect(await ask('A', { answer: undefined })).toMatchObject({ code: 'SERVFAIL', data: [] }));

test('the zone has an SOA, and is not handed out', async () => {
  expect((await ask('SOA', { name: 'clusterset.local' })).packet.answers).toMatchObject([{ type: 'SOA' }]);
  expect(await ask('AXFR', { name: 'clusterset.local' })).toMatchObject({ code: 'REFUSED' });
});

test.each(['100.64.1.12', '100.64.2.11', '192.0.2.1'])(
  '%s is refused: it has an agent of its own',
  async (source) => expect(await ask('A', { source })).toMatchObject({ code: 'REFUSED', asked: [] }),
);
