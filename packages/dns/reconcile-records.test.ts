import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { describe, expect, it } from 'vitest';
import { type NameChange, type RecordSet, sizeOf } from './change-set.ts';
import { DnsError } from './provider.ts';
import { reconcileRecords } from './reconcile-records.ts';

/** A zone in memory that takes batches as the services do: whole, creating only what is not there. */
function memoryZone(records: RecordSet[] = [], refuses: (change: NameChange) => boolean = () => false) {
  let held = records;
  const keyOf = (one: RecordSet) => JSON.stringify([one.name, one.type, one.ttlSeconds, one.values]);
  let applied = 0;
  const waited: string[] = [];
  return {
    limits: { values: 4 },
    cost: sizeOf,
    atOnce: 1,
    waited,
    get applied() {
      return applied;
    },
    settled: async (changes: readonly string[]) => {
      waited.push(...changes);
    },
    get held() {
      return held;
    },
    put: (one: RecordSet) => {
      held = [...held, one];
    },
    list: async () => held,
    apply: async (changes: readonly NameChange[]) => {
      applied++;
      const gone = changes.flatMap((one) => one.remove).map(keyOf);
      const added = changes.flatMap((one) => one.add);
      const left = held.filter((one) => !gone.includes(keyOf(one)));
      const clash = added.some((one) =>
        left.some((other) => other.name === one.name && other.type === one.type),
      );
      if (changes.some(refuses)) throw new DnsError('invalid', 'not so');
      if (clash || left.length !== held.length - gone.length) throw new DnsError('conflict', 'not as read');
      held = [...left, ...added];
      return `change-${applied}`;
    },
  };
}
const context = {
  signal: new AbortController().signal,
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
};
const wanted = ['a', 'b', 'c', 'd'].map((name, i) => ({
  name: `${name}.shop.test`,
  addresses: [`10.0.0.${i}`],
  ttlSeconds: 60,
}));
const input = { zone: 'shop.test', networkId: 'net_1', wanted };

describe('reconcileRecords', () => {
  it('writes in batches, then changes nothing, then removes', async () => {
    const zone = memoryZone();
    const names = wanted.map((one) => one.name);
    expect(await reconcileRecords(zone, input, context)).toEqual({
      written: names,
      removed: [],
      refused: [],
    });
    const held = zone.held;
    expect(held).toHaveLength(8);
    expect(await reconcileRecords(zone, input, context)).toEqual({
      written: names,
      removed: [],
      refused: [],
    });
    expect(zone.held).toBe(held);
    expect(await reconcileRecords(zone, { ...input, wanted: [] }, context)).toEqual({
      written: [],
      removed: names,
      refused: [],
    });
    expect(zone.held).toEqual([]);
  });

  it('overtaken between reading and writing, reads again and leaves the other’s name alone', async () => {
    const zone = memoryZone();
    const theirs: RecordSet = {
      name: 'a.shop.test',
      type: 'A',
      ttlSeconds: 5,
      values: ['9.9.9.9'],
      plain: true,
    };
    let overtaken = false;
    const list = async () => {
      const read = zone.held;
      if (!overtaken) zone.put(theirs);
      overtaken = true;
      return read;
    };
    const outcome = await reconcileRecords({ ...zone, list }, input, context);
    expect(outcome.written).toEqual(['b.shop.test', 'c.shop.test', 'd.shop.test']);
    expect(outcome.refused).toEqual([
      { name: 'a.shop.test', reason: expect.stringContaining('Somebody else') },
    ]);
    expect(zone.held).toContain(theirs);
  });

  it('writes the others when the service never takes one name', async () => {
    const zone = memoryZone([], (change) => change.name === 'b.shop.test');
    const outcome = await reconcileRecords(zone, input, context);
    expect(outcome.written).toEqual(['a.shop.test', 'c.shop.test', 'd.shop.test']);
    expect(outcome.refused).toEqual([{ name: 'b.shop.test', reason: 'not so' }]);
  });

  it('finds one bad record among many in few calls, and waits for what was changed', async () => {
    const many = Array.from({ length: 200 }, (_, i) => ({
      name: `n${i}.shop.test`,
      addresses: ['10.0.0.1'],
      ttlSeconds: 60,
    }));
    const zone = {
      ...memoryZone([], (change) => change.name === 'n77.shop.test'),
      limits: { values: 1_000 },
    };
    let calls = 0;
    const apply = (changes: readonly NameChange[]) => {
      calls++;
      return zone.apply(changes);
    };
    const outcome = await reconcileRecords({ ...zone, apply }, { ...input, wanted: many }, context);
    expect(outcome.refused).toEqual([{ name: 'n77.shop.test', reason: 'not so' }]);
    expect(outcome.written).toHaveLength(199);
    // The whole, then halves down to the one; once more for what was left of the split.
    expect(calls).toBeLessThan(25);
    expect(zone.waited.length).toBeGreaterThan(0);
  });

  it('takes a batch whose answer was lost for done, without splitting it', async () => {
    const zone = { ...memoryZone(), limits: { values: 1_000 } };
    let calls = 0;
    const apply = async (changes: readonly NameChange[]) => {
      if (++calls > 1) throw new Error('a second call');
      await zone.apply(changes);
      throw new DnsError('conflict', 'it is there already');
    };
    const outcome = await reconcileRecords({ ...zone, apply }, input, context);
    expect(outcome.written).toHaveLength(4);
    expect(calls).toBe(1);
  });

  it('gives up finding culprits where a service takes nothing', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({
      name: `n${i}.shop.test`,
      addresses: ['10.0.0.1'],
      ttlSeconds: 60,
    }));
    let calls = 0;
    const apply = async () => {
      calls++;
      throw new DnsError('invalid', 'the zone is full');
    };
    const zone = { ...memoryZone(), limits: { values: 1_000 }, apply };
    const outcome = await reconcileRecords(zone, { ...input, wanted: many }, context);
    expect(outcome.written).toEqual([]);
    expect(outcome.refused).toHaveLength(300);
    expect(calls).toBeLessThan(300);
  });

  it('lets any other failure through', async () => {
    const apply = async () => {
      throw new DnsError('forbidden', 'no');
    };
    await expect(reconcileRecords({ ...memoryZone(), apply }, input, context)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
