'use client';
import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { Network } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import Link from 'next/link';
import { useState } from 'react';
import { call } from '../../../../fetch/call.ts';
import { Button } from '../../../../ui/button.tsx';
import { Notice } from '../../../../ui/notice.tsx';
import { PortEditor } from '../../../../ui/port-editor.tsx';

const same = (a: readonly AllowedPort[], b: readonly AllowedPort[]) =>
  JSON.stringify(a) === JSON.stringify(b);

export function AllowedPorts({ network, onChanged }: { network: Network; onChanged: () => Promise<void> }) {
  const [edited, setEdited] = useState<AllowedPort[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const ports = edited ?? network.allowedPorts;

  async function save() {
    setBusy(true);
    setFailure(null);
    try {
      setOperation(await call('PATCH', `/networks/${network.id}`, Operation, { allowedPorts: ports }));
      await onChanged();
      setEdited(null);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div className="space-y-4">
      <PortEditor ports={ports} onChange={setEdited} />
      {failure && <Notice tone="bad">{failure}</Notice>}
      {operation && edited === null && (
        <Notice tone="info">
          The agents are being told.{' '}
          <Link href={`/operations/${operation.id}`} className="underline underline-offset-2">
            Watch it
          </Link>
        </Notice>
      )}
      {edited !== null && !same(edited, network.allowedPorts) && (
        <div className="flex gap-2">
          <Button look="primary" busy={busy} onClick={() => void save()}>
            Save
          </Button>
          <Button look="quiet" onClick={() => setEdited(null)}>
            Undo
          </Button>
        </div>
      )}
    </div>
  );
}
