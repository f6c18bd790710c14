/** How an instance stands, from what was asked of it and what the ground says. */
import type { MachineStatus } from '../../ground/ground.ts';
import type { Instance, RegionState } from './state.ts';

/** AWS shows a terminated instance for about an hour; a lab's day is shorter. */
export const TERMINATED_VISIBLE_SECONDS = 600;
/** A machine that does not end is not waited for longer than this. */
const SHUTTING_DOWN_SECONDS = 30;

export type InstanceState = {
  name: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  code: number;
};
const PENDING: InstanceState = { name: 'pending', code: 0 };
const RUNNING: InstanceState = { name: 'running', code: 16 };
const SHUTTING_DOWN: InstanceState = { name: 'shutting-down', code: 32 };
const STOPPING: InstanceState = { name: 'stopping', code: 64 };
const STOPPED: InstanceState = { name: 'stopped', code: 80 };
const TERMINATED: InstanceState = { name: 'terminated', code: 48 };

interface Moment {
  now: Date;
  machine: (id: string) => MachineStatus | undefined;
}

/** A launch that failed in the ground ends as AWS's own: terminated, with a reason. */
export function stateOf({ now, machine }: Moment, instance: Instance): InstanceState {
  const status = machine(instance.id);
  const ending = (since: string) =>
    status && now.getTime() - Date.parse(since) < SHUTTING_DOWN_SECONDS * 1000;
  if (instance.terminatedAt) return ending(instance.terminatedAt) ? SHUTTING_DOWN : TERMINATED;
  if (instance.stoppedAt) return ending(instance.stoppedAt) ? STOPPING : STOPPED;
  if (status?.state === 'failed') return TERMINATED;
  return status?.state === 'running' ? RUNNING : PENDING;
}

/** Whether its network interface still exists, and with it its hold on subnet, groups and addresses. */
export const holdsInterface = (moment: Moment, instance: Instance) =>
  stateOf(moment, instance).name !== 'terminated';

export const isVisible = (now: Date, instance: Instance) =>
  !instance.terminatedAt ||
  now.getTime() - Date.parse(instance.terminatedAt) < TERMINATED_VISIBLE_SECONDS * 1000;

/** Its Elastic IP address, else its passing one. */
export function publicIpOf(state: RegionState, instance: Instance): string | null {
  const elastic = Object.values(state.addresses).find((each) => each.association?.instanceId === instance.id);
  return elastic?.publicIp ?? instance.publicIp;
}
