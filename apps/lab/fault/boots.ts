/** Machines that are asked for but boot later: the ground does not have them before their time. */
import type { Ground } from '../ground/ground.ts';
import type { Store } from '../store/store.ts';

export interface Boots {
  /** A machine boots so many seconds from now. */
  delay(machineId: string, seconds: number): void;
  /** The ground without machines whose time has not come. */
  without(ground: Ground): Ground;
  close(): void;
}

/** @param due called when a machine's time has come */
export function openBoots(store: Store, now: () => Date, due: () => void): Boots {
  // Milliseconds since the epoch by machine. Kept, so that a lab that starts again boots nothing early.
  const section = store.section<Record<string, number>>('boots', () => ({}));
  const timers = new Set<NodeJS.Timeout>();
  const schedule = (at: number) => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        // A timer follows another clock than the state's, and may be early.
        if (now().getTime() < at) schedule(at);
        else due();
      },
      Math.max(1, at - now().getTime()),
    );
    timers.add(timer);
  };
  for (const at of Object.values(section.read())) if (at > now().getTime()) schedule(at);
  return {
    delay(machineId, seconds) {
      const at = now().getTime() + seconds * 1000;
      section.change((boots) => {
        for (const [id, time] of Object.entries(boots)) if (time <= now().getTime()) delete boots[id];
        boots[machineId] = at;
      });
      schedule(at);
    },
    without(ground) {
      const boots = section.read();
      const waits = (id: string) => (boots[id] ?? 0) > now().getTime();
      return { ...ground, machines: ground.machines.filter((machine) => !waits(machine.id)) };
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
