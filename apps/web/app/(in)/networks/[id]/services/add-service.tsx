'use client';
import { HostService, NewService } from '@skein/contract/rest/service.ts';
import { type FormEvent, useState } from 'react';
import { CallFailure, call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { SelectField, TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { problemsOf, type ServiceText, serviceWish } from './service-wish.ts';

const NOTHING: ServiceText = { namespace: '', name: '', ports: '', labels: '', check: 'tcp', path: '' };

export function AddService({
  networkId,
  open,
  onClose,
  onAdded,
}: {
  networkId: string;
  open: boolean;
  onClose: () => void;
  onAdded: () => Promise<void>;
}) {
  const [value, setValue] = useState(NOTHING);
  const [problems, setProblems] = useState<ReturnType<typeof problemsOf>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<ServiceText>) => setValue({ ...value, ...part });

  async function submit(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    const wish = serviceWish(value);
    const issues = NewService.safeParse(wish).error?.issues ?? [];
    setProblems(problemsOf(issues.map(({ path, message }) => ({ path: path.join('.'), message }))));
    if (issues.length > 0) return;
    setBusy(true);
    try {
      await call('POST', `/networks/${networkId}/services`, HostService, wish);
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
      title="Export a service of plain hosts"
      lead="All peers with the labels serve it. Kubernetes clusters that have the namespace import it."
    >
      <form onSubmit={(event) => void submit(event)} className="space-y-4" noValidate>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Namespace"
            value={value.namespace}
            problem={problems.namespace}
            placeholder="shop"
            onChange={(event) => change({ namespace: event.target.value })}
          />
          <TextField
            label="Name"
            value={value.name}
            problem={problems.name}
            placeholder="search"
            onChange={(event) => change({ name: event.target.value })}
          />
          <TextField
            label="Ports"
            value={value.ports}
            problem={problems.ports}
            placeholder="80:8080"
            help="Asked for, and listened at; with several http=80:8080, dns=53/udp"
            onChange={(event) => change({ ports: event.target.value })}
          />
          <TextField
            label="Labels of the hosts"
            value={value.labels}
            problem={problems.labels}
            placeholder="tier=search"
            onChange={(event) => change({ labels: event.target.value })}
          />
          <SelectField
            label="Check"
            value={value.check}
            problem={problems.check}
            help="Each host’s own agent looks every second"
            onChange={(event) => change({ check: event.target.value as ServiceText['check'] })}
          >
            <option value="tcp">its port opens</option>
            <option value="http">HTTP answers</option>
            <option value="">none</option>
          </SelectField>
          {value.check === 'http' && (
            <TextField
              label="Path"
              value={value.path}
              problem={problems.path}
              placeholder="/"
              onChange={(event) => change({ path: event.target.value })}
            />
          )}
        </div>
        {failure && <Notice tone="bad">{failure}</Notice>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Export the service
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
