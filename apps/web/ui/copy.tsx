'use client';
/** A text to be copied whole, such as a command or a token. */
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';

export function CopyText({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2500);
  };
  return (
    <div className="flex items-stretch overflow-hidden rounded-md border border-line bg-sunken">
      <code className="min-w-0 flex-1 px-3 py-2.5 font-mono text-sm break-all">{text}</code>
      <button
        type="button"
        onClick={() => void copy()}
        aria-label={copied ? 'Copied' : label}
        className="flex shrink-0 items-center gap-1.5 border-l border-line px-3 text-sm font-medium text-quiet -outline-offset-2 hover:text-ink"
      >
        {copied ? <Check size={15} className="text-good" aria-hidden /> : <Copy size={15} aria-hidden />}
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
