import { decode, encode, streamDecode } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { answer } from './answer.ts';
import { reply } from './dns-server.ts';
import type { GroundZone } from './ground.ts';

const zone = (
  id: string,
  name: string,
  visibility: 'public' | 'private',
  realmIds: string[],
  records: [string, string, string[]][],
): GroundZone => ({
  id,
  name,
  visibility,
  realmIds,
  records: records.map(([record, type, values]) => ({
    name: record,
    type: type as 'A',
    ttlSeconds: 30,
    values,
  })),
});

const zones: GroundZone[] = [
  zone('public', 'net.example', 'public', [], [
    ['net.example', 'SOA', ['ns.net.example. host.net.example. 7 1 2 3 4']],
    ['net.example', 'NS', ['ns1.net.example.', 'ns2.net.example.']],
    ['a.prod.net.example', 'A', ['198.18.64.5']],
    ['both.net.example', 'A', ['1.1.1.1', '2.2.2.2']],
    ['alias.net.example', 'CNAME', ['a.prod.net.example.']],
    ['away.net.example', 'CNAME', ['elsewhere.test.']],
    ['loop.net.example', 'CNAME', ['loop.net.example.']],
    ['owner.net.example', 'TXT', ['"heritage=skein" "owner=\\"x\\""']],
    ['bare.net.example', 'TXT', ['one two']],
    ['long.net.example', 'TXT', ['x'.repeat(600)]],
    ['*.wild.net.example', 'A', ['9.9.9.9']],
    ['known.wild.net.example', 'TXT', ['"t"']],
    ['_s._tcp.net.example', 'SRV', ['1 2 80 a.prod.net.example.']],
    ['net.example', 'MX', ['10 mail.net.example.']],
  ]),
  zone('inner', 'prod.net.example', 'private', ['vpc-1'], [['a.prod.net.example', 'A', ['10.64.0.5']]]),
  zone('same', 'net.example', 'private', ['vpc-2'], [['only.net.example', 'A', ['10.65.0.9']]]),
]; // biome-ignore format: a table of zones

const data = (name: string, type: string, realm: string | null = null) => {
  const { code, answers } = answer(zones, realm, { name, type });
  return [code, ...answers.map((item) => (item as { data: unknown }).data)];
};

describe('views', () => {
  test.each([
    ['the world sees the public address', null, 'a.prod.net.example', ['NOERROR', '198.18.64.5']],
    ['a bound realm sees the private one', 'vpc-1', 'a.prod.net.example', ['NOERROR', '10.64.0.5']],
    [
      'a realm bound to another zone of a shorter name gets that zone’s word',
      'vpc-2',
      'a.prod.net.example',
      ['NXDOMAIN'],
    ],
    ['a private zone is the last word for its names', 'vpc-1', 'b.prod.net.example', ['NXDOMAIN']],
    ['names above it stay public', 'vpc-1', 'both.net.example', ['NOERROR', '1.1.1.1', '2.2.2.2']],
    ['an unbound realm sees what the world sees', 'vpc-3', 'a.prod.net.example', ['NOERROR', '198.18.64.5']],
    [
      'a chain goes on in the asker’s view',
      'vpc-1',
      'alias.net.example',
      ['NOERROR', 'a.prod.net.example', '10.64.0.5'],
    ],
    ['case and a last dot do not matter', null, 'A.Prod.NET.example.', ['NOERROR', '198.18.64.5']],
    ['no zone', null, 'nowhere.test', ['NXDOMAIN']],
    ['not a zone by spelling alone', null, 'xnet.example', ['NXDOMAIN']],
  ] as const)('%s', (_name, realm, name, expected) => {
    expect(data(name, 'A', realm)).toEqual(expected);
  });
});

describe('kinds of answer', () => {
  test('no such name and no such type both name the zone’s SOA', () => {
    const missing = answer(zones, null, { name: 'x.net.example', type: 'A' });
    const empty = answer(zones, null, { name: 'both.net.example', type: 'TXT' });
    const between = answer(zones, null, { name: 'prod.net.example', type: 'A' });
    expect([missing.code, empty.code, between.code]).toEqual(['NXDOMAIN', 'NOERROR', 'NOERROR']);
    for (const { answers, authorities } of [missing, empty, between]) {
      expect(answers).toEqual([]);
      expect(authorities).toMatchObject([
        { type: 'SOA', name: 'net.example', data: { mname: 'ns.net.example', serial: 7, minimum: 4 } },
      ]);
    }
    expect(answer(zones, 'vpc-1', { name: 'x.prod.net.example', type: 'A' }).authorities).toMatchObject([
      { type: 'SOA', name: 'prod.net.example' },
    ]);
  });

  test('chains that leave or loop end', () => {
    expect(data('away.net.example', 'A')).toEqual(['NOERROR', 'elsewhere.test']);
    expect(data('loop.net.example', 'A')).toHaveLength(9);
    expect(data('alias.net.example', 'CNAME')).toEqual(['NOERROR', 'a.prod.net.example']);
  });

  test('texts, services, mail, name servers, wildcards', () => {
    expect(data('owner.net.example', 'TXT')).toEqual([
      'NOERROR',
      [Buffer.from('heritage=skein'), Buffer.from('owner="x"')],
    ]);
    expect(data('bare.net.example', 'TXT')).toEqual(['NOERROR', [Buffer.from('one two')]]);
    expect((data('long.net.example', 'TXT')[1] as Buffer[]).map((part) => part.length)).toEqual([
      255, 255, 90,
    ]);
    expect(data('_s._tcp.net.example', 'SRV')).toEqual([
      'NOERROR',
      { priority: 1, weight: 2, port: 80, target: 'a.prod.net.example' },
    ]);
    expect(data('net.example', 'MX')).toEqual(['NOERROR', { preference: 10, exchange: 'mail.net.example' }]);
    expect(data('net.example', 'NS')).toEqual(['NOERROR', 'ns1.net.example', 'ns2.net.example']);
    expect(data('any.wild.net.example', 'A')).toEqual(['NOERROR', '9.9.9.9']);
    expect(data('known.wild.net.example', 'A')).toEqual(['NOERROR']);
  });
});

describe('wire', () => {
  const ask = (name: string, type: 'A' | 'TXT', extra: object = {}) =>
    encode({ type: 'query', id: 77, flags: 0x100, questions: [{ name, type }], ...extra });
  test('an answer carries id, question and flags', () => {
    const packet = decode(reply(ask('a.prod.net.example', 'A'), 'vpc-1', zones, true) as Buffer) as never;
    expect(packet).toMatchObject({
      id: 77,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_ra: true,
      flag_rd: true,
      answers: [{ data: '10.64.0.5', ttl: 30 }],
    });
  });
  test('what is too long for UDP says so, and comes whole over TCP or with a larger buffer', () => {
    const query = ask('long.net.example', 'TXT');
    expect(decode(reply(query, null, zones, true) as Buffer)).toMatchObject({ flag_tc: true, answers: [] });
    expect(streamDecode(reply(query, null, zones, false) as Buffer)).toMatchObject({
      flag_tc: false,
      answers: [{ type: 'TXT' }],
    });
    const large = ask('long.net.example', 'TXT', {
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] }],
    });
    expect(decode(reply(large, null, zones, true) as Buffer)).toMatchObject({
      flag_tc: false,
      answers: [{ type: 'TXT' }],
      additionals: [{ type: 'OPT' }],
    });
  });
  test('what is no query gets nothing', () => {
    expect(reply(Buffer.from('nonsense'), null, zones, true)).toBeNull();
    expect(reply(encode({ type: 'response', id: 1, questions: [] }), null, zones, true)).toBeNull();
  });
});
