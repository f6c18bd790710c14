'use client';
/** “Does a packet from here get there?”, tried by the agents themselves. */
import { NewPathTest, PathTest } from '@skein/contract/rest/path-test.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { SelectField, TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono, Panel, Section } from '../../../../../ui/page.tsx';
import { Table } from '../../../../../ui/table.tsx';

const time = (milliseconds: number | null) => (milliseconds === null ? '–' : `${milliseconds.toFixed(1)} ms`);

export function PathTester({
  networkId,
  peers,
  nameOf,
}: {
  networkId: string;
  peers: readonly Peer[];
  nameOf: (peer: Peer) => string;
}) {
  const [asked, setAsked] = useState({ fromPeerId: '', toPeerId: '', port: '' });
  const [found, setFound] = useState<PathTest | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [testing, setTesting] = useState(false);
  const set = (part: Partial<typeof asked>) => setAsked({ ...asked, ...part });

  async function test(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    setFound(null);
    const wanted = NewPathTest.safeParse({
      ...asked,
      port: asked.port === '' ? undefined : Number(asked.port),
    });
    if (!wanted.success) {
      setFailure('Choose two peers, and a port from 1 to 65535 or none.');
      return;
    }
    setTesting(true);
    try {
      setFound(await call('POST', `/networks/${networkId}/path-tests`, PathTest, wanted.data));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setTesting(false);
  }

  const choices = (
    <>
      <option value="">Choose a peer</option>
      {peers.map((peer) => (
        <option key={peer.id} value={peer.id}>
          {nameOf(peer)}
        </option>
      ))}
    </>
  );
  return (
    <Section title="Test a path" lead="The agents on the way send packets now. It takes a few seconds.">
      <Panel>
        <form
          onSubmit={(event) => void test(event)}
          className="grid items-end gap-4 sm:grid-cols-[1fr_1fr_8rem_auto]"
        >
          <SelectField
            label="From"
            value={asked.fromPeerId}
            onChange={(event) => set({ fromPeerId: event.target.value })}
          >
            {choices}
          </SelectField>
          <SelectField
            label="To"
            value={asked.toPeerId}
            onChange={(event) => set({ toPeerId: event.target.value })}
          >
            {choices}
          </SelectField>
          <TextField
            label="TCP port"
            inputMode="numeric"
            value={asked.port}
            placeholder="any"
            onChange={(event) => set({ port: event.target.value })}
          />
          <Button type="submit" busy={testing}>
            Test path
          </Button>
        </form>
        <div aria-live="polite" className="mt-4 space-y-4 empty:hidden">
          {failure && <Notice tone="bad">{failure}</Notice>}
          {found && (
            <Notice tone={found.ok ? 'info' : 'bad'}>
              {found.verdict} {found.remedy}
            </Notice>
          )}
          {found && found.hops.length > 0 && (
            <Table
              caption="Hops of the path"
              rows={found.hops}
              keyOf={(hop) => `${hop.from} ${hop.to}`}
              columns={[
                { title: 'From', heads: true, cell: (hop) => hop.from },
                { title: 'To', cell: (hop) => hop.to ?? '–' },
                {
                  title: 'Endpoint',
                  cell: (hop) => (
                    <>
                      <Mono>{hop.tunnel?.endpoint ?? '–'}</Mono> {hop.tunnel?.endpointKind}
                    </>
                  ),
                },
                {
                  title: 'Loss',
                  right: true,
                  cell: (hop) => (hop.tunnel ? `${hop.tunnel.lossPercent}%` : '–'),
                },
                {
                  title: 'Round trip',
                  right: true,
                  cell: (hop) => time(hop.tunnel?.rttMilliseconds ?? null),
                },
                {
                  title: 'Handshake',
                  right: true,
                  cell: (hop) =>
                    hop.tunnel?.handshakeAgeSeconds == null
                      ? '–'
                      : `${Math.round(hop.tunnel.handshakeAgeSeconds)} s ago`,
                },
                {
                  title: 'Packets',
                  right: true,
                  cell: (hop) => (hop.tunnel ? `${hop.tunnel.mtu} bytes` : '–'),
                },
                {
                  title: 'Ping from the start',
                  right: true,
                  cell: (hop) =>
                    hop.ping ? `${time(hop.ping.rttMilliseconds)}, ${hop.ping.lossPercent}% lost` : '–',
                },
              ]}
            />
          )}
        </div>
      </Panel>
    </Section>
  );
}
