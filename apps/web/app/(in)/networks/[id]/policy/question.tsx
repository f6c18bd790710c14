'use client';
/** “Who reaches the database on 5432?”, by the policy as it stands in the editor. */
import {
  type Policy,
  PolicyAnswer,
  type PolicyDecision,
  PolicyQuestion,
} from '@skein/contract/rest/policy.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { SelectField, TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Panel, Section } from '../../../../../ui/page.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { plural } from '../../../../../ui/words.ts';

const PROTOCOLS = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['icmp', 'Ping'],
] as const;

export function Question({ networkId, policy }: { networkId: string; policy: Policy | null }) {
  const [asked, setAsked] = useState({ from: 'any', to: '', protocol: 'tcp', port: '' });
  const [answer, setAnswer] = useState<PolicyAnswer | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const set = (part: Partial<typeof asked>) => setAsked({ ...asked, ...part });

  async function ask(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    setAnswer(null);
    const question = PolicyQuestion.safeParse({
      ...asked,
      port: asked.protocol === 'icmp' ? undefined : Number(asked.port),
      policy: policy ?? undefined,
    });
    if (!question.success) {
      setFailure(question.error.issues.map((one) => `${one.path.join(' ')}: ${one.message}`).join('. '));
      return;
    }
    setAsking(true);
    try {
      setAnswer(await call('POST', `/networks/${networkId}/policy/ask`, PolicyAnswer, question.data));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setAsking(false);
  }

  const allowed = answer?.pairs.filter((pair) => pair.decision.verdict === 'allow').length ?? 0;
  return (
    <Section title="Who reaches whom" lead="Asked of the policy as it stands above, saved or not.">
      <Panel>
        <form
          onSubmit={(event) => void ask(event)}
          className="grid items-end gap-4 sm:grid-cols-[1fr_1fr_8rem_7rem_auto]"
        >
          <TextField
            label="From"
            value={asked.from}
            onChange={(event) => set({ from: event.target.value })}
          />
          <TextField
            label="To"
            value={asked.to}
            placeholder="peer:db-1.prod"
            onChange={(event) => set({ to: event.target.value })}
          />
          <SelectField
            label="Protocol"
            value={asked.protocol}
            onChange={(event) => set({ protocol: event.target.value })}
          >
            {PROTOCOLS.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Port"
            inputMode="numeric"
            value={asked.protocol === 'icmp' ? '' : asked.port}
            disabled={asked.protocol === 'icmp'}
            placeholder="5432"
            onChange={(event) => set({ port: event.target.value })}
          />
          <Button type="submit" busy={asking}>
            Ask
          </Button>
        </form>
        <div aria-live="polite" className="mt-4 space-y-4 empty:hidden">
          {failure && <Notice tone="bad">{failure}</Notice>}
          {answer && (
            <p className="text-sm text-quiet">
              {plural(allowed, 'pair')} of {answer.pairs.length} allowed
              {answer.more && '; there are more pairs than can be told here'}.
            </p>
          )}
          {answer && answer.pairs.length > 0 && (
            <Table
              caption="Pairs of peers and what decides"
              rows={answer.pairs}
              keyOf={(pair) => `${pair.from} ${pair.to}`}
              columns={[
                { title: 'From', heads: true, cell: (pair) => pair.from },
                { title: 'To', cell: (pair) => pair.to },
                {
                  title: 'Verdict',
                  cell: ({ decision }) => (
                    <span className={decision.verdict === 'allow' ? 'text-good' : 'text-bad'}>
                      {decision.verdict === 'allow' ? 'Allowed' : 'Denied'}
                    </span>
                  ),
                },
                { title: 'By', cell: ({ decision }) => byWords(decision) },
              ]}
            />
          )}
        </div>
      </Panel>
    </Section>
  );
}

function byWords({ by }: PolicyDecision): string {
  switch (by.kind) {
    case 'rule':
      return `Rule ${by.index + 1}${by.name === null ? '' : `, ${by.name}`}`;
    case 'within-cluster':
      return 'The default within a cluster';
    case 'default':
      return 'The default';
    case 'own-service':
      return `Skein’s own ${by.service}`;
  }
}
