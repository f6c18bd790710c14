/** What the edited policy would come to: its tests one by one, flows opened and cut, names that nobody bears. */
import type { PolicyFlow, PolicyTrial } from '@skein/contract/rest/policy.ts';
import { CircleCheck, CircleX } from 'lucide-react';
import { Notice } from '../../../../../ui/notice.tsx';
import { Panel } from '../../../../../ui/page.tsx';

export function Trial({
  trial,
  current,
  dirty,
}: {
  trial: PolicyTrial | null;
  /** The trial is of the very text that is shown. */
  current: boolean;
  dirty: boolean;
}) {
  if (!trial) return <Panel className="self-start text-sm text-quiet">Trying it out.</Panel>;
  const failed = trial.tests.filter((test) => !test.passed).length;
  const summary =
    trial.tests.length === 0
      ? 'No test stands beside this policy.'
      : failed === 0
        ? `All ${trial.tests.length} tests hold.`
        : `${failed} of ${trial.tests.length} tests fail: it cannot be saved.`;
  return (
    <Panel className={`space-y-5 self-start text-sm ${current ? '' : 'opacity-60'}`}>
      <section aria-label="Tests">
        <h3 className="text-base font-semibold">Tests</h3>
        <p role="status" className={`mt-1 ${failed > 0 ? 'text-bad' : 'text-quiet'}`}>
          {summary}
        </p>
        <ul className="mt-2 space-y-1.5">
          {trial.tests.map((test) => {
            const Icon = test.passed ? CircleCheck : CircleX;
            return (
              <li key={test.index} className="flex gap-2">
                <Icon
                  size={16}
                  role="img"
                  aria-label={test.passed ? 'Holds' : 'Fails'}
                  className={`mt-0.5 shrink-0 ${test.passed ? 'text-good' : 'text-bad'}`}
                />
                <span className="min-w-0 [overflow-wrap:anywhere]">
                  {test.index + 1}. {test.message}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
      <section aria-label="Flows">
        <h3 className="text-base font-semibold">What it changes</h3>
        {trial.flows.length === 0 && !trial.more && (
          <p className="mt-1 text-quiet">
            {dirty ? 'No flow between peers that have joined.' : 'This is what holds now.'}
          </p>
        )}
        <ul className="mt-2 space-y-1.5">
          {trial.flows.map((flow) => (
            <li key={JSON.stringify(flow)} className="[overflow-wrap:anywhere]">
              <span className={`font-medium ${flow.effect === 'opened' ? 'text-good' : 'text-bad'}`}>
                {flow.effect === 'opened' ? 'Opens' : 'Cuts'}
              </span>{' '}
              {whatOf(flow)} from {flow.from} to {flow.to}
            </li>
          ))}
        </ul>
        {trial.more && <p className="mt-2 text-quiet">And more than can be told here.</p>}
      </section>
      {trial.warnings.length > 0 && (
        <Notice tone="warn">
          <ul className="space-y-1">
            {trial.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Notice>
      )}
    </Panel>
  );
}

function whatOf({ protocol, ports }: PolicyFlow): string {
  if (protocol === 'any') return 'everything';
  if (protocol === 'icmp') return 'ping';
  return ports === '' ? `all ${protocol.toUpperCase()}` : `${protocol.toUpperCase()} ${ports}`;
}
