'use client';
/** Labels of a peer or a cluster, shown and edited in place. */
import { Labels } from '@skein/contract/primitive.ts';
import { Tag } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { z } from 'zod';
import { call } from '../fetch/call.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';

const Answer = z.object({ labels: Labels });
const textOf = (labels: Labels) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

/** @param path of the peer or cluster below `/api/v1` */
export function LabelsField({
  path,
  of,
  labels: initial,
}: {
  path: string;
  /** Whose they are, in words. */
  of: string;
  labels: Labels;
}) {
  // What was saved here holds until the page has read something newer.
  const [changed, setChanged] = useState<{ over: string; labels: Labels } | null>(null);
  const labels = changed?.over === textOf(initial) ? changed.labels : initial;
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | undefined>();
  const [saving, setSaving] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    const parts = (text ?? '').split(/[\s,]+/).filter((part) => part !== '');
    const wished = Labels.safeParse(
      Object.fromEntries(parts.map((part) => [part.split('=', 1)[0], part.slice(part.indexOf('=') + 1)])),
    );
    if (!wished.success || parts.some((part) => !part.includes('='))) {
      setProblem('must be labels such as tier=web, with commas between them');
      return;
    }
    setSaving(true);
    try {
      const answer = await call('PATCH', path, Answer, { labels: wished.data });
      setChanged({ over: textOf(initial), labels: answer.labels });
      setText(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setSaving(false);
  }

  return (
    <>
      <button
        type="button"
        aria-label={`Labels of ${of}: ${textOf(labels) || 'none'}. Change them`}
        className="inline-flex min-h-6 items-center gap-1.5 rounded-md text-left text-quiet hover:text-ink hover:underline"
        onClick={() => {
          setProblem(undefined);
          setText(textOf(labels));
        }}
      >
        <Tag size={14} aria-hidden className="shrink-0" />
        <span className="[overflow-wrap:anywhere]">{textOf(labels) || 'none'}</span>
      </button>
      <Dialog
        open={text !== null}
        onOpenChange={(open) => !open && setText(null)}
        title={`Labels of ${of}`}
        lead="Rules of the policy may speak of them; they take hold at once."
      >
        <form onSubmit={(event) => void save(event)} className="space-y-4">
          <TextField
            label="Labels"
            value={text ?? ''}
            onChange={(event) => setText(event.target.value)}
            problem={problem}
            help="Such as tier=web, team=shop"
          />
          <Button type="submit" look="primary" busy={saving}>
            Save the labels
          </Button>
        </form>
      </Dialog>
    </>
  );
}
