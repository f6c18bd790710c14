'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { ClusterRange, NewRange } from '@skein/contract/rest/range.ts';
import { type FormEvent, useState } from 'react';
import { CallFailure, call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { AreaField, SelectField, TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { problemsOf, type RangeText, rangeWish } from './range-wish.ts';

const NOTHING: RangeText = { name: '', cidr: '', peerId: '', replies: '', hosts: '' };

export function AddRange({
  cluster,
  peers,
  open,
  onClose,
  onAdded,
}: {
  cluster: Cluster;
  peers: readonly Peer[];
  open: boolean;
  onClose: () => void;
  onAdded: () => Promise<void>;
}) {
  const [value, setValue] = useState(NOTHING);
  const [problems, setProblems] = useState<ReturnType<typeof problemsOf>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<RangeText>) => setValue({ ...value, ...part });

  async function submit(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    const wish = rangeWish(value);
    const issues = NewRange.safeParse(wish).error?.issues ?? [];
    setProblems(problemsOf(issues.map(({ path, message }) => ({ path: path.join('.'), message }))));
    if (issues.length > 0) return;
    setBusy(true);
    try {
      await call('POST', `/clusters/${cluster.id}/ranges`, ClusterRange, wish);
      await onAdded();
      setValue(NOTHING);
      onClose();
    } catch (error) {
      const named = error instanceof CallFailure ? (error.problem?.errors ?? []) : [];
      setProblems(problemsOf(named));
      if (named.length === 0) setFailure(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  }

  return (
    <Dialog
      open={open}
      onOpenChange={(wanted) => !wanted && onClose()}
      title={`Add a range to ${cluster.name}`}
      lead="Hosts that run no agent. The network reaches them by addresses that Skein gives them."
    >
      <form onSubmit={(event) => void submit(event)} className="space-y-4" noValidate>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Name"
            value={value.name}
            problem={problems.name}
            placeholder="office"
            onChange={(event) => change({ name: event.target.value })}
          />
          <TextField
            label="Range inside"
            value={value.cidr}
            problem={problems.cidr}
            placeholder="10.0.0.0/16"
            help="Other clusters may have the same"
            onChange={(event) => change({ cidr: event.target.value })}
          />
          <SelectField
            label="Carried by"
            value={value.peerId}
            problem={problems.peerId}
            onChange={(event) => change({ peerId: event.target.value })}
          >
            <option value="">every gateway</option>
            {peers.map((peer) => (
              <option key={peer.id} value={peer.id}>
                {peer.name}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="Replies"
            value={value.replies}
            problem={problems.replies}
            help={
              HELP[value.replies === '' ? (value.peerId === '' ? 'masqueraded' : 'routed') : value.replies]
            }
            onChange={(event) => change({ replies: event.target.value as RangeText['replies'] })}
          >
            <option value="">{value.peerId === '' ? 'masqueraded' : 'routed'} (usual)</option>
            <option value="masqueraded">masqueraded</option>
            <option value="routed">routed</option>
          </SelectField>
        </div>
        <AreaField
          label="Named hosts"
          value={value.hosts}
          problem={problems.hosts}
          rows={3}
          placeholder="printer 10.0.7.9"
          help={`One a line, with its address inside. Each is NAME.${cluster.name} of the network’s zone.`}
          onChange={(event) => change({ hosts: event.target.value })}
        />
        {failure && <Notice tone="bad">{failure}</Notice>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Add the range
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const HELP = {
  masqueraded: 'Hosts answer the carrier and need know nothing',
  routed: 'Hosts route 242.0.0.0/8 to the carrier, see who asks, and may ask too',
};
