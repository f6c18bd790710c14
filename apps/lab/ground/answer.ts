/** What a name server of the lab answers, from the ground's zones. Pure. */
import type { Answer, RecordType } from 'dns-packet';
import type { GroundZone } from './ground.ts';

export interface Reply {
  code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED' | 'NOTIMP';
  /** Whether one of the lab's zones holds the name. */
  authoritative: boolean;
  answers: Answer[];
  authorities: Answer[];
}

type GroundRecord = GroundZone['records'][number];
/** Longer chains are loops, or as good as. */
const CHAIN_LENGTH = 8;
const ANSWERED: readonly string[] = ['A', 'AAAA', 'TXT', 'CNAME', 'NS', 'SOA', 'SRV', 'MX'];

/**
 * `realmId` null: the public view. A realm's view asks the private zones bound to it first, and one which holds the
 * name is the last word, as in the clouds. A name outside all zones does not exist.
 */
export function answer(
  zones: readonly GroundZone[],
  realmId: string | null,
  question: { name: string; type: string },
): Reply {
  const answers: Answer[] = [];
  let name = normal(question.name);
  for (let step = 0; step < CHAIN_LENGTH; step++) {
    const zone = zoneFor(zones, realmId, name);
    if (zone === undefined)
      return {
        code: answers.length > 0 ? 'NOERROR' : 'NXDOMAIN',
        authoritative: answers.length > 0,
        answers,
        authorities: [],
      };
    const held = zone.records.filter((record) => normal(record.name) === name);
    const records = held.length > 0 ? held : wildcard(zone, name);
    const matching = records.filter(
      ({ type }) => type === question.type || (question.type === 'ANY' && ANSWERED.includes(type)),
    );
    if (matching.length > 0) {
      const found = matching.flatMap((record) => render(record, step === 0 ? question.name : name));
      return { code: 'NOERROR', authoritative: true, answers: [...answers, ...found], authorities: [] };
    }
    const alias = records.find(({ type }) => type === 'CNAME');
    if (alias === undefined) {
      const exists =
        records.length > 0 || zone.records.some((record) => normal(record.name).endsWith(`.${name}`));
      return {
        code: exists || answers.length > 0 ? 'NOERROR' : 'NXDOMAIN',
        authoritative: true,
        answers,
        authorities: [startOfAuthority(zone)],
      };
    }
    answers.push(...render(alias, step === 0 ? question.name : name));
    name = normal(alias.values[0] ?? '');
  }
  return { code: 'NOERROR', authoritative: true, answers, authorities: [] };
}

/** The zone with the longest name that holds this one, among those the asker may see. */
function zoneFor(zones: readonly GroundZone[], realmId: string | null, name: string): GroundZone | undefined {
  const holding = zones.filter(
    (zone) => name === normal(zone.name) || name.endsWith(`.${normal(zone.name)}`),
  );
  const longest = (list: GroundZone[]) => list.sort((a, b) => b.name.length - a.name.length)[0];
  const own = holding.filter(
    (zone) => zone.visibility === 'private' && realmId !== null && zone.realmIds.includes(realmId),
  );
  return longest(own) ?? longest(holding.filter(({ visibility }) => visibility === 'public'));
}

/** RFC 4592: the `*` of the closest name above that exists. */
function wildcard(zone: GroundZone, name: string): GroundRecord[] {
  const names = new Set(zone.records.map((record) => normal(record.name)));
  const exists = (candidate: string) =>
    names.has(candidate) || [...names].some((held) => held.endsWith(`.${candidate}`));
  for (let above = name; above.includes('.') && above !== normal(zone.name); ) {
    if (exists(above)) return [];
    above = above.slice(above.indexOf('.') + 1);
    if (names.has(`*.${above}`)) return zone.records.filter((record) => normal(record.name) === `*.${above}`);
  }
  return [];
}

/** For answers that say no: RFC 2308. */
function startOfAuthority(zone: GroundZone): Answer {
  const record = zone.records.find(({ name, type }) => type === 'SOA' && normal(name) === normal(zone.name));
  const made = {
    name: zone.name,
    type: 'SOA' as const,
    ttlSeconds: 60,
    values: ['ns.lab. hostmaster.lab. 1 7200 900 1209600 60'],
  };
  return render(record ?? made, zone.name)[0] as Answer;
}

function render(record: GroundRecord, name: string): Answer[] {
  const common = { name: name.replace(/\.$/, ''), ttl: record.ttlSeconds, class: 'IN' as const };
  return record.values.map(
    (value) => ({ ...common, type: record.type as RecordType, data: dataOf(record.type, value) }) as Answer,
  );
}

function dataOf(type: GroundRecord['type'], value: string): unknown {
  const words = value.trim().split(/\s+/);
  const plain = (name = '') => name.replace(/\.$/, '');
  switch (type) {
    case 'A':
    case 'AAAA':
      return value.trim();
    case 'CNAME':
    case 'NS':
      return plain(words[0]);
    case 'TXT':
      return texts(value);
    case 'MX':
      return { preference: Number(words[0]), exchange: plain(words[1]) };
    case 'SRV':
      return {
        priority: Number(words[0]),
        weight: Number(words[1]),
        port: Number(words[2]),
        target: plain(words[3]),
      };
    case 'SOA': {
      const [serial, refresh, retry, expire, minimum] = words.slice(2).map(Number);
      return { mname: plain(words[0]), rname: plain(words[1]), serial, refresh, retry, expire, minimum };
    }
  }
}

/** `"a" "b"` as the clouds write texts, or the bare words; each string holds 255 bytes at most. */
function texts(value: string): Buffer[] {
  const quoted = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] as string).replace(/\\(.)/g, '$1'),
  );
  const parts = value.trimStart().startsWith('"') ? quoted : [value];
  return parts.flatMap((part) => {
    const bytes = Buffer.from(part);
    const count = Math.max(1, Math.ceil(bytes.length / 255));
    return Array.from({ length: count }, (_, index) => bytes.subarray(index * 255, (index + 1) * 255));
  });
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
