/** What each name answers in each hosted zone, before and after. */
import type { PlannedRecord } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { Mono } from '../page.tsx';
import { plural } from '../words.ts';
import { ActionCounts, ActionSign } from './action.tsx';
import { PlanPart, PlanRow, PlanRows } from './part.tsx';
import { Source } from './rules.tsx';

type Record = z.infer<typeof PlannedRecord>;

export function PlannedRecords({ records }: { records: readonly Record[] }) {
  const moved = records.filter((one) => one.action !== 'keep');
  const zones = [...new Set(moved.map((one) => one.zone))];
  if (moved.length === 0) return null;
  return (
    <PlanPart title="DNS names" about={<ActionCounts items={records} />} open={false}>
      {zones.map((zone) => (
        <div key={zone} className="border-t border-line first:border-t-0">
          <h3 className="px-5 pt-3 pb-1 text-sm text-faint">
            {zone === 'public' ? 'Public zone' : `Inside ${zone}`}
          </h3>
          <PlanRows>
            {moved
              .filter((one) => one.zone === zone)
              .map((one) => (
                <PlanRow key={one.name}>
                  <ActionSign action={one.action} />
                  <span className="min-w-0 [overflow-wrap:anywhere]">
                    <Mono>{one.name}</Mono>
                    <span className="block text-quiet">
                      <Answers record={one} />
                    </span>
                  </span>
                </PlanRow>
              ))}
          </PlanRows>
        </div>
      ))}
      {moved.length < records.length && (
        <p className="border-t border-line px-5 py-2 text-sm text-faint">
          {plural(records.length - moved.length, 'name')} kept
        </p>
      )}
    </PlanPart>
  );
}

function Answers({ record: { action, before, after } }: { record: Record }) {
  return (
    <>
      {action !== 'create' && <Addresses list={before} />}
      {action === 'change' && ' → '}
      {action === 'destroy' ? ' no longer' : <Addresses list={after} />}
    </>
  );
}

function Addresses({ list }: { list: readonly string[] }) {
  return list.map((address, at) => (
    <span key={address}>
      {at > 0 && ', '}
      <Source text={address} />
    </span>
  ));
}
