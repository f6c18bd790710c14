/** What each cloud's front end is given to work with. */
import type { Faults } from '../fault/faults.ts';
import type { MachineStatus } from '../ground/ground.ts';
import type { Accounts } from './accounts.ts';
import type { RequestLog } from './requests.ts';
import type { Store } from './store.ts';

export interface Lab {
  store: Store;
  requests: RequestLog;
  accounts: Accounts;
  now(): Date;
  /** What each call has to pass on its way. */
  faults: Faults;
  /** How a machine stands in the kernel; undefined before the realiser has heard of it and after its end. */
  machine(id: string): MachineStatus | undefined;
  /** The front end's own address as its callers see it, without a slash at the end; known once it listens. */
  urls: { aws: string; gcp: string; azure: string };
}
