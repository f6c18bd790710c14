/** Record sets of public and private zones: one kind of resource a type of record, changed at once, with etags. */
import { z } from 'zod';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { childrenOf, keyOf, parentIdOf, type Resource, type Subscription } from '../state.ts';
import { PRIVATE_ZONE, ZONE } from '../type.ts';
import { shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';

export const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type RecordType = (typeof TYPES)[number];

export interface RecordSet {
  ttl: number;
  metadata: Record<string, string>;
  /** As Azure shows them: a list, or one where there can be only one. */
  records: unknown;
}

/** Azure takes so many records in a set, and sets in a zone. */
const MOST_RECORDS = 20;
export const MOST_SETS = 10_000;

const many = <T extends z.ZodType>(record: T) => z.array(record).max(MOST_RECORDS).optional();
const host = z.string().min(1).max(253);
const number = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const small = z.int().min(0).max(65_535);
const SHAPES = {
  A: many(z.strictObject({ ipv4Address: z.ipv4() })),
  AAAA: many(z.strictObject({ ipv6Address: z.ipv6() })),
  CNAME: z.strictObject({ cname: host }).optional(),
  MX: many(z.strictObject({ preference: small, exchange: host })),
  NS: many(z.strictObject({ nsdname: host })),
  PTR: many(z.strictObject({ ptrdname: host })),
  SOA: z
    .strictObject({
      host: host.optional(),
      email: host.optional(),
      serialNumber: number.optional(),
      refreshTime: number.optional(),
      retryTime: number.optional(),
      expireTime: number.optional(),
      minimumTTL: number.optional(),
      minimumTtl: number.optional(),
    })
    .optional(),
  SRV: many(z.strictObject({ priority: small, weight: small, port: small, target: host })),
  TXT: many(z.strictObject({ value: z.array(z.string().max(255)) })),
} as const;

/** The field that holds a type's records: `ARecords` in public zones, `aRecords` in private ones. */
const fieldOf = (type: RecordType, zone: string): string => {
  const prefix = zone === ZONE ? type : type.toLowerCase();
  return `${prefix}Record${type === 'CNAME' || type === 'SOA' ? '' : 's'}`;
};

/** Names of fields are the same in any case; parsed they are in lower case. */
const lowered = (json: unknown) =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key.toLowerCase(), value]))
    : json;

const bodyOf = (type: RecordType) =>
  z.strictObject({
    id: shown,
    name: shown,
    type: shown,
    etag: shown,
    systemData: shown,
    location: z.string().optional(),
    tags: z.record(z.string(), z.string()).optional(),
    properties: z.preprocess(
      lowered,
      z.strictObject({
        ttl: z
          .int()
          .min(1)
          .max(2 ** 31 - 1),
        metadata: z.record(z.string(), z.string()).default({}),
        fqdn: shown,
        isautoregistered: shown,
        provisioningstate: shown,
        targetresource: z.strictObject({ id: z.undefined().optional() }).optional(),
        [fieldOf(type, '').toLowerCase()]: SHAPES[type],
      }),
    ),
  });

export const recordKind = (zone: typeof ZONE | typeof PRIVATE_ZONE, type: RecordType): Kind =>
  kind<z.infer<ReturnType<typeof bodyOf>>, RecordSet>({
    type: `${zone}/${type}`,
    apiVersions: zone === ZONE ? API_VERSIONS.dns : API_VERSIONS.privateDns,
    place: 'child',
    instant: true,
    name: /^(@|(\*|(\*\.)?[\w-]{1,63}(\.[\w-]{1,63})*))$/,
    body: bodyOf(type),
    write({ call, body, id, name, present, parent }) {
      const beside = recordSetsOf(call.subscription, (parent as Resource).id).filter(
        (each) => each.name.toLowerCase() === name.toLowerCase() && keyOf(each.id) !== keyOf(id),
      );
      const conflict = type === 'CNAME' ? beside[0] : beside.find((each) => typeOf(each) === 'CNAME');
      if (conflict || (type === 'CNAME' && name === '@'))
        throw new ArmError(
          400,
          'BadRequest',
          `The record could not be created because a CNAME record with the same name already exists in this zone, or would stand beside other records: ${name}.`,
        );
      if (type === 'SOA' && !present)
        throw new ArmError(400, 'BadRequest', 'A zone has one record set of type SOA: that of its own name.');
      const { ttl, metadata } = body.properties;
      const given = (body.properties as Record<string, unknown>)[fieldOf(type, '').toLowerCase()];
      const records =
        type === 'SOA' ? { ...(present?.properties.records as object), ...(given as object) } : (given ?? []);
      return { properties: { ttl: ttl as number, metadata: metadata as Record<string, string>, records } };
    },
    show: (it) => ({
      fqdn: `${absolute(it)}.`,
      [zone === ZONE ? 'TTL' : 'ttl']: it.properties.ttl,
      ...(Object.keys(it.properties.metadata).length > 0 ? { metadata: it.properties.metadata } : {}),
      ...(zone === ZONE ? { targetResource: {} } : { isAutoRegistered: false }),
      [fieldOf(type, zone)]: it.properties.records,
    }),
    // The zone stands on those.
    holders: (it) =>
      it.name === '@' && (type === 'SOA' || (type === 'NS' && zone === ZONE)) ? [parentIdOf(it.id)] : [],
    held: (it, holders) =>
      new ArmError(
        400,
        'BadRequest',
        `The record set ${it.name} of type ${type} cannot be deleted: zone ${holders[0]} needs it.`,
      ),
  });

export const typeOf = (it: Resource): RecordType => it.type.split('/').at(-1) as RecordType;

/** The name in full, without the last dot. */
export const absolute = (it: Resource): string => {
  const zone = parentIdOf(it.id).split('/').at(-1) ?? '';
  return (it.name === '@' ? zone : `${it.name}.${zone}`).toLowerCase();
};

/** All record sets of a zone. */
export function recordSetsOf(subscription: Subscription, zoneId: string): Resource<RecordSet>[] {
  const zone = keyOf(zoneId).includes('/privatednszones/') ? PRIVATE_ZONE : ZONE;
  return TYPES.flatMap((type) => childrenOf<RecordSet>(subscription, zoneId, `${zone}/${type}`));
}
