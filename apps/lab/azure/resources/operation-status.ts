/** Where callers follow what they started: `Azure-AsyncOperation` and `Location`. */
import { API_VERSIONS } from '../catalog.ts';
import { retryAfter } from '../operation.ts';
import { type Call, type Endpoint, endpoint } from '../pipeline.ts';
import { locationHeader } from '../resource.ts';
import type { Operation } from '../state.ts';
import { ArmError } from '../wire/error.ts';

const VERSIONS = [...new Set(Object.values(API_VERSIONS).flat())];

function find(call: Call): Operation {
  const { operation = '' } = call.params;
  const found = call.subscription.operations.find((each) => each.id === operation);
  if (!found) throw new ArmError(404, 'OperationNotFound', `Operation '${operation}' was not found.`);
  return found;
}

/** Two addresses: one tells how it stands, the other what came of it. */
const pair = (
  statuses: { pattern: readonly string[]; action: string },
  results: { pattern: readonly string[]; action: string },
): Endpoint[] => {
  return [
    endpoint({
      method: 'GET',
      ...statuses,
      apiVersions: VERSIONS,
      changes: false,
      steady: true,
      handle(call) {
        const it = find(call);
        const status = it.endedAt === null ? 'InProgress' : it.error ? 'Failed' : 'Succeeded';
        return {
          status: 200,
          body: {
            name: it.id,
            status,
            startTime: it.startedAt,
            ...(it.endedAt === null ? {} : { endTime: it.endedAt }),
            ...(status === 'Failed' ? { error: it.error } : {}),
          },
          headers: it.endedAt === null ? retryAfter(it, call.now) : {},
        };
      },
    }),
    endpoint({
      method: 'GET',
      ...results,
      apiVersions: VERSIONS,
      changes: false,
      steady: true,
      handle(call) {
        const it = find(call);
        if (it.endedAt === null)
          return { status: 202, headers: { ...locationHeader(call, it), ...retryAfter(it, call.now) } };
        if (it.error) throw new ArmError(409, it.error.code, it.error.message);
        return { status: it.effect.kind === 'remove' && it.effect.group === null ? 204 : 200 };
      },
    }),
  ];
};

const ROOT = ['subscriptions', ':subscription'];

const ofLocation = (namespace: string): Endpoint[] => {
  const at = (what: string) => [
    ...ROOT,
    'providers',
    namespace,
    'locations',
    ':location',
    what,
    ':operation',
  ];
  const results =
    namespace === 'Microsoft.Resources'
      ? 'Microsoft.Resources/subscriptions/operationresults/read'
      : `${namespace}/locations/operationResults/read`;
  return pair(
    { pattern: at('operations'), action: `${namespace}/locations/operations/read` },
    { pattern: at('operationResults'), action: results },
  );
};

/** Zones are followed elsewhere than the rest of the network. */
const ofGroup = (path: string): Endpoint[] => {
  const at = (what: string) => [
    ...ROOT,
    'resourceGroups',
    ':group',
    'providers',
    'Microsoft.Network',
    path + what,
    ':operation',
  ];
  const action = (what: string) => `Microsoft.Network/${path}${what}/read`;
  return pair(
    { pattern: at('Statuses'), action: action('Statuses') },
    { pattern: at('Results'), action: action('Results') },
  );
};

export const operationStatus: readonly Endpoint[] = [
  ...['Microsoft.Resources', 'Microsoft.Network', 'Microsoft.Compute'].flatMap(ofLocation),
  ...['dnsOperation', 'privateDnsOperation'].flatMap(ofGroup),
];
