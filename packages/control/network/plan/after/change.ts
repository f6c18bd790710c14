import type { PlannedStep } from '../../../operation/steps/planned.ts';
import type { Operation } from '../../../operation/view.ts';
import type { Shape } from '../shape.ts';
import { Unknowns } from '../unknowns.ts';

/** What a wanted change comes to: the network as it will be, and the operation that makes it so. */
export interface Change {
  kind: Operation['kind'];
  title: string;
  after: Shape;
  steps: PlannedStep[];
  /** Stand-ins in `after` for addresses that are not given out yet. */
  unknowns: Unknowns;
}

/** A change that gives out no address. */
export function known(change: Omit<Change, 'unknowns'>): Change {
  return { ...change, unknowns: new Unknowns() };
}
