/** Which peers and which flows between clusters feel it. */
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { plural } from '../words.ts';
import { ActionSign } from './action.tsx';
import { PlanPart, PlanRow, PlanRows } from './part.tsx';

type BlastRadius = NetworkPlan['blastRadius'];

const PEER = {
  added: ['create', 'joins'],
  removed: ['destroy', 'leaves'],
  'new-map': ['change', 'gets a new map'],
} as const;
const FLOW = {
  opened: ['create', 'begins'],
  cut: ['destroy', 'ends'],
  rerouted: ['change', 'takes another way'],
} as const;

export function PlannedBlastRadius({ blastRadius: { peers, flows } }: { blastRadius: BlastRadius }) {
  if (peers.length + flows.length === 0) return null;
  return (
    <PlanPart
      title="Who feels it"
      open={flows.some((one) => one.effect !== 'opened') || peers.some((one) => one.effect === 'removed')}
      about={`${plural(peers.length, 'peer')}, ${plural(flows.length, 'flow')} between clusters`}
    >
      <PlanRows>
        {flows.map((one) => {
          const [action, words] = FLOW[one.effect];
          return (
            <PlanRow key={`${one.from} ${one.to} ${one.effect}`}>
              <ActionSign action={action} />
              <span className="min-w-0 [overflow-wrap:anywhere]">
                Traffic between <b className="font-medium">{one.from}</b> and{' '}
                <b className="font-medium">{one.to}</b> {words}
              </span>
            </PlanRow>
          );
        })}
        {peers.map((one) => {
          const [action, words] = PEER[one.effect];
          return (
            <PlanRow key={`${one.cluster} ${one.name} ${one.effect}`}>
              <ActionSign action={action} />
              <span className="min-w-0 [overflow-wrap:anywhere]">
                <b className="font-medium">
                  {one.name} of {one.cluster}
                </b>{' '}
                {words}
              </span>
            </PlanRow>
          );
        })}
      </PlanRows>
    </PlanPart>
  );
}
