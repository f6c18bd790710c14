'use client';
import type { LogLine, Step } from '@skein/contract/rest/operation.ts';
import { ChevronRight, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../../../ui/button.tsx';
import { StatusIcon } from '../../../../ui/status.tsx';
import { Duration } from '../../../../ui/time.tsx';
import { plural } from '../../../../ui/words.ts';

const TONES = { info: 'text-quiet', warning: 'text-warn', error: 'text-bad' };

export function StepRow({
  step,
  lines,
  busy,
  onRetry,
}: {
  step: Step;
  lines: readonly LogLine[];
  busy: boolean;
  onRetry: () => void;
}) {
  // Failed steps show their log unless folded; the others once asked.
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? step.state === 'failed';
  const newest = lines.at(-1);
  return (
    <li data-step={step.key} data-step-state={step.state} className="px-4 py-3">
      <div className="flex items-start gap-3">
        <span className="mt-0.5">
          <StatusIcon state={step.state} />
        </span>
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-baseline gap-x-3">
            <span className={step.state === 'waiting' ? 'text-quiet' : 'font-medium'}>{step.title}</span>
            {step.attempt > 1 && (
              <span className="text-sm text-warn">
                attempt {step.attempt} of {step.maxAttempts}
              </span>
            )}
          </div>
          {step.state === 'running' && (step.waitingFor || newest) && (
            <p className="mt-0.5 text-sm text-quiet">
              {step.waitingFor ? `Waiting for ${step.waitingFor}` : newest?.message}
            </p>
          )}
          {(step.error || step.state === 'failed') && step.state !== 'succeeded' && (
            <div className="mt-1.5 rounded-md bg-bad-soft px-3 py-2 text-sm">
              <p className="text-bad [overflow-wrap:anywhere]">{step.error?.message ?? 'It failed.'}</p>
              {step.error?.remedy && <p className="mt-1">{step.error.remedy}</p>}
              {step.error?.retryable && step.state !== 'failed' && (
                <p className="mt-1 text-quiet">It is tried again by itself.</p>
              )}
              {step.state === 'failed' && (
                <Button busy={busy} onClick={onRetry} className="mt-2.5">
                  <RotateCw size={14} aria-hidden /> Retry
                </Button>
              )}
            </div>
          )}
          {lines.length > 0 && (
            <button
              type="button"
              aria-expanded={open}
              onClick={() => setChosen(!open)}
              className="mt-1 inline-flex items-center gap-1 text-sm text-faint hover:text-ink"
            >
              <ChevronRight
                size={14}
                className={`transition-transform ${open ? 'rotate-90' : ''}`}
                aria-hidden
              />
              {plural(lines.length, 'log line')}
              <span className="sr-only"> of {step.title}</span>
            </button>
          )}
          {open && lines.length > 0 && (
            <ol className="mt-2 max-h-72 space-y-0.5 overflow-y-auto border-l-2 border-line pl-3 font-mono text-xs">
              {lines.map((line) => (
                <li key={line.id} className="flex gap-3">
                  <time dateTime={line.at} className="shrink-0 text-faint">
                    {line.at.slice(11, 19)}
                  </time>
                  <span className={`min-w-0 [overflow-wrap:anywhere] ${TONES[line.level]}`}>
                    {line.level !== 'info' && `${line.level}: `}
                    {line.message}
                  </span>
                </li>
              ))}
            </ol>
          )}
        </div>
        <span className="pt-0.5 text-sm text-faint">
          <Duration from={step.startedAt} to={step.finishedAt} />
        </span>
      </div>
    </li>
  );
}
