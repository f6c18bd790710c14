/** RFC 2136 against Debian's Knot DNS, and what a name server's refusals are called. */
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { DnsContext } from '@skein/dns/provider.ts';
import { NameServer } from '@skein/dns/rfc2136/name-server.ts';
import { rfc2136 } from '@skein/dns/rfc2136/rfc2136.ts';
import { updateSections } from '@skein/dns/rfc2136/update.ts';
import { TYPE } from '@skein/dns/rfc2136/wire.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_SECRET, type RunningServer, SOMEBODY_SECRET, startBind, startKnot } from './name-servers.ts';
import { NO_IDENTITY } from './own-identity.ts';
import { signedUpdatesCompliance } from './signed-updates.ts';

signedUpdatesCompliance('Knot DNS', startKnot);

const zone = 'refusals.skein.test';
const context = (): DnsContext => ({
  signal: AbortSignal.timeout(30_000),
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});

describe.each([
  ['Knot DNS', startKnot],
  ['bind9', startBind],
] as const)('%s’s refusals', (_, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start([zone]);
  });
  afterAll(() => server?.close());
  const account = (more: object = {}) => ({
    credentials: {
      server: '127.0.0.1',
      port: server.port,
      keyName: 'skein',
      algorithm: 'hmac-sha256' as const,
      secret: EXAMPLE_SECRET,
      ...more,
    },
    endpoint: null,
    identity: NO_IDENTITY,
  });

  it.each([
    ['another key', { keyName: 'another' }, /no key another .*BADKEY/],
    ['another algorithm', { algorithm: 'hmac-sha512' }, /of that algorithm.*BADKEY/],
    ['another secret', { secret: 'AAAAAAAAAAAAAAAA' }, /signature is not that of its key skein .*BADSIG/],
  ])('of %s', async (_what, more, words) => {
    const doing = rfc2136.connect(account(more)).observeZone({ ...spec, name: zone }, context());
    await expect(doing).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringMatching(words),
    });
  });

  it('of a transfer to a key that may only write', async () => {
    const writer = rfc2136.connect(account({ keyName: 'somebody', secret: SOMEBODY_SECRET }));
    const known = { externalId: zone, name: zone, visibility: 'public' as const, nameServers: [] };
    await expect(writer.listRecords(known, 'net_x', context())).rejects.toMatchObject({
      // Knot calls a key that may not do this an unknown one.
      code: expect.stringMatching(/^(forbidden|unauthenticated)$/),
      message: expect.stringMatching(/transferring the zone \(AXFR\).*key somebody/),
      remedy: expect.stringMatching(/allow (it|this key) updates and zone transfers/i),
    });
  });

  it('of a clock that is an hour slow, with the difference', async () => {
    const slow = new NameServer(account(), () => new Date(Date.now() - 3_600_000));
    await expect(slow.query('asking', zone, TYPE.SOA, context())).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('its clock is 60 min ahead of ours (BADTIME)'),
    });
  });

  it('of a change on a name that is somebody else’s, however sure we were', async () => {
    const sure = new NameServer(account(), () => new Date());
    const change = (networkId: string, address: string) => {
      const name = `taken.${zone}`;
      const mark = {
        name: `_skein.${name}`,
        type: 'TXT',
        ttlSeconds: 300,
        values: [`"owner=${networkId}"`],
        plain: true,
      };
      const set = { name, type: 'A', ttlSeconds: 60, values: [address], plain: true };
      return updateSections([{ name, remove: [], add: [mark, set] }], { zone, networkId });
    };
    const both = await Promise.allSettled(
      ['net_one', 'net_two'].map((id, i) =>
        sure.update('racing', zone, change(id, `10.0.0.${i + 1}`), context()),
      ),
    );
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'conflict' });
    const known = await rfc2136.connect(account()).observeZone(spec, context());
    if (!known) throw new Error('no zone');
    const owners = await Promise.all(
      ['net_one', 'net_two'].map((id) => rfc2136.connect(account()).listRecords(known, id, context())),
    );
    expect(owners.map((list) => list.length).sort()).toEqual([0, 1]);
  });
});

const spec = {
  organizationId: 'org_x',
  networkId: 'net_x',
  key: 'public',
  name: zone,
  visibility: 'public' as const,
  vpcs: [],
};

it('says that nobody listens', async () => {
  const at = (port: number) =>
    rfc2136.connect({
      credentials: {
        server: '127.0.0.1',
        port,
        keyName: 'skein',
        algorithm: 'hmac-sha256',
        secret: EXAMPLE_SECRET,
      },
      endpoint: null,
      identity: NO_IDENTITY,
    });
  await expect(at(1).observeZone(spec, context())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('no connection over TCP (ECONNREFUSED)'),
  });
});
