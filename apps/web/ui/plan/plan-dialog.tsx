'use client';
/** Shows the plan of a change and makes exactly that, when a person says so. What destroys wants its name typed. */
import { NetworkPlan, type PlannedChange } from '@skein/contract/rest/network.ts';
import type { Operation } from '@skein/contract/rest/operation.ts';
import { LoaderCircle } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { CallFailure, call } from '../../fetch/call.ts';
import { Button } from '../button.tsx';
import { Dialog } from '../dialog.tsx';
import { TextField } from '../field.tsx';
import { Notice } from '../notice.tsx';
import { PlanView } from './plan-view.tsx';

interface Asked {
  networkId: string;
  change: PlannedChange;
  /** What the button says. */
  action: string;
  /** Must be typed first, where something is destroyed that cannot be brought back. */
  typed?: string;
  /** Looks like what it is. */
  destroys?: boolean;
  /** Makes the change; refuses where the plan is no longer the one with this hash. */
  apply: (planHash: string) => Promise<Operation>;
}

/** @param asked null while there is nothing to plan. */
export function PlanDialog({
  asked,
  title,
  children,
  onClose,
}: {
  asked: Asked | null;
  title: string;
  /** Said above the plan. */
  children?: ReactNode;
  onClose: () => void;
}) {
  return (
    <Dialog
      open={asked !== null}
      onOpenChange={(open) => !open && onClose()}
      title={title}
      lead="Nothing is done yet. Exactly this is, when you say so."
      wide
    >
      {asked && (
        <div className="space-y-4">
          {children && <div className="text-quiet">{children}</div>}
          <PlanAndConfirm {...asked} onClose={onClose} />
        </div>
      )}
    </Dialog>
  );
}

function PlanAndConfirm({
  networkId,
  change,
  action,
  typed,
  destroys = false,
  apply,
  onClose,
}: Asked & { onClose: () => void }) {
  const router = useRouter();
  const [plan, setPlan] = useState<NetworkPlan | null>(null);
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [looking, setLooking] = useState(true);
  const wish = JSON.stringify(change);

  const look = useCallback(async () => {
    setPlan(null);
    setLooking(true);
    try {
      setPlan(await call('POST', `/networks/${networkId}/plan`, NetworkPlan, JSON.parse(wish)));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setLooking(false);
  }, [networkId, wish]);
  useEffect(() => {
    void look();
  }, [look]);

  async function run() {
    if (!plan) return;
    setBusy(true);
    setFailure(null);
    try {
      const operation = await apply(plan.hash);
      router.push(`/operations/${operation.id}`);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
      // What was confirmed is not what would be done: the new plan has to be looked at.
      if (error instanceof CallFailure && error.problem?.code === 'plan-changed') await look();
    }
  }

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {failure && <Notice tone="bad">{failure}</Notice>}
      {plan && <PlanView plan={plan} />}
      {looking && (
        <p role="status" className="flex items-center gap-2 text-quiet">
          <LoaderCircle size={16} className="turning" aria-hidden /> Planning, and asking the clouds for their
          limits
        </p>
      )}
      {typed !== undefined && (
        <TextField
          label={`Type “${typed}” to confirm`}
          value={text}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{destroys ? 'Keep' : 'Back'}</Button>
        {!plan && !looking && (
          <Button
            onClick={() => {
              setFailure(null);
              void look();
            }}
          >
            Plan again
          </Button>
        )}
        <Button
          type="submit"
          look={destroys ? 'danger' : 'primary'}
          busy={busy}
          disabled={plan === null || (typed !== undefined && text !== typed)}
        >
          {action}
        </Button>
      </div>
    </form>
  );
}
