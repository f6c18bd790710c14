/** Machines of all clouds in one list, as the control API shows them. */
import { openAwsState } from '../aws/state.ts';
import type { Ground, MachineStatus, Realiser } from '../ground/ground.ts';
import type { Lab } from '../store/lab.ts';

export interface MachineView {
  id: string;
  /** The AWS `Name` tag; a GCP instance's own name. */
  name: string;
  cloud: 'aws' | 'gcp' | 'azure';
  state: MachineStatus['state'];
  privateAddress: string;
  publicAddress: string | null;
  /** The last 4,000 characters. */
  console: string;
  userDataExit: number | null;
}

const CONSOLE_CHARACTERS = 4000;

export function listMachines(lab: Lab, realiser: Realiser, ground: Ground): MachineView[] {
  const clouds = new Map(ground.realms.map((realm) => [realm.id, realm.cloud]));
  const names = new Map<string, string | undefined>();
  for (const state of Object.values(openAwsState(lab.store).ec2.read().regions))
    for (const instance of Object.values(state.instances)) names.set(instance.id, instance.tags.Name);
  return ground.machines.map((machine) => {
    const status = realiser.status(machine.id);
    return {
      id: machine.id,
      name: names.get(machine.id) ?? machine.hostname,
      cloud: clouds.get(machine.realmId) ?? 'aws',
      state: status?.state ?? 'pending',
      privateAddress: machine.privateAddress,
      publicAddress: machine.publicAddress,
      console: status?.console.slice(-CONSOLE_CHARACTERS) ?? '',
      userDataExit: status?.userDataExit ?? null,
    };
  });
}
