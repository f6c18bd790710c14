'use client';
import { PolicyTrial, PolicyView, SavedPolicy } from '@skein/contract/rest/policy.ts';
import { useEffect, useState } from 'react';
import { CallFailure, call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { AreaField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Section } from '../../../../../ui/page.tsx';
import { Question } from './question.tsx';
import { policyText, readPolicy } from './text.ts';
import { Trial } from './trial.tsx';

/** Typing is left alone for so long before the policy is tried out. */
const PAUSE_MILLISECONDS = 500;

export function PolicyEditor({ networkId, initial }: { networkId: string; initial: PolicyView }) {
  const [seen, setSeen] = useState(initial);
  const [text, setText] = useState(() => policyText(initial.policy));
  const [tried, setTried] = useState<{ text: string; trial: PolicyTrial } | null>(null);
  const [failure, setFailure] = useState<CallFailure | null>(null);
  const [saved, setSaved] = useState<SavedPolicy | null>(null);
  const [saving, setSaving] = useState(false);
  const read = readPolicy(text);
  const dirty = text !== policyText(seen.policy);

  useEffect(() => {
    const now = readPolicy(text);
    if (!now.ok) return;
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const trial = await call('POST', `/networks/${networkId}/policy/try`, PolicyTrial, {
          policy: now.policy,
        });
        if (!current) return;
        setTried({ text, trial });
        setFailure(null);
      } catch (error) {
        if (current && error instanceof CallFailure) setFailure(error);
      }
    }, PAUSE_MILLISECONDS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [networkId, text]);

  async function save() {
    if (!read.ok) return;
    setSaving(true);
    setFailure(null);
    try {
      const answer = await call('PUT', `/networks/${networkId}/policy`, SavedPolicy, {
        policy: read.policy,
        seen: seen.number,
      });
      setSeen(answer);
      setText(policyText(answer.policy));
      setSaved(answer);
    } catch (error) {
      setFailure(error instanceof CallFailure ? error : new CallFailure(String(error), null));
    }
    setSaving(false);
  }

  async function readAgain() {
    try {
      const now = await call('GET', `/networks/${networkId}/policy`, PolicyView);
      setSeen(now);
      setText(policyText(now.policy));
      setFailure(null);
    } catch (error) {
      if (error instanceof CallFailure) setFailure(error);
    }
  }

  return (
    <>
      <Section
        title="Policy"
        lead="Rules are read from the top and the first that matches decides; where none does, a default. What was begun rightly is answered freely, and names always resolve."
      >
        <div className="grid gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
          <div className="min-w-0 space-y-4">
            <AreaField
              label="Rules and tests, as JSON"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setSaved(null);
              }}
              rows={24}
              spellCheck={false}
              wrap="off"
              problem={read.ok ? undefined : read.problems.slice(0, 5).join('. ')}
              help="Who: any, cluster:NAME, peer:NAME.CLUSTER, range:NAME.CLUSTER, pods:CLUSTER, label:KEY=VALUE, group:NAME."
            />
            <div className="flex flex-wrap items-center gap-2">
              <Button look="primary" busy={saving} disabled={!dirty || !read.ok} onClick={() => void save()}>
                Save the policy
              </Button>
              <Button look="quiet" disabled={!dirty} onClick={() => setText(policyText(seen.policy))}>
                Undo
              </Button>
            </div>
            <div aria-live="polite" className="space-y-3 empty:hidden">
              {failure && (
                <Notice tone="bad">
                  {failure.message}
                  {failure.problem?.code === 'conflict' && (
                    <Button className="mt-2" onClick={() => void readAgain()}>
                      Read it again, and lose my changes
                    </Button>
                  )}
                </Notice>
              )}
              {saved && (
                <Notice tone="info">
                  Saved. Every connected agent is told now; revision {saved.revision} has it.
                </Notice>
              )}
            </div>
          </div>
          <Trial trial={tried?.trial ?? null} current={tried?.text === text} dirty={dirty} />
        </div>
      </Section>
      <Question networkId={networkId} policy={read.ok ? read.policy : null} />
    </>
  );
}
