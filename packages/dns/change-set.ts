/**
 * Decides what has to change in a zone: what is there and what is wanted go in, changes come out. Pure.
 *
 * A name is ours when `_skein.<name>` holds exactly the TXT value `owner=<networkId>`. A name's A record and its
 * ownership record are made, changed and removed together, in one batch.
 */
import type { AddressRecord } from './provider.ts';

/** A record set as a DNS service holds it. `name` is absolute, in lower case, without the last dot. */
export interface RecordSet {
  name: string;
  type: string;
  ttlSeconds: number;
  /** As the service writes them: a deletion must match them exactly. */
  values: readonly string[];
  /** False for what is more than name, type, TTL and values: aliases, weights, routing policies. */
  plain: boolean;
}

/** What belongs together: all of it happens or nothing. */
export interface NameChange {
  name: string;
  remove: RecordSet[];
  add: RecordSet[];
}
export interface ChangeSet {
  changes: NameChange[];
  refused: { name: string; reason: string }[];
}

const MARK = '_skein.';
const OWNERSHIP_TTL_SECONDS = 300;

const unquoted = (value: string) => value.replace(/^"|"$/g, '');
export const ownershipValue = (networkId: string) => `"owner=${networkId}"`;
export const plainName = (name: string) => name.toLowerCase().replace(/\.$/, '');
const isWithin = (name: string, zone: string) => name === zone || name.endsWith(`.${zone}`);

interface Held {
  sets: RecordSet[];
  mark: RecordSet | undefined;
}

/** Record sets by the name they speak of: a `_skein.` TXT speaks of the name behind it. */
function byName(current: readonly RecordSet[]): Map<string, Held> {
  const names = new Map<string, Held>();
  const at = (name: string) => {
    const held = names.get(name) ?? { sets: [], mark: undefined };
    names.set(name, held);
    return held;
  };
  for (const set of current) {
    if (set.type === 'TXT' && set.name.startsWith(MARK)) at(set.name.slice(MARK.length)).mark = set;
    else at(set.name).sets.push(set);
  }
  return names;
}

const isOurs = (mark: RecordSet | undefined, networkId: string) =>
  mark?.plain === true && mark.values.length === 1 && unquoted(mark.values[0] ?? '') === `owner=${networkId}`;

/** Our A records in the zone, sorted by name. */
export function ownedRecords(current: readonly RecordSet[], networkId: string): AddressRecord[] {
  const found: AddressRecord[] = [];
  for (const [name, { sets, mark }] of byName(current)) {
    const held = sets.find((set) => set.type === 'A' && set.plain);
    if (held && isOurs(mark, networkId))
      found.push({ name, addresses: [...held.values].sort(), ttlSeconds: held.ttlSeconds });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Records that are neither ours nor the zone's own (NS and SOA at its apex). */
export function othersRecords(current: readonly RecordSet[], zone: string, networkId: string): RecordSet[] {
  const names = byName(current);
  return current.filter((set) => {
    if (set.name === zone && (set.type === 'NS' || set.type === 'SOA')) return false;
    const about = set.type === 'TXT' && set.name.startsWith(MARK) ? set.name.slice(MARK.length) : set.name;
    const held = names.get(about);
    const ours = isOurs(held?.mark, networkId) && (set === held?.mark || (set.type === 'A' && set.plain));
    return !ours;
  });
}

/** Why a wanted name must be left alone, or undefined. */
function refusal(name: string, held: Held | undefined, zone: string, networkId: string): string | undefined {
  if (!isWithin(name, zone)) return `It is not in the zone ${zone}.`;
  if (!held) return undefined;
  const { mark, sets } = held;
  if (mark && !isOurs(mark, networkId)) {
    const owner = /^owner=(\S+)$/.exec(unquoted(mark.values[0] ?? ''))?.[1];
    return owner ? `It belongs to ${owner}.` : `Its ownership record ${mark.name} says something else.`;
  }
  const others = sets.filter((set) => !(name === zone && (set.type === 'NS' || set.type === 'SOA')));
  if (!mark && others.length > 0)
    return `Somebody else made a ${others[0]?.type} record there, without ${MARK}${name}.`;
  const special = sets.find((set) => set.type === 'CNAME' || (set.type === 'A' && !set.plain));
  return special && `Somebody turned it into a ${special.type} record of another kind.`;
}

/**
 * What makes our records in the zone exactly `wanted`. A record without addresses is not wanted.
 * @param input.current every record set of the zone. Names may come with a last dot and in any case.
 */
export function changeSet(input: {
  zone: string;
  networkId: string;
  current: readonly RecordSet[];
  wanted: readonly AddressRecord[];
}): ChangeSet {
  const { networkId } = input;
  const zone = plainName(input.zone);
  const names = byName(input.current);
  const result: ChangeSet = { changes: [], refused: [] };
  const kept = new Set<string>();

  for (const one of [...input.wanted].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = plainName(one.name);
    if (one.addresses.length === 0) continue;
    if (kept.has(name)) {
      result.refused.push({ name, reason: 'It is wanted twice, with different answers perhaps.' });
      continue;
    }
    kept.add(name);
    const held = names.get(name);
    const reason = refusal(name, held, zone, networkId);
    if (reason) {
      result.refused.push({ name, reason });
      continue;
    }
    const values = [...new Set(one.addresses)].sort();
    const add: RecordSet[] = [];
    const remove: RecordSet[] = [];
    if (!held?.mark) {
      const mark = [ownershipValue(networkId)];
      add.push({
        name: `${MARK}${name}`,
        type: 'TXT',
        ttlSeconds: OWNERSHIP_TTL_SECONDS,
        values: mark,
        plain: true,
      });
    }
    const now = held?.sets.find((set) => set.type === 'A');
    const same = now && now.ttlSeconds === one.ttlSeconds && [...now.values].sort().join() === values.join();
    if (now && !same) remove.push(now);
    if (!same) add.push({ name, type: 'A', ttlSeconds: one.ttlSeconds, values, plain: true });
    if (add.length + remove.length > 0) result.changes.push({ name, remove, add });
  }

  for (const [name, { sets, mark }] of names) {
    if (kept.has(name) || !mark || !isOurs(mark, networkId)) continue;
    const ours = sets.filter((set) => set.type === 'A' && set.plain);
    result.changes.push({ name, remove: [...ours, mark], add: [] });
  }
  return result;
}

/** How many record values a change deletes and adds, and how many characters these have. */
export function sizeOf({ remove, add }: NameChange): { values: number; characters: number } {
  const values = [...remove, ...add].flatMap((set) => set.values);
  return { values: values.length, characters: values.reduce((sum, value) => sum + value.length, 0) };
}
