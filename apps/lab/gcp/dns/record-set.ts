/** Record sets of Cloud DNS: their form, their checks, and applying additions and deletions as one. Pure. */
import { isIPv6 } from 'node:net';
import { parseAddress } from '../../ground/ranges.ts';
import type { ManagedZone, RecordSet } from '../state.ts';
import { GoogleError } from '../wire/errors.ts';
import type { Value } from '../wire/shape.ts';

export const RECORD_SET = {
  name: 'string',
  type: 'string',
  ttl: 'int',
  rrdatas: ['string'],
  kind: 'output',
  signatureRrdatas: 'absent',
  routingPolicy: 'absent',
} as const;
export type RecordSetBody = Value<typeof RECORD_SET>;

const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT', 'CAA', 'PTR'];
const LABELS = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/;

const invalid = (entity: string, value: unknown) =>
  new GoogleError(400, 'invalid', `Invalid value for '${entity}': '${String(value)}'`);
const label = (it: { name: string; type: string }) => `${it.name} (${it.type})`;
const same = (a: RecordSet, b: { name: string; type: string }) => a.name === b.name && a.type === b.type;

/**
 * Checks a record set for a zone.
 * @param entity Google's name of it, such as `entity.change.additions[0]`.
 * @throws GoogleError 400 `required` or `invalid`.
 */
export function checkRecordSet(body: RecordSetBody, zone: ManagedZone, entity: string): RecordSet {
  for (const field of ['name', 'type'] as const)
    if (!body[field])
      throw new GoogleError(
        400,
        'required',
        `The '${entity}.${field}' parameter is required but was missing.`,
      );
  const name = (body.name ?? '').toLowerCase();
  const type = body.type ?? '';
  if (!LABELS.test(name) || name.length > 254) throw invalid(`${entity}.name`, body.name);
  if (name !== zone.dnsName && !name.endsWith(`.${zone.dnsName}`)) throw invalid(`${entity}.name`, body.name);
  if (!TYPES.includes(type)) throw invalid(`${entity}.type`, type);
  const ttl = body.ttl ?? 0;
  if (ttl < 0 || ttl > 2 ** 31 - 1) throw invalid(`${entity}.ttl`, ttl);
  const rrdatas = body.rrdatas ?? [];
  if (rrdatas.length === 0)
    throw new GoogleError(400, 'required', `The '${entity}.rrdata' parameter is required but was missing.`);
  const checked = rrdatas.map((data, index) => {
    const good = checkData(type, data);
    if (good === undefined) throw invalid(`${entity}.rrdatas[${index}]`, data);
    return good;
  });
  const single = type === 'CNAME' || type === 'SOA';
  if (new Set(checked).size < checked.length || (single && checked.length > 1))
    throw invalid(`${entity}.rrdatas`, rrdatas);
  if (type === 'CNAME' && name === zone.dnsName) throw invalid(`${entity}.type`, type);
  return { name, type, ttl, rrdatas: checked };
}

/** The data as Google keeps it, or undefined when it is not of the type. */
function checkData(type: string, data: string): string | undefined {
  const host = (text: string | undefined) => text !== undefined && LABELS.test(text.toLowerCase());
  const small = (text: string | undefined) =>
    text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65535;
  const parts = data.split(/\s+/);
  switch (type) {
    case 'A':
      return parseAddress(data) === undefined ? undefined : data;
    case 'AAAA':
      return isIPv6(data) ? data.toLowerCase() : undefined;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return host(data) ? data.toLowerCase() : undefined;
    case 'MX':
      return parts.length === 2 && small(parts[0]) && host(parts[1]) ? data : undefined;
    case 'SRV':
      return parts.length === 4 && parts.slice(0, 3).every(small) && host(parts[3]) ? data : undefined;
    case 'SOA':
      return parts.length === 7 &&
        host(parts[0]) &&
        host(parts[1]) &&
        parts.slice(2).every((each) => /^\d+$/.test(each))
        ? data
        : undefined;
    case 'TXT':
      return checkText(data);
    default:
      return data.trim() === '' ? undefined : data;
  }
}

/** TXT data: quoted strings of at most 255 bytes. A bare word is taken, and shown quoted as Google does. */
function checkText(data: string): string | undefined {
  const strings = data.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  const rest = data.replace(/"(?:[^"\\]|\\.)*"|[^\s"]+/g, '').trim();
  if (strings.length === 0 || rest !== '') return undefined;
  const quoted = strings.map((each) => (each.startsWith('"') ? each : `"${each}"`));
  return quoted.every((each) => Buffer.byteLength(each) <= 257) ? quoted.join(' ') : undefined;
}

/**
 * The zone's record sets after a change: all of it or nothing.
 * @throws GoogleError 404 for a deletion of what is not there, 412 `conditionNotMet` for one that is not exactly as
 * it stands, 409 `alreadyExists` for an addition of what is there, 400 for a CNAME beside others or an apex left bare.
 */
export function applyChange(
  zone: ManagedZone,
  change: { additions: readonly RecordSet[]; deletions: readonly RecordSet[] },
): RecordSet[] {
  let sets = [...zone.recordSets];
  for (const [index, each] of change.deletions.entries()) {
    const at = `entity.change.deletions[${index}]`;
    const present = sets.find((set) => same(set, each));
    if (!present)
      throw new GoogleError(404, 'notFound', `The '${at}' resource named '${label(each)}' does not exist.`);
    if (present.ttl !== each.ttl || !sameData(present.rrdatas, each.rrdatas))
      throw new GoogleError(412, 'conditionNotMet', `Precondition not met for '${at}'`);
    sets = sets.filter((set) => set !== present);
  }
  for (const [index, each] of change.additions.entries()) {
    const at = `entity.change.additions[${index}]`;
    if (sets.some((set) => same(set, each)))
      throw new GoogleError(
        409,
        'alreadyExists',
        `The resource '${at}' named '${label(each)}' already exists`,
      );
    sets.push(each);
    const beside = sets.filter((set) => set.name === each.name);
    if (beside.length > 1 && beside.some((set) => set.type === 'CNAME'))
      throw new GoogleError(
        400,
        'cnameResourceRecordSetConflict',
        `The resource record set '${at}' is invalid because the DNS name '${each.name}' may have either one CNAME resource record set or resource record sets of other types, but not both.`,
      );
  }
  for (const type of ['SOA', 'NS'])
    if (!sets.some((set) => set.type === type && set.name === zone.dnsName))
      throw new GoogleError(
        400,
        'invalidZoneApex',
        `The resource record set 'entity.managedZone' is invalid because a zone must contain exactly one resource record set of type '${type}' at the apex.`,
      );
  return sets.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

export const sameData = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());

/** Listing order: by name, then type. Unique within a zone. */
export const orderOf = (it: { name: string; type: string }): string => `${it.name} ${it.type}`;
