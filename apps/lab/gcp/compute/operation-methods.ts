/** `compute.globalOperations`, `.regionOperations`, `.zoneOperations`: following what was started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { regionNames, zoneNames } from '../catalog.ts';
import type { Operation, Project } from '../state.ts';
import { notFound } from '../wire/errors.ts';
import { AGGREGATED, type Call, LISTING, type Method, method } from '../wire/method.ts';
import { aggregatedAnswer, listAnswer } from '../wire/page.ts';
import { showOperation } from './operations.ts';
import { checkRegion, checkZone } from './places.ts';

/** Google answers `wait` after two minutes at the latest, done or not. */
const WAIT_MILLISECONDS = 120_000;
const LOOK_MILLISECONDS = 25;

const ROOT = '/compute/v1/projects/:project';

function family(service: string, place: string, scopeOf: (call: Call) => string): Method[] {
  const path = `${ROOT}/${place}/operations`;
  const inScope = (project: Project, scope: string) =>
    project.operations.filter((each) => each.scope === scope);
  const pathOf = (call: Call, scope: string) => `projects/${call.projectId}/${scope}/operations`;
  const find = (call: Call, project = call.project): Operation => {
    const scope = scopeOf(call);
    const wanted = call.params.operation;
    const found = inScope(project, scope).find((each) => each.name === wanted || each.id === wanted);
    if (!found) throw notFound(`${pathOf(call, scope)}/${wanted}`);
    return found;
  };
  return [
    method({
      id: `compute.${service}.list`,
      http: 'GET',
      path,
      permission: `compute.${service}.list`,
      query: LISTING,
      changes: false,
      handle(call) {
        const scope = scopeOf(call);
        const shown = inScope(call.project, scope).map((each) => showOperation(call.projectId, each));
        shown.sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
        return listAnswer('compute#operationList', pathOf(call, scope), shown, call.query);
      },
    }),
    method({
      id: `compute.${service}.get`,
      http: 'GET',
      path: `${path}/:operation`,
      permission: `compute.${service}.get`,
      changes: false,
      handle: (call) => showOperation(call.projectId, find(call)),
    }),
    method({
      id: `compute.${service}.wait`,
      http: 'POST',
      path: `${path}/:operation/wait`,
      permission: `compute.${service}.get`,
      changes: false,
      async handle(call) {
        const until = performance.now() + WAIT_MILLISECONDS;
        let found = find(call);
        while (found.endedAt === null && performance.now() < until) {
          await sleep(LOOK_MILLISECONDS);
          found = find(call, call.fresh());
        }
        return showOperation(call.projectId, found);
      },
    }),
    method({
      id: `compute.${service}.delete`,
      http: 'DELETE',
      path: `${path}/:operation`,
      permission: `compute.${service}.delete`,
      changes: true,
      handle(call) {
        const found = find(call);
        // Only its record goes; work under way goes on, so one that is not done stays.
        if (found.endedAt !== null)
          call.project.operations = call.project.operations.filter((each) => each !== found);
        return undefined;
      },
    }),
  ];
}

export const operationMethods: readonly Method[] = [
  ...family('globalOperations', 'global', () => 'global'),
  ...family(
    'regionOperations',
    'regions/:region',
    (call) => `regions/${checkRegion(call.projectId, call.params.region)}`,
  ),
  ...family(
    'zoneOperations',
    'zones/:zone',
    (call) => `zones/${checkZone(call.projectId, call.params.zone)}`,
  ),
  method({
    id: 'compute.globalOperations.aggregatedList',
    http: 'GET',
    path: `${ROOT}/aggregated/operations`,
    permission: 'compute.globalOperations.list',
    query: AGGREGATED,
    changes: false,
    handle(call) {
      const scopes = new Map(call.project.operations.map((each) => [each.name, each.scope]));
      return aggregatedAnswer(
        'compute#operationAggregatedList',
        `projects/${call.projectId}/aggregated/operations`,
        'operations',
        [
          'global',
          ...regionNames.map((each) => `regions/${each}`),
          ...zoneNames.map((each) => `zones/${each}`),
        ],
        (item) => scopes.get(String(item.name)) ?? 'global',
        call.project.operations.map((each) => showOperation(call.projectId, each)),
        call.query,
      );
    },
  }),
];
