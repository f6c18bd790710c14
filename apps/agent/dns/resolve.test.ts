import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { decode, encode } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { gatewayMap } from '../fixture/map.ts';
import { type Ask, frame, takeMessage } from './ask.ts';
import { newAnswerCache } from './cache.ts';
import { namesFrom } from './decide.ts';
import { type Resolution, resolve } from './resolve.ts';
import { type NameServer, serveNames } from './server.ts';

const twins = twinsOf(gatewayMap.networkId);
const question = (name: string, more: object = {}) =>
  encode({ type: 'query', id: 77, flags: 256, questions: [{ type: 'A', name }], ...more });
const remote = (query: Buffer, data: string, ttl = 20) => {
  const asked = decode(query);
  const name = asked.questions?.[0]?.name ?? '';
  return encode({
    type: 'response',
    id: asked.id ?? 0,
    questions: asked.questions ?? [],
    answers: [{ type: 'A', name, ttl, data }],
  });
};
const with_ = (ask: Ask, more: Partial<Resolution> = {}): Resolution => ({
  names: namesFrom(gatewayMap, twins),
  upstreams: ['192.0.2.53'],
  cache: newAnswerCache(),
  ask,
  now: () => 0,
  clusterset: { answer: async () => undefined, random: () => 0 },
  ...more,
});
const silent: Ask = async () => undefined;
const reply = async (resolution: Resolution, query: Buffer, source = '127.0.0.1') => {
  const bytes = await resolve(resolution, query, source, 'udp');
  if (!bytes) throw new Error('no reply');
  const packet = decode(bytes);
  const addresses = (packet.answers ?? []).map((one) => ('data' in one ? one.data : null));
  return { id: packet.id, code: (packet as { rcode?: string }).rcode, addresses, packet };
};

test('own names are authoritative, with the asker’s id', async () => {
  const got = await reply(with_(silent), question('a2.a.shop.skein.test'));
  expect(got).toMatchObject({ id: 77, code: 'NOERROR', addresses: ['10.1.0.12'] });
  expect(got.packet.flag_aa).toBe(true);
});

test('IPv6 addresses come as AAAA; a name without any says so, and is still a name', async () => {
  const ask = (name: string) =>
    reply(with_(silent), question(name, { questions: [{ type: 'AAAA', name }] }), '100.64.2.11');
  const got = await ask('a2.a.shop.skein.test');
  expect(got.packet.answers).toMatchObject([{ type: 'AAAA', data: twins.of('100.64.1.12'), ttl: 5 }]);
  const none = await ask('a.shop.skein.test');
  expect(none).toMatchObject({ code: 'NOERROR', addresses: [] });
  expect(none.packet.authorities?.[0]).toMatchObject({ type: 'SOA' });
});

test('a name that is not there comes with the SOA that bounds how long that holds', async () => {
  const got = await reply(with_(silent), question('none.a.shop.skein.test'));
  expect(got.code).toBe('NXDOMAIN');
  expect(got.packet.authorities?.[0]).toMatchObject({ type: 'SOA', name: 'shop.skein.test', ttl: 5 });
});

test('delegated names are remembered for their time, and stand in when nobody answers', async () => {
  let asked = 0;
  let alive = true;
  let now = 0;
  const ask: Ask = async (server, query) => {
    asked += 1;
    expect(server).toBe('100.64.2.11');
    return alive ? remote(query, '100.64.2.12', 300) : undefined;
  };
  const resolution = with_(ask, { now: () => now });
  const query = question('b2.b.shop.skein.test');
  expect((await reply(resolution, query)).addresses).toEqual(['100.64.2.12']);
  now = 29_000;
  await reply(resolution, query);
  expect(asked).toBe(1);
  now = 31_000;
  alive = false;
  expect(await reply(resolution, query)).toMatchObject({ code: 'NOERROR', addresses: ['100.64.2.12'] });
  expect(asked).toBe(2);
  now = 4_000_000;
  expect((await reply(resolution, query)).code).toBe('SERVFAIL');
});

test('IPv6 addresses of other clusters are told only where there is a way to them', async () => {
  const six = twins.of('100.64.2.12');
  const ask: Ask = async (_, query) => {
    const { id = 0, questions = [] } = decode(query);
    const name = questions[0]?.name ?? '';
    const answers = [{ type: 'AAAA' as const, name, ttl: 5, data: six }];
    return encode({ type: 'response', id, questions, answers });
  };
  const name = 'b2.b.shop.skein.test';
  const query = question(name, { questions: [{ type: 'AAAA', name }] });
  expect((await reply(with_(ask), query)).addresses).toEqual([six]);
  const four = with_(ask, { names: namesFrom(gatewayMap, null) });
  expect(await reply(four, query)).toMatchObject({ code: 'NOERROR', addresses: [] });
});

test('names outside go to the original resolvers in order, untouched', async () => {
  const servers: string[] = [];
  const query = question('example.org');
  const ask: Ask = async (server, bytes) => {
    servers.push(server);
    expect(bytes).toEqual(query);
    return server === '192.0.2.54' ? remote(bytes, '198.51.100.7') : undefined;
  };
  const got = await reply(with_(ask, { upstreams: ['192.0.2.53', '192.0.2.54'] }), query);
  expect(got.addresses).toEqual(['198.51.100.7']);
  expect(servers).toEqual(['192.0.2.53', '192.0.2.54']);
  expect((await reply(with_(silent), query)).code).toBe('SERVFAIL');
  expect((await reply(with_(silent), query, '100.64.2.11')).code).toBe('REFUSED');
});

test('what does not fit a datagram is marked truncated', async () => {
  const addresses = Array.from({ length: 80 }, (_, index) => `10.1.1.${index}`);
  const names = namesFrom(
    { ...gatewayMap, names: [{ name: 'a.shop.skein.test', inside: addresses, outside: [] }] },
    twins,
  );
  const query = question('a.shop.skein.test');
  const small = decode(
    (await resolve(with_(silent, { names }), query, '127.0.0.1', 'udp')) ?? Buffer.alloc(0),
  );
  expect(small.flag_tc).toBe(true);
  expect(small.answers).toEqual([]);
  const whole = decode(
    (await resolve(with_(silent, { names }), query, '127.0.0.1', 'tcp')) ?? Buffer.alloc(0),
  );
  expect(whole.answers).toHaveLength(80);
});

test('nonsense gets no answer', async () => {
  expect(await resolve(with_(silent), Buffer.from('nonsense'), '127.0.0.1', 'udp')).toBeUndefined();
});

let server: NameServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

// Port 0 twice would be two ports: the server takes the same for UDP and TCP.
const port = 20_000 + (process.pid % 20_000);

test('an answer that no resolver could repeat costs its asker the answer, and nobody else', async () => {
  // SSHFP of SHA-1 with a fingerprint of one byte: it can be read but not written again.
  const broken: Ask = async (_, query) => {
    const header = Buffer.from(query.subarray(0, 12));
    header.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
    const record = Buffer.from('c00c002c00010000000a0003010100', 'hex');
    return Buffer.concat([header, query.subarray(12), record]);
  };
  const held = with_(broken);
  const query = encode({ type: 'query', id: 7, questions: [{ type: 'SSHFP', name: 'x.b.shop.skein.test' }] });
  await expect(resolve(held, query, '127.0.0.1', 'udp')).rejects.toThrow();
  server = await serveNames('127.0.0.1', port, (bytes, source, transport) =>
    resolve(held, bytes, source, transport),
  );
  const asker = createSocket('udp4');
  asker.send(query, port, '127.0.0.1');
  asker.send(question('a1.a.shop.skein.test'), port, '127.0.0.1');
  const [answer] = (await once(asker, 'message')) as [Buffer];
  asker.close();
  expect(decode(answer).id).toBe(77);
});

test('the server answers a stream of questions over TCP', async () => {
  server = await serveNames('127.0.0.1', port, (query, source, transport) =>
    resolve(with_(silent), query, source, transport),
  );
  const socket = connect(port, '127.0.0.1');
  socket.write(
    Buffer.concat([frame(question('a1.a.shop.skein.test')), frame(question('a2.a.shop.skein.test'))]),
  );
  let buffer: Buffer = Buffer.alloc(0);
  const got: unknown[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    buffer = Buffer.concat([buffer, chunk]);
    for (let next = takeMessage(buffer); next; next = takeMessage(buffer)) {
      buffer = next.rest;
      got.push(
        ...(decode(Buffer.from(next.bytes)).answers ?? []).map((one) => ('data' in one ? one.data : null)),
      );
    }
    if (got.length === 2) break;
  }
  expect(got.sort()).toEqual(['10.1.0.11', '10.1.0.12']);
});
