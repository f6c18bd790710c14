'use client';
/** What a peer does for others: gateway of its cluster, relay for pairs that find no way of their own. */
import { Port } from '@skein/contract/primitive.ts';
import { Peer } from '@skein/contract/rest/peer.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { SelectField, TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';

type Work = Pick<Peer, 'role' | 'relays' | 'relayTlsPort'>;

const wordsOf = ({ role, relays }: Work) =>
  `${role === 'gateway' ? 'Gateway' : 'Member'}${relays ? ', relay' : ''}`;

/** @param of whose work it is, in words. */
export function WorkField({ peer, of }: { peer: Peer; of: string }) {
  // What was saved here holds until the page has read something newer.
  const [changed, setChanged] = useState<{ over: string; work: Work } | null>(null);
  const work: Work = changed?.over === wordsOf(peer) ? changed.work : peer;
  const [wish, setWish] = useState<(Omit<Work, 'relayTlsPort'> & { tlsPort: string }) | null>(null);
  const [portProblem, setPortProblem] = useState<string | undefined>();
  const [problem, setProblem] = useState<string | null>(null);
  const [saving, setSaving] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    if (!wish) return;
    const tlsPort = Port.safeParse(Number(wish.tlsPort));
    if (wish.relays && !tlsPort.success) {
      setPortProblem('must be a port from 1 to 65535');
      return;
    }
    setPortProblem(undefined);
    setSaving(true);
    setProblem(null);
    let now = work;
    try {
      if (wish.role !== now.role)
        now = await call('PUT', `/peers/${peer.id}/role`, Peer, { role: wish.role });
      const other = wish.relays && tlsPort.data !== now.relayTlsPort;
      if (wish.relays !== now.relays || other)
        now = await call('PUT', `/peers/${peer.id}/relay`, Peer, {
          relays: wish.relays,
          ...(other && { tlsPort: tlsPort.data }),
        });
      setWish(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    // The first of the two may have been done.
    setChanged({ over: wordsOf(peer), work: now });
    setSaving(false);
  }

  if (peer.state === 'removed') return wordsOf(peer);
  return (
    <>
      <button
        type="button"
        aria-label={`${of} works as ${wordsOf(work)}. Change it`}
        className="inline-flex min-h-6 items-center text-left hover:underline"
        onClick={() => {
          setProblem(null);
          setPortProblem(undefined);
          setWish({ role: work.role, relays: work.relays, tlsPort: `${work.relayTlsPort}` });
        }}
      >
        {wordsOf(work)}
      </button>
      <Dialog
        open={wish !== null}
        onOpenChange={(open) => !open && setWish(null)}
        title={`What ${of} does for others`}
        lead="Maps and security groups follow by themselves."
      >
        {wish && (
          <form onSubmit={(event) => void save(event)} className="space-y-4">
            <SelectField
              label="In its cluster"
              value={wish.role}
              disabled={peer.managed}
              help={
                peer.managed
                  ? 'Skein made this node as it is: begin a cluster with as many gateways as it should have.'
                  : 'Up to four gateways of a cluster share its traffic to others, and stand in for each other.'
              }
              onChange={(event) =>
                setWish({ ...wish, role: event.target.value === 'gateway' ? 'gateway' : 'member' })
              }
            >
              <option value="member">Member</option>
              <option value="gateway">Gateway</option>
            </SelectField>
            <SelectField
              label="For pairs without a way of their own"
              value={wish.relays ? 'yes' : 'no'}
              help="A relay needs a public address. It passes on sealed packets that it cannot read."
              onChange={(event) => setWish({ ...wish, relays: event.target.value === 'yes' })}
            >
              <option value="no">Does nothing</option>
              <option value="yes">Relays</option>
            </SelectField>
            {wish.relays && (
              <TextField
                label="TCP port for peers without UDP"
                inputMode="numeric"
                value={wish.tlsPort}
                problem={portProblem}
                help="They come by TLS. Take another than 443 where something else on the node has that."
                onChange={(event) => setWish({ ...wish, tlsPort: event.target.value })}
              />
            )}
            {problem && <Notice tone="bad">{problem}</Notice>}
            <Button type="submit" look="primary" busy={saving}>
              Save
            </Button>
          </form>
        )}
      </Dialog>
    </>
  );
}
