/** How a machine stands, as Azure's instance view says it. */
import type { View } from '../kind.ts';
import type { Resource } from '../state.ts';
import type { VirtualMachine } from './virtual-machine.ts';

const WORDS: Record<VirtualMachine['power'], string> = {
  starting: 'VM starting',
  running: 'VM running',
  stopping: 'VM stopping',
  stopped: 'VM stopped',
  deallocated: 'VM deallocated',
};

export function instanceView(it: Resource<VirtualMachine>, view: View): Record<string, unknown> {
  const status = view.machine(it.guid);
  // One whose kernel side ended by itself is stopped, whatever was asked for.
  const power =
    status?.state === 'failed' && it.properties.power === 'running' ? 'stopped' : it.properties.power;
  const agent = status?.state === 'running';
  const state = it.state.toLowerCase();
  return {
    computerName: it.properties.computerName,
    osName: 'debian',
    hyperVGeneration: 'V2',
    vmAgent: {
      vmAgentVersion: agent ? '2.12.0.4' : 'Unknown',
      statuses: [
        {
          code: agent ? 'ProvisioningState/succeeded' : 'ProvisioningState/Unavailable',
          level: agent ? 'Info' : 'Warning',
          displayStatus: agent ? 'Ready' : 'Not Ready',
        },
      ],
    },
    statuses: [
      {
        code: `ProvisioningState/${state}`,
        level: it.state === 'Failed' ? 'Error' : 'Info',
        displayStatus: it.state === 'Succeeded' ? 'Provisioning succeeded' : it.state,
        time: it.changedAt,
      },
      { code: `PowerState/${power}`, level: 'Info', displayStatus: WORDS[power] },
    ],
  };
}
