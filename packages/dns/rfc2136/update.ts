/** From decided changes to what an UPDATE message says: what must stand there, and what is to happen. Pure. */
import { type NameChange, ownershipValue, plainName, type RecordSet } from '../change-set.ts';
import { DnsError } from '../provider.ts';
import { addressData, CLASS, recordBytes, TYPE, textData, type WireRecord } from './wire.ts';

/** Of bytes: a message has at most 65,535, of which header, zone and signature need some. */
export const MOST_UPDATE_BYTES = 60_000;
const NOTHING = Buffer.alloc(0);
const MARK = '_skein.';

const bare = (name: string, type: number, asClass: number): WireRecord => ({
  name,
  type,
  class: asClass,
  ttlSeconds: 0,
  data: NOTHING,
});

function typeOf(set: RecordSet): number {
  if (set.type === 'A') return TYPE.A;
  if (set.type === 'TXT') return TYPE.TXT;
  throw new DnsError('invalid', `Skein writes no ${set.type} records.`);
}

const dataOf = (set: RecordSet, value: string) =>
  set.type === 'A' ? addressData(value) : textData(value.replace(/^"|"$/g, ''));

/**
 * What must stand there for the change to be ours to make: a name of ours is marked with our TXT value, one that
 * becomes ours is not in use. The server checks it in the same moment in which it changes, so nobody comes between.
 */
function prerequisites(change: NameChange, zone: string, networkId: string): WireRecord[] {
  const mark = `${MARK}${change.name}`;
  if (!change.add.some((set) => set.type === 'TXT')) {
    const data = textData(ownershipValue(networkId).replace(/^"|"$/g, ''));
    // Beside a CNAME a server would pass over our record without a word.
    const noAlias = bare(change.name, TYPE.CNAME, CLASS.NONE);
    return [{ name: mark, type: TYPE.TXT, class: CLASS.IN, ttlSeconds: 0, data }, noAlias];
  }
  // The zone's apex is always in use, by its SOA and NS.
  const free =
    change.name === plainName(zone)
      ? bare(change.name, TYPE.A, CLASS.NONE)
      : bare(change.name, TYPE.ANY, CLASS.NONE);
  return [bare(mark, TYPE.ANY, CLASS.NONE), free];
}

/** @throws DnsError `invalid` for what no DNS message can say. */
export function updateSections(changes: readonly NameChange[], at: { zone: string; networkId: string }) {
  return {
    prerequisites: changes.flatMap((change) => prerequisites(change, at.zone, at.networkId)),
    updates: changes.flatMap(({ remove, add }) => [
      ...remove.map((set) => bare(set.name, typeOf(set), CLASS.ANY)),
      ...add.flatMap((set) =>
        set.values.map((value) => ({
          name: set.name,
          type: typeOf(set),
          class: CLASS.IN,
          ttlSeconds: set.ttlSeconds,
          data: dataOf(set, value),
        })),
      ),
    ]),
  };
}

/** Bytes that a change takes in a message; one that cannot be written is a message of its own, and refused there. */
export function updateBytes(change: NameChange, at: { zone: string; networkId: string }): number {
  try {
    const { prerequisites: must, updates } = updateSections([change], at);
    return [...must, ...updates].reduce((sum, record) => sum + recordBytes(record).length, 0);
  } catch {
    return MOST_UPDATE_BYTES;
  }
}
