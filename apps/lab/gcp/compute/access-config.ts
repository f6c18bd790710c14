/** Access configs: the 1:1 NAT by which an instance has a public address. */
import { regionOf } from '../catalog.ts';
import { type Instance, type Operation, sorted } from '../state.ts';
import { GoogleError, invalid } from '../wire/errors.ts';
import { type Call, type Method, method } from '../wire/method.ts';
import type { Value } from '../wire/shape.ts';
import { nextPublicAddress, userOfAddress } from './addresses.ts';
import { begin, checkStaying, findInstance, instancePath, PATH } from './instance-call.ts';
import { ACCESS_CONFIG } from './instance-shape.ts';
import { showOperation, start } from './operations.ts';

export type External =
  | { ok: true; external: Instance['external'] }
  /** Google takes such calls and says why not in the operation. */
  | { ok: false; error: NonNullable<Operation['error']> };

export const addressInUse = (message: string): NonNullable<Operation['error']> => ({
  code: 'IP_IN_USE_BY_ANOTHER_RESOURCE',
  message,
  httpStatus: 409,
  httpMessage: 'CONFLICT',
});

/** The public address that access configs ask for: a reserved one of the region, or a passing one. */
export function externalOf(
  call: Pick<Call, 'state' | 'project'>,
  configs: readonly Value<typeof ACCESS_CONFIG>[],
  region: string,
  field: string,
): External {
  const config = configs[0];
  if (!config) return { ok: true, external: null };
  if (configs.length > 1) throw invalid(field, '', 'At most one access config currently supported.');
  if (config.type && config.type !== 'ONE_TO_ONE_NAT')
    throw invalid(`${field}[0].type`, config.type, 'Must be ONE_TO_ONE_NAT.');
  const shared = { name: config.name || 'External NAT', networkTier: config.networkTier || 'PREMIUM' };
  if (!config.natIP)
    return { ok: true, external: { ...shared, natIP: nextPublicAddress(call.state), reserved: false } };
  const address = sorted(call.project.addresses).find(
    (each) => each.address === config.natIP && each.region === region,
  );
  if (!address)
    throw invalid(
      `${field}[0].natIP`,
      config.natIP,
      `The specified external IP address '${config.natIP}' was not found in region '${region}'.`,
    );
  if (userOfAddress(call.project, config.natIP))
    return { ok: false, error: addressInUse(`External IP address: ${config.natIP} is already in-use.`) };
  return { ok: true, external: { ...shared, natIP: config.natIP, reserved: true } };
}

function checkInterface(call: Call): void {
  const name = call.query.get('networkInterface') ?? '';
  if (name !== 'nic0') throw invalid('networkInterface', name, 'The instance has no such network interface.');
}

export const accessConfigs: readonly Method[] = [
  method({
    id: 'compute.instances.addAccessConfig',
    http: 'POST',
    path: `${PATH}/:instance/addAccessConfig`,
    permission: 'compute.instances.addAccessConfig',
    query: ['requestId', 'networkInterface'],
    body: ACCESS_CONFIG,
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      checkInterface(call);
      if (found.external)
        throw new GoogleError(400, 'invalid', 'At most one access config currently supported.');
      const made = externalOf(call, [call.body], regionOf(found.zone), 'resource');
      if (!made.ok) {
        const target = instancePath(call.projectId, found.zone, found.name);
        const work = { scope: `zones/${found.zone}`, type: 'addAccessConfig', target, targetId: found.id };
        return showOperation(call.projectId, start(call, { ...work, error: made.error }));
      }
      found.external = made.external;
      return begin(call, found, 'addAccessConfig');
    },
  }),
  method({
    id: 'compute.instances.deleteAccessConfig',
    http: 'POST',
    path: `${PATH}/:instance/deleteAccessConfig`,
    permission: 'compute.instances.deleteAccessConfig',
    query: ['requestId', 'networkInterface', 'accessConfig'],
    changes: true,
    handle(call) {
      const found = findInstance(call);
      checkStaying(call, found);
      checkInterface(call);
      const name = call.query.get('accessConfig') ?? '';
      if (found.external?.name !== name)
        throw invalid('accessConfig', name, 'The instance has no such access config.');
      found.external = null;
      return begin(call, found, 'deleteAccessConfig');
    },
  }),
];
