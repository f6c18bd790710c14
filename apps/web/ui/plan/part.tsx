'use client';
/** One part of a plan, folded where it is long and of less interest. */
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

export function PlanPart({
  title,
  about,
  open = true,
  children,
}: {
  title: string;
  about: ReactNode;
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <details open={open} className="group rounded-lg border border-line bg-raised">
      <summary className="flex cursor-pointer list-none items-start gap-3 px-5 py-3.5">
        <ChevronRight
          size={16}
          className="mt-1 shrink-0 text-faint transition-transform group-open:rotate-90"
          aria-hidden
        />
        <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h2>
          <span className="inline-flex flex-wrap items-center gap-x-2 text-sm text-quiet">{about}</span>
        </span>
      </summary>
      <div className="border-t border-line">{children}</div>
    </details>
  );
}

/** Rows of a part. */
export function PlanRows({ children }: { children: ReactNode }) {
  return <ul className="divide-y divide-line text-sm">{children}</ul>;
}

export function PlanRow({ children }: { children: ReactNode }) {
  return <li className="flex items-start gap-3 px-5 py-2">{children}</li>;
}

/** What it is and more about it: side by side, or one below the other where there is no room. */
export function PlanWords({ what, children }: { what: ReactNode; children: ReactNode }) {
  return (
    <span className="flex min-w-0 flex-1 gap-x-3 [overflow-wrap:anywhere] max-sm:flex-col">
      <span className="font-medium sm:w-40 sm:shrink-0">{what}</span>
      <span className="min-w-0 text-quiet">{children}</span>
    </span>
  );
}
