/** Switching machines on and off, and their instance view. */
import { API_VERSIONS } from '../catalog.ts';
import { checkFree, retryAfter } from '../operation.ts';
import { type Call, type Endpoint, endpoint } from '../pipeline.ts';
import { asyncHeader, begin, bootWith, locationHeader, need, statusUrl, viewOf } from '../resource.ts';
import type { Effect, Resource } from '../state.ts';
import { MACHINE } from '../type.ts';
import { instanceView } from './instance-view.ts';
import { machineKind, type VirtualMachine } from './virtual-machine.ts';

const ONE = [
  'subscriptions',
  ':subscription',
  'resourceGroups',
  ':group',
  'providers',
  ...MACHINE.split('/'),
  ':n0',
];

const action = (name: string, change: (it: Resource<VirtualMachine>) => Effect): Endpoint =>
  endpoint({
    method: 'POST',
    pattern: [...ONE, name],
    action: `${MACHINE}/${name}/action`,
    apiVersions: API_VERSIONS.compute,
    changes: true,
    handle(call: Call) {
      const it = need<VirtualMachine>(machineKind, call);
      checkFree(call.subscription, [it.id], (other) => statusUrl(call, other));
      const effect = change(it);
      it.state = 'Updating';
      const operation = begin(machineKind, call, [it.id], effect);
      if (effect.kind === 'machine-up') bootWith(operation, it.guid, call);
      return {
        status: 202,
        headers: {
          ...asyncHeader(call, operation),
          ...locationHeader(call, operation),
          ...retryAfter(operation, call.now),
        },
      };
    },
  });

const off = (it: Resource<VirtualMachine>, power: 'stopped' | 'deallocated'): Effect => {
  it.properties.power = 'stopping';
  return { kind: 'machine-down', id: it.id, power };
};

export const power: readonly Endpoint[] = [
  action('start', (it) => {
    if (it.properties.power !== 'running') it.properties.power = 'starting';
    return { kind: 'machine-up', id: it.id };
  }),
  action('powerOff', (it) => off(it, 'stopped')),
  action('deallocate', (it) => off(it, 'deallocated')),
  endpoint({
    method: 'GET',
    pattern: [...ONE, 'instanceView'],
    action: `${MACHINE}/instanceView/read`,
    apiVersions: API_VERSIONS.compute,
    changes: false,
    handle: (call) => ({
      status: 200,
      body: instanceView(need<VirtualMachine>(machineKind, call), viewOf(call)),
    }),
  }),
];
