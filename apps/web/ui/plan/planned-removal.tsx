'use client';
/** A button that removes something: first its plan is shown, then it is confirmed. */
import type { PlannedChange } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import { type ReactNode, useState } from 'react';
import { call } from '../../fetch/call.ts';
import { Button } from '../button.tsx';
import { PlanDialog } from './plan-dialog.tsx';

export function PlannedRemoval({
  trigger,
  label,
  title,
  children,
  action,
  typed,
  networkId,
  change,
  path,
}: {
  trigger: ReactNode;
  /** Read out instead of the trigger, where several of them stand in one page. */
  label?: string;
  title: string;
  children: ReactNode;
  action: string;
  /** Must be typed first. */
  typed?: string;
  networkId: string;
  change: PlannedChange;
  /** What is deleted, below `/api/v1`. */
  path: string;
}) {
  const [open, setOpen] = useState(false);
  const apply = (planHash: string) => {
    const query = new URLSearchParams({ ...(typed !== undefined && { confirm: typed }), planHash });
    return call('DELETE', `${path}?${query}`, Operation);
  };
  return (
    <>
      <Button look="danger" aria-label={label} onClick={() => setOpen(true)}>
        {trigger}
      </Button>
      <PlanDialog
        title={title}
        onClose={() => setOpen(false)}
        asked={
          open
            ? { networkId, change, action, destroys: true, apply, ...(typed !== undefined && { typed }) }
            : null
        }
      >
        {children}
      </PlanDialog>
    </>
  );
}
