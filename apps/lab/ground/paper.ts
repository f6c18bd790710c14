/** A ground of paper: machines run at once and send nothing. For tests of the front ends, which need no root. */
import {
  EMPTY_GROUND as EMPTY,
  type Ground,
  type Machine,
  type MachineStatus,
  type Realiser,
} from './ground.ts';

export interface PaperRealiser extends Realiser {
  /** The ground given last. */
  ground(): Ground;
  /** Says that a machine stands otherwise than running, as a kernel might. */
  set(machineId: string, status: Partial<Omit<MachineStatus, 'id'>>): void;
}

export function paperRealiser(): PaperRealiser {
  let present: Ground = EMPTY;
  const said = new Map<string, Partial<MachineStatus>>();
  const find = (id: string): Machine | undefined => present.machines.find((machine) => machine.id === id);
  return {
    async realise(ground) {
      present = ground;
    },
    status(id) {
      const machine = find(id);
      if (!machine) return undefined;
      return {
        id,
        state: 'running',
        console: machine.userData ? 'paper: user data not run\n' : '',
        userDataExit: null,
        ...said.get(id),
      };
    },
    async run(id, command) {
      if (!find(id)) throw new Error(`no machine ${id}`);
      return { exit: 127, stdout: '', stderr: `paper: cannot run ${command[0]}\n` };
    },
    async close() {
      present = EMPTY;
    },
    ground: () => present,
    set(id, status) {
      said.set(id, { ...said.get(id), ...status });
    },
  };
}
