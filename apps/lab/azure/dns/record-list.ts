/** Record sets of all types in one list. */
import { API_VERSIONS } from '../catalog.ts';
import type { Kind } from '../kind.ts';
import { type Endpoint, endpoint } from '../pipeline.ts';
import { need, show, viewOf } from '../resource.ts';
import { keyOf } from '../state.ts';
import { ZONE } from '../type.ts';
import { page } from '../wire/page.ts';
import { absolute, recordSetsOf } from './record-set.ts';
import { privateZoneKind, zoneKind } from './zone.ts';

/** So many record sets a page. */
const PAGE = 10;

const list = (zone: Kind, kinds: readonly Kind[], last: string): Endpoint =>
  endpoint({
    method: 'GET',
    pattern: [
      'subscriptions',
      ':subscription',
      'resourceGroups',
      ':group',
      'providers',
      ...zone.type.split('/'),
      ':n0',
      last,
    ],
    action: `${zone.type}/${last}/read`,
    apiVersions: zone.type === ZONE ? API_VERSIONS.dns : API_VERSIONS.privateDns,
    changes: false,
    handle(call) {
      const suffix = call.query.get('$recordsetnamesuffix')?.toLowerCase() ?? '';
      const found = recordSetsOf(call.subscription, need(zone, call).id)
        .filter((it) => absolute(it).endsWith(suffix) || it.name.toLowerCase().endsWith(suffix))
        .flatMap((it) => {
          const kind = kinds.find(({ type }) => type === it.type);
          return kind ? [show(kind, it, viewOf(call))] : [];
        });
      return { status: 200, body: page(found, (it) => keyOf(String(it.id)), call.url, PAGE) };
    },
  });

export const recordLists = (kinds: readonly Kind[]): readonly Endpoint[] => [
  list(zoneKind, kinds, 'recordsets'),
  list(zoneKind, kinds, 'all'),
  list(privateZoneKind, kinds, 'ALL'),
];
