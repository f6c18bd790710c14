/** `dns.resourceRecordSets` and `dns.changes`: a zone's records and their changes. */
import type { Change, RecordSet } from '../state.ts';
import { GoogleError } from '../wire/errors.ts';
import { type Call, type Method, method } from '../wire/method.ts';
import { pageOf } from '../wire/page.ts';
import { applyChange, checkRecordSet, orderOf, RECORD_SET, type RecordSetBody } from './record-set.ts';
import { MOST_PER_CHANGE, ROOT, zoneOf } from './zones.ts';

const SETS = `${ROOT}/managedZones/:managedZone/rrsets`;
const CHANGES = `${ROOT}/managedZones/:managedZone/changes`;
/** How long a change is pending; its records stand at once. */
const PENDING_MILLISECONDS = 150;

const showSet = (it: RecordSet) => ({ kind: 'dns#resourceRecordSet', ...it, signatureRrdatas: [] });

const showChange = (it: Change, now: Date) => ({
  kind: 'dns#change',
  id: it.id,
  startTime: it.startedAt,
  status: now.getTime() >= it.dueAt ? 'done' : 'pending',
  isServing: now.getTime() >= it.dueAt,
  ...(it.additions.length > 0 ? { additions: it.additions.map(showSet) } : {}),
  ...(it.deletions.length > 0 ? { deletions: it.deletions.map(showSet) } : {}),
});

/** Applies a change to the zone and writes it down. */
function commit(call: Call, additions: RecordSet[], deletions: RecordSet[]): Change {
  const zone = zoneOf(call);
  zone.recordSets = applyChange(zone, { additions, deletions });
  const change: Change = {
    id: String(Number(zone.changes.at(-1)?.id ?? -1) + 1),
    startedAt: call.now.toISOString(),
    dueAt: call.now.getTime() + PENDING_MILLISECONDS,
    additions,
    deletions,
  };
  zone.changes = [...zone.changes.slice(-999), change];
  return change;
}

function findSet(call: Call): RecordSet {
  const zone = zoneOf(call);
  const name = (call.params.name ?? '').toLowerCase();
  const found = zone.recordSets.find((each) => each.name === name && each.type === call.params.type);
  if (!found)
    throw new GoogleError(
      404,
      'notFound',
      `The 'parameters.name' resource named '${call.params.name} (${call.params.type})' does not exist.`,
    );
  return found;
}

export const records: readonly Method[] = [
  method({
    id: 'dns.resourceRecordSets.list',
    http: 'GET',
    path: SETS,
    permission: 'dns.resourceRecordSets.list',
    query: ['maxResults', 'pageToken', 'name', 'type', 'filter'],
    changes: false,
    handle(call) {
      const name = call.query.get('name')?.toLowerCase();
      const type = call.query.get('type');
      if (type && !name)
        throw new GoogleError(
          400,
          'required',
          "The 'parameters.name' parameter is required but was missing.",
        );
      const wanted = zoneOf(call).recordSets.filter(
        (each) => (!name || each.name === name) && (!type || each.type === type),
      );
      const page = pageOf(
        [...wanted].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
        call.query,
        orderOf,
      );
      return {
        kind: 'dns#resourceRecordSetsListResponse',
        rrsets: page.items.map(showSet),
        ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
      };
    },
  }),
  method({
    id: 'dns.resourceRecordSets.create',
    http: 'POST',
    path: SETS,
    permission: 'dns.resourceRecordSets.create',
    query: ['clientOperationId'],
    body: RECORD_SET,
    root: 'resource_record_set',
    changes: true,
    handle(call) {
      const set = checkRecordSet(call.body, zoneOf(call), 'entity.resourceRecordSet');
      const zone = zoneOf(call);
      if (zone.recordSets.some((each) => each.name === set.name && each.type === set.type))
        throw new GoogleError(
          409,
          'alreadyExists',
          `The resource 'entity.resourceRecordSet' named '${set.name} (${set.type})' already exists`,
        );
      commit(call, [set], []);
      return showSet(set);
    },
  }),
  method({
    id: 'dns.resourceRecordSets.get',
    http: 'GET',
    path: `${SETS}/:name/:type`,
    permission: 'dns.resourceRecordSets.get',
    query: ['clientOperationId'],
    changes: false,
    handle: (call) => showSet(findSet(call)),
  }),
  method({
    id: 'dns.resourceRecordSets.patch',
    http: 'PATCH',
    path: `${SETS}/:name/:type`,
    permission: 'dns.resourceRecordSets.update',
    query: ['clientOperationId'],
    body: RECORD_SET,
    root: 'resource_record_set',
    changes: true,
    handle(call) {
      const before = findSet(call);
      const said = Object.fromEntries(Object.entries(call.body).filter(([, value]) => value !== undefined));
      const after = checkRecordSet(
        { ...before, ...said } as RecordSetBody,
        zoneOf(call),
        'entity.resourceRecordSet',
      );
      commit(call, [after], [before]);
      return showSet(after);
    },
  }),
  method({
    id: 'dns.resourceRecordSets.delete',
    http: 'DELETE',
    path: `${SETS}/:name/:type`,
    permission: 'dns.resourceRecordSets.delete',
    query: ['clientOperationId'],
    changes: true,
    handle(call) {
      commit(call, [], [findSet(call)]);
      return {};
    },
  }),
  method({
    id: 'dns.changes.create',
    http: 'POST',
    path: CHANGES,
    permission: 'dns.changes.create',
    query: ['clientOperationId'],
    body: {
      additions: [RECORD_SET],
      deletions: [RECORD_SET],
      id: 'output',
      isServing: 'output',
      kind: 'output',
      startTime: 'output',
      status: 'output',
    },
    root: 'change',
    changes: true,
    handle(call) {
      const zone = zoneOf(call);
      const { additions = [], deletions = [] } = call.body;
      if (additions.length + deletions.length === 0)
        throw new GoogleError(400, 'required', "The 'entity.change' parameter is required but was missing.");
      for (const [what, list] of Object.entries({ additions, deletions }))
        if (list.length > MOST_PER_CHANGE)
          throw new GoogleError(
            400,
            `quotaExceeded`,
            `The change holds ${list.length} ${what}; at most ${MOST_PER_CHANGE} are allowed.`,
          );
      const change = commit(
        call,
        additions.map((each, index) => checkRecordSet(each, zone, `entity.change.additions[${index}]`)),
        deletions.map((each, index) => checkRecordSet(each, zone, `entity.change.deletions[${index}]`)),
      );
      return showChange(change, call.now);
    },
  }),
  method({
    id: 'dns.changes.get',
    http: 'GET',
    path: `${CHANGES}/:changeId`,
    permission: 'dns.changes.get',
    query: ['clientOperationId'],
    changes: false,
    handle(call) {
      const found = zoneOf(call).changes.find((each) => each.id === call.params.changeId);
      if (!found)
        throw new GoogleError(
          404,
          'notFound',
          `The 'parameters.changeId' resource named '${call.params.changeId}' does not exist.`,
        );
      return showChange(found, call.now);
    },
  }),
  method({
    id: 'dns.changes.list',
    http: 'GET',
    path: CHANGES,
    permission: 'dns.changes.list',
    query: ['maxResults', 'pageToken', 'sortBy', 'sortOrder'],
    changes: false,
    handle(call) {
      const newestFirst = call.query.get('sortOrder') !== 'ascending';
      const list = [...zoneOf(call).changes];
      if (newestFirst) list.reverse();
      const position = new Map(list.map((each, index) => [each.id, String(index).padStart(6, '0')]));
      const page = pageOf(list, call.query, (each) => position.get(each.id) ?? '');
      return {
        kind: 'dns#changesListResponse',
        changes: page.items.map((each) => showChange(each, call.now)),
        ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
      };
    },
  }),
];
