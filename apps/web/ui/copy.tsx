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

/** A document of many lines, under its title; it scrolls in its own frame. */
export function CopyBlock({ title, text }: { title: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2500);
  };
  return (
    <figure className="overflow-hidden rounded-md border border-line bg-sunken">
      <figcaption className="flex items-center justify-between gap-3 border-b border-line px-3 py-1.5 text-sm font-medium">
        {title}
        <button
          type="button"
          onClick={() => void copy()}
          aria-label={copied ? 'Copied' : `Copy ${title}`}
          className="flex shrink-0 items-center gap-1.5 text-quiet hover:text-ink"
        >
          {copied ? <Check size={15} className="text-good" aria-hidden /> : <Copy size={15} aria-hidden />}
          {copied ? 'Copied' : 'Copy'}
        </button>
      </figcaption>
      <pre className="max-h-64 overflow-auto px-3 py-2.5 font-mono text-sm whitespace-pre">{text}</pre>
    </figure>
  );
}
