/**
 * What every DNS service must do, as tests: one suite over every provider, run against whatever answers its API. A new
 * provider's spec calls `dnsCompliance` and has nothing else to write.
 */
import { randomBytes } from 'node:crypto';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dns, type DnsContext, DnsError, type ZoneSpec, type ZoneState } from './provider.ts';

/** What a service does not do: said by its spec, and then proved to be refused in words instead. */
export type Lacking = 'private zones' | 'making zones';

/** A DNS service under test, and the hands of somebody else in the same account. */
export interface DnsBench {
  connect: (credentials: 'right' | 'wrong') => Dns;
  /** Names of zones that are served already, enough for every test, where the service makes none; null elsewhere. */
  servedZones: readonly string[] | null;
  /** What it says while a change is on its way to all its servers; null where its answer is the end of it. */
  waiting: RegExp | null;
  /** So many names that writing them takes more than one request. */
  manyNames: number;
  /** Two VPCs that private zones may be bound to; none where there are no private zones. */
  vpcs: readonly { id: string; region: string }[];
  foreign: {
    /** Makes a record set by hand; TXT values come with their quotes. */
    write: (zone: ZoneState, record: { name: string; type: string; values: string[] }) => Promise<void>;
    remove: (zone: ZoneState, record: { name: string; type: string; values: string[] }) => Promise<void>;
    /** All record sets of the zone but its NS and SOA, as sorted “name type values”. */
    read: (zone: ZoneState) => Promise<string[]>;
    /** Ids of the VPCs that a private zone answers in, sorted, as in `vpcs`; none where there are no private zones. */
    boundTo: (zone: ZoneState) => Promise<string[]>;
    /** A zone of that name without our tags. Answers whether it is still there. */
    makeZone: (name: string) => Promise<() => Promise<boolean>>;
  };
  close: () => Promise<void>;
}

const token = () => randomBytes(10).toString('hex');
const LIMIT = { timeout: 120_000 };

/** @param lacks what this service does not do. */
export function dnsCompliance(
  title: string,
  lacks: readonly Lacking[],
  start: () => Promise<DnsBench>,
): void {
  const makesZones = !lacks.includes('making zones');
  const hasPrivateZones = !lacks.includes('private zones');

  describe(`${title} as a DNS service`, LIMIT, () => {
    let bench: DnsBench;
    let dns: Dns;
    const organizationId = `org_${token()}`;
    const context = (signal = new AbortController().signal): DnsContext => ({
      signal,
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    });
    let served: Iterator<string> | undefined;
    const zoneName = () => {
      if (makesZones) return `z${token()}.skein.test`;
      served ??= bench.servedZones?.values();
      const name = served?.next().value;
      if (!name) throw new Error('the bench serves no further zone');
      return name;
    };
    const zoneSpec = (visibility: 'public' | 'private' = 'public'): ZoneSpec => ({
      organizationId,
      networkId: `net_${token()}`,
      key: visibility === 'public' ? 'zone/public' : 'zone/prod',
      name: zoneName(),
      visibility,
      vpcs: visibility === 'public' ? [] : bench.vpcs.slice(0, 1),
    });
    const record = (name: string, ...addresses: string[]) => ({ name, addresses, ttlSeconds: 60 });
    const failure = async (doing: Promise<unknown>): Promise<DnsError> => {
      const error = await doing.then(
        () => new Error('it succeeded'),
        (thrown: unknown) => thrown,
      );
      if (error instanceof DnsError) return error;
      throw error;
    };

    /** A test of what not every service does: there is none where it does not, rather than one that is passed over. */
    const only = (applies: boolean, what: string, test: () => Promise<void>) => {
      if (applies) it(what, test);
    };
    /** After `deleteZone`: nothing of ours is there, and a zone that we made is not there either. */
    const expectGone = async (spec: ZoneSpec, zone: ZoneState) => {
      if (makesZones) return expect(await dns.observeZone(spec, context())).toBeUndefined();
      expect(await dns.observeZone(spec, context())).toEqual(zone);
      expect(await bench.foreign.read(zone)).toEqual([]);
    };

    beforeAll(async () => {
      bench = await start();
      dns = bench.connect('right');
    }, LIMIT.timeout);
    afterAll(() => bench?.close(), LIMIT.timeout);

    it('refuses wrong credentials', async () => {
      const wrong = bench.connect('wrong');
      expect((await failure(wrong.observeZone(zoneSpec(), context()))).code).toBe('unauthenticated');
      expect((await failure(wrong.reconcileZone(zoneSpec(), context()))).code).toBe('unauthenticated');
    });

    only(makesZones, 'makes a public zone once, shows it, deletes it twice, and makes it anew', async () => {
      const spec = zoneSpec();
      expect(await dns.observeZone(spec, context())).toBeUndefined();
      const made = await dns.reconcileZone(spec, context());
      expect(made).toMatchObject({
        name: spec.name,
        visibility: 'public',
        externalId: expect.stringMatching(/./),
      });
      expect(made.nameServers.length).toBeGreaterThan(0);
      expect(await dns.reconcileZone(spec, context())).toEqual(made);
      expect(await dns.observeZone(spec, context())).toEqual(made);
      await dns.deleteZone(spec, context());
      expect(await dns.observeZone(spec, context())).toBeUndefined();
      await dns.deleteZone(spec, context());
      expect((await dns.reconcileZone(spec, context())).name).toBe(spec.name);
      await dns.deleteZone(spec, context());
    });

    only(makesZones, 'ends with one zone when two make it at once', async () => {
      const spec = zoneSpec();
      const made = await Promise.all(
        [dns, bench.connect('right')].map((one) => one.reconcileZone(spec, context())),
      );
      expect(made[0]).toEqual(made[1]);
      expect(await dns.listZones({ organizationId, networkId: spec.networkId }, context())).toHaveLength(1);
      await dns.deleteZone(spec, context());
    });

    only(
      !makesZones,
      'answers for a zone that is served, and says what to prepare for one that is not',
      async () => {
        const spec = zoneSpec();
        const found = await dns.reconcileZone(spec, context());
        expect(found).toMatchObject({ name: spec.name, visibility: 'public' });
        expect(found.nameServers.length).toBeGreaterThan(0);
        expect(await dns.observeZone(spec, context())).toEqual(found);
        const unknown = { ...spec, name: 'not-served.skein.test' };
        expect(await dns.observeZone(unknown, context())).toBeUndefined();
        const error = await failure(dns.reconcileZone(unknown, context()));
        expect(error.code).toBe('not-found');
        expect(error.remedy).toContain('Make the zone');
        await dns.deleteZone(unknown, context());
        await dns.deleteZone(spec, context());
        expect(await dns.observeZone(spec, context())).toEqual(found);
        // None of them is ours to make or delete, so none may be in a list of what is ours.
        expect(await dns.listZones({ organizationId }, context())).toEqual([]);
      },
    );

    only(!hasPrivateZones, 'refuses a private zone, in words', async () => {
      const spec = { ...zoneSpec(), visibility: 'private' as const };
      const error = await failure(dns.reconcileZone(spec, context()));
      expect(error.code).toBe('invalid');
      expect(error.message).toContain('no private zones');
    });

    only(
      hasPrivateZones,
      'binds a private zone to exactly its VPCs, beside a public one of the same name',
      async () => {
        const spec = zoneSpec('private');
        const [first, second] = bench.vpcs;
        if (!first || !second) throw new Error('the bench has no two VPCs');
        const made = await dns.reconcileZone(spec, context());
        expect(made).toMatchObject({ name: spec.name, visibility: 'private' });
        expect(await bench.foreign.boundTo(made)).toEqual([first.id]);
        await dns.reconcileZone({ ...spec, vpcs: [first, second] }, context());
        expect(await bench.foreign.boundTo(made)).toEqual([first.id, second.id].sort());
        expect(await dns.reconcileZone({ ...spec, vpcs: [second] }, context())).toEqual(made);
        expect(await bench.foreign.boundTo(made)).toEqual([second.id]);

        const outside: ZoneSpec = { ...spec, key: 'zone/public', visibility: 'public', vpcs: [] };
        const beside = await dns.reconcileZone(outside, context());
        expect(beside.externalId).not.toBe(made.externalId);
        await dns.reconcileRecords(made, spec.networkId, [record(`a.${spec.name}`, '10.64.0.4')], context());
        await dns.reconcileRecords(
          beside,
          spec.networkId,
          [record(`a.${spec.name}`, '198.18.64.4')],
          context(),
        );
        expect(await dns.listRecords(made, spec.networkId, context())).toEqual([
          record(`a.${spec.name}`, '10.64.0.4'),
        ]);
        expect(await dns.listRecords(beside, spec.networkId, context())).toEqual([
          record(`a.${spec.name}`, '198.18.64.4'),
        ]);
        expect((await failure(dns.reconcileZone({ ...outside, key: spec.key }, context()))).code).toBe(
          'conflict',
        );
        await dns.deleteZone(spec, context());
        expect(await dns.observeZone(outside, context())).toEqual(beside);
        await dns.deleteZone(outside, context());
      },
    );

    only(makesZones, 'lists an organization’s zones, a network’s, and no others’', async () => {
      // More than Route 53 answers tags for at once.
      const specs = Array.from({ length: 12 }, () => zoneSpec());
      for (const spec of specs) await dns.reconcileZone(spec, context());
      const [one] = specs;
      if (!one) throw new Error('no spec');
      const listed = await dns.listZones({ organizationId, networkId: one.networkId }, context());
      expect(listed).toEqual([
        { ...(await dns.observeZone(one, context())), networkId: one.networkId, key: one.key },
      ]);
      const all = await dns.listZones({ organizationId }, context());
      expect(all.map((zone) => zone.name).sort()).toEqual(specs.map((spec) => spec.name).sort());
      expect(await dns.listZones({ organizationId: `org_${token()}` }, context())).toEqual([]);
      for (const spec of specs) await dns.deleteZone(spec, context());
    });

    it('writes records with their owner, changes and removes them, and nothing twice', async () => {
      const spec = zoneSpec();
      const { networkId, name } = spec;
      const zone = await dns.reconcileZone(spec, context());
      const wanted = [
        record(`a.${name}`, '198.18.0.2', '198.18.0.1'),
        record(`b.prod.${name}`, '100.64.0.2'),
      ];
      const names = wanted.map((one) => one.name);
      const told: string[] = [];
      const listening = { ...context(), waitingFor: (what: string) => void told.push(what) };
      expect(await dns.reconcileRecords(zone, networkId, wanted, listening)).toEqual({
        written: names,
        removed: [],
        refused: [],
      });
      expect([...new Set(told)]).toEqual(bench.waiting ? [expect.stringMatching(bench.waiting)] : []);
      expect(await bench.foreign.read(zone)).toEqual(
        [
          `_skein.a.${name} TXT "owner=${networkId}"`,
          `_skein.b.prod.${name} TXT "owner=${networkId}"`,
          `a.${name} A 198.18.0.1 198.18.0.2`,
          `b.prod.${name} A 100.64.0.2`,
        ].sort(),
      );
      expect(await dns.reconcileRecords(zone, networkId, wanted, context())).toEqual({
        written: names,
        removed: [],
        refused: [],
      });
      expect(await dns.listRecords(zone, networkId, context())).toEqual([
        record(`a.${name}`, '198.18.0.1', '198.18.0.2'),
        record(`b.prod.${name}`, '100.64.0.2'),
      ]);

      const changed = await dns.reconcileRecords(
        zone,
        networkId,
        [record(`a.${name}`, '198.18.0.9')],
        context(),
      );
      expect(changed).toEqual({ written: [`a.${name}`], removed: [`b.prod.${name}`], refused: [] });
      expect(await dns.listRecords(zone, networkId, context())).toEqual([record(`a.${name}`, '198.18.0.9')]);
      await dns.deleteZone(spec, context());
    });

    it('writes and removes more records than fit one batch', async () => {
      const spec = zoneSpec();
      const zone = await dns.reconcileZone(spec, context());
      const wanted = Array.from({ length: bench.manyNames }, (_, i) =>
        record(`n${i}.${spec.name}`, `100.64.${i >> 8}.${i & 255}`),
      );
      const outcome = await dns.reconcileRecords(zone, spec.networkId, wanted, context());
      expect(outcome.refused).toEqual([]);
      expect(outcome.written).toHaveLength(bench.manyNames);
      expect(await dns.listRecords(zone, spec.networkId, context())).toHaveLength(bench.manyNames);
      await dns.deleteZone(spec, context());
      await expectGone(spec, zone);
    });

    it('writes all but a record that the service takes from nobody, and says what it said', async () => {
      const spec = zoneSpec();
      const { networkId, name } = spec;
      const zone = await dns.reconcileZone(spec, context());
      const bad = record(`bad.${name}`, '10.0.0.999');
      const good = Array.from({ length: 20 }, (_, i) => record(`good${i}.${name}`, '198.18.0.7'));
      const outcome = await dns.reconcileRecords(zone, networkId, [bad, ...good], context());
      expect(outcome.written.toSorted()).toEqual(good.map((one) => one.name).sort());
      expect(outcome.refused).toEqual([{ name: bad.name, reason: expect.stringMatching(/.{10}/) }]);
      expect(await dns.listRecords(zone, networkId, context())).toHaveLength(20);
      await dns.deleteZone(spec, context());
      await expectGone(spec, zone);
    });

    it('leaves others’ names alone, says so, and does the rest', async () => {
      const spec = zoneSpec();
      const { networkId, name } = spec;
      const zone = await dns.reconcileZone(spec, context());
      const theirs = [
        { name: `hand.${name}`, type: 'A', values: ['203.0.113.5'] },
        { name: `net.${name}`, type: 'A', values: ['203.0.113.6'] },
        { name: `_skein.net.${name}`, type: 'TXT', values: ['"owner=net_somebodyelse"'] },
        { name: `mail.${name}`, type: 'MX', values: ['10 mx.example.org.'] },
      ];
      for (const one of theirs) await bench.foreign.write(zone, one);
      const before = await bench.foreign.read(zone);
      const wanted = ['hand', 'net', 'ours'].map((label) => record(`${label}.${name}`, '198.18.0.7'));
      const outcome = await dns.reconcileRecords(zone, networkId, wanted, context());
      expect(outcome.written).toEqual([`ours.${name}`]);
      expect(outcome.refused.map((one) => one.name)).toEqual([`hand.${name}`, `net.${name}`]);
      expect(outcome.refused.every((one) => one.reason.length > 10)).toBe(true);
      expect(await dns.listRecords(zone, networkId, context())).toEqual([
        record(`ours.${name}`, '198.18.0.7'),
      ]);

      if (makesZones) {
        const error = await failure(dns.deleteZone(spec, context()));
        expect(error).toMatchObject({ code: 'in-use', retryable: false });
        expect(error.message).toContain(`mail.${name}`);
      } else await dns.deleteZone(spec, context());
      expect(await bench.foreign.read(zone)).toEqual(before);
      for (const one of theirs) await bench.foreign.remove(zone, one);
      await dns.deleteZone(spec, context());
      await expectGone(spec, zone);
    });

    it('puts right what somebody changed by hand on a name of ours', async () => {
      const spec = zoneSpec();
      const { networkId, name } = spec;
      const zone = await dns.reconcileZone(spec, context());
      const wanted = [record(`a.${name}`, '198.18.0.1')];
      await dns.reconcileRecords(zone, networkId, wanted, context());
      await bench.foreign.remove(zone, { name: `a.${name}`, type: 'A', values: ['198.18.0.1'] });
      await bench.foreign.write(zone, { name: `a.${name}`, type: 'A', values: ['203.0.113.5'] });
      await dns.reconcileRecords(zone, networkId, wanted, context());
      expect(await dns.listRecords(zone, networkId, context())).toEqual(wanted);
      await dns.deleteZone(spec, context());
    });

    only(makesZones, 'takes no zone of the same name for its own', async () => {
      const spec = zoneSpec();
      const stillThere = await bench.foreign.makeZone(spec.name);
      expect(await dns.observeZone(spec, context())).toBeUndefined();
      await dns.deleteZone(spec, context());
      const made = await dns.reconcileZone(spec, context()).catch((error: DnsError) => error);
      // Two public zones of one name are allowed; where they are not, nothing may have been touched.
      if (!(made instanceof DnsError)) await dns.deleteZone(spec, context());
      expect(await stillThere()).toBe(true);
    });

    it('answers nothing after a signal that fired before', async () => {
      const aborted = context(AbortSignal.abort(new Error('before')));
      const spec = zoneSpec();
      await expect(dns.observeZone(spec, aborted)).rejects.toThrow('before');
      await expect(dns.reconcileZone(spec, aborted)).rejects.toThrow('before');
      if (makesZones) expect(await dns.observeZone(spec, context())).toBeUndefined();
    });
  });
}
