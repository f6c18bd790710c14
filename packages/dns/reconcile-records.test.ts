import { describe, expect, it } from 'vitest';
import type { NameChange, RecordSet } from './change-set.ts';
import { DnsError } from './provider.ts';
import { reconcileRecords } from './reconcile-records.ts';

/** A zone in memory that takes batches as the services do: whole, creating only what is not there. */
function memoryZone(records: RecordSet[] = [], refuses: (change: NameChange) => boolean = () => false) {
  let held = records;
  const keyOf = (one: RecordSet) => JSON.stringify([one.name, one.type, one.ttlSeconds, one.values]);
  return {
    limit: 4,
    get held() {
      return held;
    },
    put: (one: RecordSet) => {
      held = [...held, one];
    },
    list: async () => held,
    apply: async (changes: readonly NameChange[]) => {
      const gone = changes.flatMap((one) => one.remove).map(keyOf);
      const added = changes.flatMap((one) => one.add);
      const left = held.filter((one) => !gone.includes(keyOf(one)));
      const clash = added.some((one) =>
        left.some((other) => other.name === one.name && other.type === one.type),
      );
      if (clash || left.length !== held.length - gone.length || changes.some(refuses))
        throw new DnsError('conflict', 'not so');
      held = [...left, ...added];
    },
  };
}
const context = { signal: new AbortController().signal, waitingFor: () => {}, attempt: 1 };
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

  it('lets any other failure through', async () => {
    const apply = async () => {
      throw new DnsError('forbidden', 'no');
    };
    await expect(reconcileRecords({ ...memoryZone(), apply }, input, context)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
