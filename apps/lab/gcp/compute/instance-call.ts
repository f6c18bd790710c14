/** What the methods of one instance share. */
import { type Effect, type Instance, lookUp } from '../state.ts';
import { notFound, notReady } from '../wire/errors.ts';
import type { Call } from '../wire/method.ts';
import { showOperation, start } from './operations.ts';
import { checkZone } from './places.ts';

export const PATH = '/compute/v1/projects/:project/zones/:zone/instances';
export const ONE = `${PATH}/:instance`;

/** The instance a path names. @throws GoogleError `notFound`. */
export function findInstance(call: Call): Instance {
  const zone = checkZone(call.projectId, call.params.zone);
  const name = call.params.instance ?? '';
  const found = lookUp(call.project.instances, `${zone}/`, name);
  if (!found) throw notFound(instancePath(call.projectId, zone, name));
  return found;
}

export const keyOf = (it: Instance) => `${it.zone}/${it.name}`;

/** Starts an operation on an instance and answers it. */
export function begin(call: Call, it: Instance, type: string, effect?: Effect) {
  const target = instancePath(call.projectId, it.zone, it.name);
  const operation = start(call, {
    scope: `zones/${it.zone}`,
    type,
    target,
    targetId: it.id,
    ...(effect ? { effect } : {}),
  });
  return showOperation(call.projectId, operation);
}

/** An instance on its way out takes no other change. */
export function checkStaying(call: Call, it: Instance): void {
  if (it.status === 'STOPPING') throw notReady(instancePath(call.projectId, it.zone, it.name));
}

export const instancePath = (projectId: string, zone: string, name: string) =>
  `projects/${projectId}/zones/${zone}/instances/${name}`;
